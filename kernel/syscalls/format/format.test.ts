import { beforeEach, describe, expect, it } from 'vitest';
import { AT, F, O } from '../../abi/fcntl.ts';
import { IOCTL } from '../../abi/ioctl.ts';
import { MAP, PROT } from '../../abi/mman.ts';
import { CLONE, FUTEX, PR, RLIM_INFINITY, RLIMIT_STRUCT } from '../../abi/process.ts';
import { STACK_T } from '../../abi/sigframe.ts';
import { BUS, CLD, SA, SEGV, SI, SIG } from '../../abi/signal.ts';
import { ALL_SIGNALS, setOf, without } from '../../abi/sigset.ts';
import { stat } from '../../abi/stat.ts';
import { ITIMERVAL } from '../../abi/time.ts';
import { doMmap } from '../../mm/mmap.ts';
import { fileOf, type TestMachine, testMachine } from '../../mm/testing.ts';
import { copyToUser, putUser32, putUser64, putUserSigset, writeStruct } from '../../mm/user.ts';
import * as arg from '../args.ts';
import type { ArgumentType } from '../row.ts';
import { peek, peekString } from './guest.ts';
import { hex, quote } from './text.ts';

const BASE = 0x10000000;
let machine: TestMachine;

beforeEach(() => {
  machine = testMachine();
  const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED;
  expect(doMmap(machine.mm, BASE, 0x4000, PROT.READ | PROT.WRITE, flags, null, 0)).toBe(BASE);
});

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const store = (at: number, text: string) => copyToUser(machine.mm, at, bytes(text));

/** The text of argument `index`, at entry, or at exit when there is a result. */
const show = (type: ArgumentType, args: readonly number[], index = 0, result?: number) =>
  type.format(args[index]!, { kernel: machine.kernel, task: machine.task, args, index, result });

describe('guest memory that is looked at', () => {
  it('reads pages that no one has touched, and leaves them so', () => {
    const { mm } = machine;
    const before = machine.kernel.physical.allocated;
    expect(peek(mm, BASE + 0xff0, 0x20)).toEqual(new Uint8Array(0x20));
    expect(mm.pageTable.get(BASE)).toBe(0);
    expect(machine.kernel.physical.allocated).toBe(before);
  });

  it('reads a file page that is not cached', () => {
    const { mm } = machine;
    const file = fileOf(bytes(`${'x'.repeat(4096)}a path\0`));
    expect(doMmap(mm, BASE + 0x10000, 0x2000, PROT.READ, MAP.PRIVATE | MAP.FIXED, file, 0)).toBe(BASE + 0x10000);
    expect(show(arg.path, [BASE + 0x11000])).toBe('"a path"');
    expect(mm.pageTable.get(BASE + 0x11000)).toBe(0);
    expect(peek(mm, BASE + 0x12000, 1)).toBeNull();
  });

  it('is null where nothing is mapped, and shown as the address', () => {
    expect(peek(machine.mm, BASE + 0x3fff, 2)).toBeNull();
    expect(peek(machine.mm, 0, 1)).toBeNull();
    expect(peek(machine.mm, 2 ** 63, 1)).toBeNull();
    expect(peekString(machine.mm, 8, 10)).toBeNull();
    expect(show(arg.path, [0x8])).toBe('0x8');
    expect(show(arg.path, [0])).toBe('NULL');
    expect(show(arg.path, [2 ** 64])).toBe('0xffffffffffffffff');
    expect(show(arg.sigset, [8, 8])).toBe('0x8');
    expect(show(arg.timespec, [8])).toBe('0x8');
    expect(show(arg.iovec, [8, 3])).toBe('0x8');
    expect(show(arg.argv, [8])).toBe('0x8');
    expect(show(arg.pollfds, [8, 2])).toBe('0x8');
  });
});

describe('strings', () => {
  it('have the shortest escapes', () => {
    expect(quote(bytes('hello\n\0world\x7f2\x1b\x1b9\x017\x0c\t\r\v"\\\xff'))).toBe(
      '"hello\\n\\0world\\1772\\33\\339\\0017\\f\\t\\r\\v\\"\\\\\\377"',
    );
  });

  it('are cut at 32 bytes, paths are not', () => {
    store(BASE, `${'p'.repeat(40)}\0`);
    expect(show(arg.buffer, [BASE, 40])).toBe(`"${'p'.repeat(32)}"...`);
    expect(show(arg.buffer, [BASE, 32])).toBe(`"${'p'.repeat(32)}"`);
    expect(show(arg.buffer, [BASE, 0])).toBe('""');
    expect(show(arg.path, [BASE])).toBe(`"${'p'.repeat(40)}"`);
    expect(show(arg.string, [BASE])).toBe(`"${'p'.repeat(32)}"...`);
  });

  it('that a call fills are as long as its result', () => {
    store(BASE, 'abcdef');
    expect(show(arg.outBuffer, [BASE, 100], 0, 3)).toBe('"abc"');
    expect(show(arg.outBuffer, [BASE, 100], 0, 0)).toBe('""');
    expect(show(arg.outBuffer, [BASE, 100], 0, -11)).toBe('0x10000000');
    expect(show(arg.outRandom, [BASE, 100], 0, 3)).toBe('"\\x61\\x62\\x63"');
  });

  it('of vectors', () => {
    store(BASE + 0x100, 'abcdefg');
    for (const [i, [base, length]] of [
      [BASE + 0x100, 3],
      [BASE + 0x103, 10],
      [8, 5],
    ].entries()) {
      putUser64(machine.mm, BASE + i * 16, BigInt(base!));
      putUser64(machine.mm, BASE + i * 16 + 8, BigInt(length!));
    }
    expect(show(arg.iovec, [BASE, 3])).toBe(
      '[{iov_base="abc", iov_len=3}, {iov_base="defg\\0\\0\\0\\0\\0\\0", iov_len=10}, {iov_base=0x8, iov_len=5}]',
    );
    expect(show(arg.outIovec, [BASE, 2], 0, 5)).toBe('[{iov_base="abc", iov_len=3}, {iov_base="de", iov_len=10}]');
    expect(show(arg.outIovec, [BASE, 1], 0, -5)).toBe('[{iov_base=0x10000100, iov_len=3}]');
    expect(show(arg.iovec, [BASE, 0])).toBe('[]');
  });

  it('of argument vectors', () => {
    store(BASE + 0x100, 'one\0two\0');
    [BASE + 0x100, BASE + 0x104, 8].forEach((p, i) => {
      putUser64(machine.mm, BASE + i * 8, BigInt(p));
    });
    expect(show(arg.argv, [BASE])).toBe('["one", "two", 0x8]');
    expect(show(arg.envp, [BASE])).toBe('0x10000000 /* 3 vars */');
    expect(show(arg.envp, [BASE + 16])).toBe('0x10000010 /* 1 var */');
    expect(show(arg.argv, [BASE + 24])).toBe('[]');
  });
});

describe('names', () => {
  it.each([
    [arg.openFlags, O.RDWR | O.CREAT | O.TRUNC, 'O_RDWR|O_CREAT|O_TRUNC'],
    [arg.openFlags, O.DIRECTORY | O.CLOEXEC, 'O_RDONLY|O_CLOEXEC|O_DIRECTORY'],
    [arg.openFlags, O.TMPFILE | O.DIRECTORY | O.WRONLY, 'O_WRONLY|O_TMPFILE'],
    [arg.openFlags, O.SYNC | 3, 'O_ACCMODE|O_SYNC'],
    [arg.openFlags, 4, 'O_RDONLY|0x4'],
    [arg.descriptorFlags, 0, '0'],
    [arg.descriptorFlags, O.NONBLOCK | O.CLOEXEC, 'O_NONBLOCK|O_CLOEXEC'],
    [arg.mode, 0o755, '0755'],
    [arg.mode, 0, '000'],
    [arg.fileMode, 0o10600, 'S_IFIFO|0600'],
    [arg.fileMode, 0o104755, 'S_IFREG|S_ISUID|0755'],
    [arg.accessMode, 0, 'F_OK'],
    [arg.accessMode, 6, 'R_OK|W_OK'],
    [arg.accessMode, 8, '0x8 /* ?_OK */'],
    [arg.dirfd, AT.FDCWD, 'AT_FDCWD'],
    [arg.dirfd, 3, '3'],
    [arg.whence, 2, 'SEEK_END'],
    [arg.whence, 9, '0x9 /* SEEK_??? */'],
    [arg.signal, SIG.SIGUSR1, 'SIGUSR1'],
    [arg.signal, 37, 'SIGRT_5'],
    [arg.signal, 0, '0'],
    [arg.signal, 99, '99'],
    [arg.clockId, 1, 'CLOCK_MONOTONIC'],
    [arg.clockId, 77, '0x4d /* CLOCK_??? */'],
    [arg.clockId, -6, '0xfffffffa /* CLOCK_??? */'],
    [arg.prot, 0, 'PROT_NONE'],
    [arg.prot, 5, 'PROT_READ|PROT_EXEC'],
    [arg.mapFlags, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED, 'MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS'],
    [arg.mapFlags, MAP.SHARED_VALIDATE | (21 << 26), 'MAP_SHARED_VALIDATE|21<<MAP_HUGE_SHIFT'],
    [arg.mapFlags, 0xf, '0xf /* MAP_??? */'],
    [arg.mapFlags, 0, 'MAP_FILE'],
    [arg.waitOptions, 1 | 2 | 8, 'WNOHANG|WSTOPPED|WCONTINUED'],
    [arg.waitOptions, 0x40000000 | 0, '__WALL'],
    [arg.waitOptions, 0x80000000 | 0, '__WCLONE'],
    [arg.cloneFlags, CLONE.CHILD_CLEARTID + CLONE.CHILD_SETTID + 17, 'CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD'],
    [arg.cloneFlags, CLONE.IO + CLONE.VM, 'CLONE_VM|CLONE_IO'],
    [arg.cloneFlags, 0, '0'],
    [arg.futexOp, FUTEX.WAKE | FUTEX.PRIVATE_FLAG, 'FUTEX_WAKE_PRIVATE'],
    [arg.futexOp, FUTEX.WAIT_BITSET | FUTEX.CLOCK_REALTIME, 'FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME'],
    [arg.ioctlRequest, IOCTL.TIOCGWINSZ, 'TIOCGWINSZ'],
    [arg.ioctlRequest, 0x12345678, '_IOC(_IOC_NONE, 0x56, 0x78, 0x1234)'],
    [arg.statxFlags, 0, 'AT_STATX_SYNC_AS_STAT'],
    [arg.statxFlags, 0x2100, 'AT_STATX_FORCE_SYNC|AT_SYMLINK_NOFOLLOW'],
    [arg.statxMask, 0x7ff, 'STATX_BASIC_STATS'],
    [arg.statxMask, 3, 'STATX_TYPE|STATX_MODE'],
    [arg.statxMask, 0x17ff, 'STATX_BASIC_STATS|STATX_MNT_ID'],
    [arg.sigprocmaskHow, 2, 'SIG_SETMASK'],
    [arg.rlimitResource, 3, 'RLIMIT_STACK'],
    [arg.prctlOp, PR.SET_NAME, 'PR_SET_NAME'],
    [arg.archPrctlOp, 0x1002, 'ARCH_SET_FS'],
    [arg.mapOffset, 0, '0'],
    [arg.mapOffset, 4096, '0x1000'],
    [arg.flags, 0x20, '0x20'],
    [arg.fd, -1, '-1'],
    [arg.pointer, 0x7fff12345678, '0x7fff12345678'],
  ] as const)('of a value (%#)', (type, value, text) => {
    expect(show(type, [value])).toBe(text);
  });

  it('of arguments that others decide upon', () => {
    expect(show(arg.openMode, [O.CREAT, 0o640], 1)).toBe('0640');
    expect(show(arg.openMode, [O.RDONLY, 0o640], 1)).toBeNull();
    expect(show(arg.device, [0o20666, 0x103], 1)).toBe('makedev(0x1, 0x3)');
    expect(show(arg.device, [0o10666, 0x103], 1)).toBeNull();
    expect(show(arg.fcntlArg, [3, F.GETFL, 7], 2)).toBeNull();
    expect(show(arg.fcntlArg, [3, F.SETFD, 1], 2)).toBe('FD_CLOEXEC');
    expect(show(arg.fcntlArg, [3, F.SETFL, O.APPEND | O.NONBLOCK], 2)).toBe('O_RDONLY|O_APPEND|O_NONBLOCK');
    expect(show(arg.fcntlArg, [3, F.SETOWN, 2 ** 64 - 4096], 2)).toBe('-4096');
    expect(show(arg.fcntlArg, [3, 999, 7], 2)).toBe('0x7');
    expect(arg.fcntlResult(F.GETFL, 0x8002)).toBe('0x8002 (flags O_RDWR|O_LARGEFILE)');
    expect(show(arg.futexArg, [BASE, FUTEX.WAKE, 1, 99, 0, 0], 3)).toBeNull();
    expect(show(arg.futexArg, [BASE, FUTEX.WAKE_BITSET, 1, 99, 0, -1], 3)).toBe('');
    expect(show(arg.futexInt, [BASE, FUTEX.WAKE_BITSET, 1, 99, 0, -1], 5)).toBe('FUTEX_BITSET_MATCH_ANY');
    expect(show(arg.mremapAddress, [0, 0, 0, 1, 8], 4)).toBeNull();
    expect(show(arg.mremapAddress, [0, 0, 0, 3, 8], 4)).toBe('0x8');
    expect(show(arg.prctlArg, [PR.GET_DUMPABLE, 5], 1)).toBeNull();
    expect(show(arg.prctlArg, [PR.SET_PDEATHSIG, 1], 1)).toBe('SIGHUP');
    expect(show(arg.prctlArg, [9999, 5], 1)).toBe('0x5');
    expect(show(arg.ioctlArg, [1, IOCTL.FIOCLEX, 5], 2)).toBeNull();
    expect(show(arg.ioctlArg, [1, IOCTL.TCFLSH, 2], 2)).toBe('TCIOFLUSH');
  });
});

describe('signals', () => {
  it('in sets', () => {
    putUserSigset(machine.mm, BASE, setOf(SIG.SIGUSR1, 33));
    expect(show(arg.sigset, [BASE, 8])).toBe('[USR1 RT_1]');
    expect(show(arg.sigset, [BASE, 4])).toBe('0x10000000');
    expect(show(arg.outSigset, [BASE, 8], 0, 0)).toBe('[USR1 RT_1]');
    expect(show(arg.outSigset, [BASE, 8], 0, -14)).toBe('0x10000000');
    putUserSigset(machine.mm, BASE, without(ALL_SIGNALS, setOf(SIG.SIGKILL)));
    expect(show(arg.sigset, [BASE, 8])).toBe('~[KILL]');
    putUser64(machine.mm, BASE, 0x1ffffffffn);
    expect(show(arg.sigset, [BASE, 8])).toMatch(/^\[HUP INT .* RTMIN RT_1\]$/);
  });

  it('with actions', () => {
    const write = (handler: bigint, flags: bigint, restorer: bigint, mask: bigint) =>
      [handler, flags, restorer, mask].forEach((word, i) => {
        putUser64(machine.mm, BASE + i * 8, word);
      });
    write(0x401136n, BigInt(SA.RESTORER | SA.SIGINFO), 0x401200n, 0n);
    expect(show(arg.sigaction, [BASE, 8])).toBe(
      '{sa_handler=0x401136, sa_mask=[], sa_flags=SA_RESTORER|SA_SIGINFO, sa_restorer=0x401200}',
    );
    write(1n, 0xffffffff80000001n, 0n, 2n);
    expect(show(arg.sigaction, [BASE, 8])).toBe(
      '{sa_handler=SIG_IGN, sa_mask=[INT], sa_flags=SA_RESETHAND|SA_NOCLDSTOP|0xffffffff00000000}',
    );
    write(0n, 0n, 0n, 0n);
    expect(show(arg.outSigaction, [BASE, 8], 0, 0)).toBe('{sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}');
  });

  it('with their information', () => {
    const errno = 0;
    expect(arg.siginfoText({ kind: 'kill', signo: 10, errno, code: SI.USER, pid: 5, uid: 6 })).toBe(
      '{si_signo=SIGUSR1, si_code=SI_USER, si_pid=5, si_uid=6}',
    );
    expect(arg.siginfoText({ kind: 'kill', signo: 14, errno, code: SI.KERNEL, pid: 0, uid: 0 })).toBe(
      '{si_signo=SIGALRM, si_code=SI_KERNEL}',
    );
    expect(arg.siginfoText({ kind: 'queue', signo: 37, errno, code: SI.QUEUE, pid: 5, uid: 6, value: 77n })).toBe(
      '{si_signo=SIGRT_5, si_code=SI_QUEUE, si_pid=5, si_uid=6, si_int=77, si_ptr=0x4d}',
    );
    expect(arg.siginfoText({ kind: 'fault', signo: 11, errno, code: SEGV.MAPERR, address: 8n })).toBe(
      '{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x8}',
    );
    expect(arg.siginfoText({ kind: 'fault', signo: 7, errno, code: BUS.ADRALN, address: 0n })).toBe(
      '{si_signo=SIGBUS, si_code=BUS_ADRALN, si_addr=NULL}',
    );
    const child = { kind: 'child', signo: 17, errno, pid: 5, uid: 0, utime: 1, stime: 2 } as const;
    expect(arg.siginfoText({ ...child, code: CLD.EXITED, status: 7 })).toBe(
      '{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=5, si_uid=0, si_status=7, si_utime=1, si_stime=2}',
    );
    expect(arg.siginfoText({ ...child, code: CLD.KILLED, status: 15 })).toContain('si_status=SIGTERM');
    expect(arg.siginfoText({ kind: 'timer', signo: 14, errno, code: SI.TIMER, timer: 1, overrun: 2, value: 0n })).toBe(
      '{si_signo=SIGALRM, si_code=SI_TIMER, si_timerid=0x1, si_overrun=2}',
    );
    expect(arg.siginfoText({ kind: 'kill', signo: 10, errno: 2, code: SI.USER, pid: 5, uid: 6 })).toContain(
      'si_errno=ENOENT',
    );
  });

  it('with stacks', () => {
    writeStruct(machine.mm, STACK_T, BASE, { ss_sp: 0x1000, ss_flags: 0x80000002, ss_size: 77 });
    expect(show(arg.stackT, [BASE])).toBe('{ss_sp=0x1000, ss_flags=SS_DISABLE|SS_AUTODISARM, ss_size=77}');
    writeStruct(machine.mm, STACK_T, BASE, {});
    expect(show(arg.outStackT, [BASE], 0, 0)).toBe('{ss_sp=NULL, ss_flags=0, ss_size=0}');
  });

  it('in wait statuses', () => {
    expect(arg.waitStatusText(0x700)).toBe('{WIFEXITED(s) && WEXITSTATUS(s) == 7}');
    expect(arg.waitStatusText(15)).toBe('{WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM}');
    expect(arg.waitStatusText(0x8b)).toBe('{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}');
    expect(arg.waitStatusText(0x137f)).toBe('{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}');
    expect(arg.waitStatusText(0xffff)).toBe('{WIFCONTINUED(s)}');
    putUser32(machine.mm, BASE, 0x700);
    expect(show(arg.waitStatus, [BASE], 0, 5)).toBe('[{WIFEXITED(s) && WEXITSTATUS(s) == 7}]');
    expect(show(arg.waitStatus, [BASE], 0, 0)).toBe('0x10000000');
  });
});

describe('structs', () => {
  it('of time', () => {
    putUser64(machine.mm, BASE, 1n);
    putUser64(machine.mm, BASE + 8, 5n);
    expect(show(arg.timespec, [BASE])).toBe('{tv_sec=1, tv_nsec=5}');
    expect(show(arg.timeval, [BASE])).toBe('{tv_sec=1, tv_usec=5}');
    expect(show(arg.remain, [BASE], 0, 0)).toBe('0x10000000');
    expect(show(arg.remain, [BASE], 0, -516)).toBe('{tv_sec=1, tv_nsec=5}');
    putUser64(machine.mm, BASE + 24, 0x3fffffffn);
    expect(show(arg.utimensTimes, [BASE])).toBe(
      '[{tv_sec=1, tv_nsec=5} /* 1970-01-01T00:00:01.000000005+0000 */, UTIME_NOW]',
    );
    writeStruct(machine.mm, ITIMERVAL, BASE, {
      it_interval: { tv_sec: 0n, tv_usec: 0n },
      it_value: { tv_sec: 10n, tv_usec: 5n },
    });
    expect(show(arg.itimerval, [BASE])).toBe('{it_interval={tv_sec=0, tv_usec=0}, it_value={tv_sec=10, tv_usec=5}}');
  });

  it('of files', () => {
    writeStruct(machine.mm, stat, BASE, { st_mode: 0o100640, st_size: 110 });
    expect(show(arg.outStat, [BASE], 0, 0)).toBe('{st_mode=S_IFREG|0640, st_size=110, ...}');
    writeStruct(machine.mm, stat, BASE, { st_mode: 0o20666, st_rdev: 0x103n });
    expect(show(arg.outStat, [BASE], 0, 0)).toBe('{st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}');
    expect(show(arg.outStat, [BASE], 0, -2)).toBe('0x10000000');
    putUser32(machine.mm, BASE, 4);
    putUser32(machine.mm, BASE + 4, 5);
    expect(show(arg.pipefds, [BASE], 0, 0)).toBe('[4, 5]');
  });

  it('of identity and scheduling', () => {
    putUser32(machine.mm, BASE, 5);
    putUser32(machine.mm, BASE + 4, 6);
    expect(show(arg.groupList, [2, BASE], 1)).toBe('[5, 6]');
    expect(show(arg.outGroupList, [2, BASE], 1, 1)).toBe('[5]');
    expect(show(arg.outGroupList, [0, BASE], 1, 2)).toBe('[]');
    expect(show(arg.schedulingParameter, [0, 1, BASE], 2)).toBe('[5]');
    expect(show(arg.schedulingPolicy, [2])).toBe('SCHED_RR');
    expect(show(arg.outUnsigned, [BASE], 0, 0)).toBe('[5]');
    putUser64(machine.mm, BASE, 0b101n);
    expect(show(arg.outCpuset, [0, 8, BASE], 2, 8)).toBe('[0 2]');
    putUser64(machine.mm, BASE, 1704067200n);
    expect(show(arg.outTime, [BASE], 0, 0)).toBe('[1704067200 /* 2024-01-01T00:00:00+0000 */]');
  });

  it('of limits', () => {
    writeStruct(machine.mm, RLIMIT_STRUCT, BASE, { rlim_cur: 8192n * 1024n, rlim_max: RLIM_INFINITY });
    expect(show(arg.outRlimit, [0, 3, 0, BASE], 3, 0)).toBe('{rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}');
    expect(show(arg.rlimit, [3, BASE], 1)).toBe('{rlim_cur=8192*1024, rlim_max=RLIM_INFINITY}');
    writeStruct(machine.mm, RLIMIT_STRUCT, BASE, { rlim_cur: 1024n, rlim_max: 1000000n });
    expect(show(arg.rlimit, [3, BASE], 1)).toBe('{rlim_cur=1024, rlim_max=1000000}');
  });

  it('of poll and select', () => {
    const view = new DataView(new ArrayBuffer(16));
    view.setInt32(0, 4, true);
    view.setInt16(4, 3, true);
    view.setInt16(6, 1, true);
    view.setInt32(8, -1, true);
    copyToUser(machine.mm, BASE, new Uint8Array(view.buffer));
    expect(show(arg.pollfds, [BASE, 2])).toBe('[{fd=4, events=POLLIN|POLLPRI}, {fd=-1}]');
    expect(arg.pollFound(machine.task, BASE, 2)).toBe('[{fd=4, revents=POLLIN}]');
    putUser64(machine.mm, BASE, 0b1010000n);
    expect(show(arg.fdset, [20, BASE], 1)).toBe('[4 6]');
    expect(show(arg.fdset, [6, BASE], 1)).toBe('[4]');
    expect(show(arg.fdset, [20, 0], 1)).toBe('NULL');
  });

  it('of directory entries', () => {
    const view = new DataView(new ArrayBuffer(48));
    view.setUint16(16, 24, true);
    view.setUint16(24 + 16, 24, true);
    copyToUser(machine.mm, BASE, new Uint8Array(view.buffer));
    expect(show(arg.dirents, [3, BASE, 100], 1, 48)).toBe('0x10000000 /* 2 entries */');
    expect(show(arg.dirents, [3, BASE, 100], 1, 0)).toBe('0x10000000 /* 0 entries */');
  });
});

it('writes zero without a prefix', () => {
  expect(hex(0)).toBe('0');
  expect(hex(255)).toBe('0xff');
});
