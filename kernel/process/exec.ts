/**
 * execve(2) (fs/exec.c): opening the program, following `#!` lines, giving up the old program, starting the new one.
 */

import { OutOfFrames } from '../../emulator/api.ts';
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { AT } from '../abi/fcntl.ts';
import { RLIMIT } from '../abi/resource.ts';
import { SIG } from '../abi/signal.ts';
import { closeOnExec, dupFiles } from '../fs/descriptors.ts';
import { fput } from '../fs/inode.ts';
import { basename, fromBytes, toBytes } from '../fs/names.ts';
import { openExecutable } from '../fs/open.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { isOpenForWriting } from '../mm/exe.ts';
import { rlimit } from '../mm/limits.ts';
import { inheritFlags, type Mm, mmPut, newMm } from '../mm/mm.ts';
import { mmapBaseFor } from '../mm/unmapped.ts';
import { UserFault } from '../mm/user.ts';
import { copySigHand, flushCaughtHandlers } from '../signal/action.ts';
import { forceFatalSig } from '../signal/force.ts';
import { capable } from '../task/capability.ts';
import { deletePosixTimers } from '../task/posix-timers.ts';
import { NO_TLS, type Task } from '../task/task.ts';
import { BLOCKED, block } from '../task/wait.ts';
import {
  BINPRM_BUF_SIZE,
  type Binprm,
  collectStrings,
  pushArgument,
  removeArgumentZero,
  type Strings,
} from './binprm.ts';
import { execCredentials, isDumpableExec } from './cred.ts';
import { deThread, endOtherThreads } from './dethread.ts';
import { type ElfProgram, isElf, readAt, readElf } from './elf.ts';
import { ptraceExec } from './ptrace.ts';
import { mmRelease } from './release.ts';
import { parseScript } from './script.ts';
import { loadElfSegments } from './segments.ts';
import { createElfTables, setupArgPages } from './stack.ts';
import { mapVdso } from './vdso.ts';

/** Interpreters of interpreters that are followed. */
const MAX_DEPTH = 5;

/** Longest name of a task (TASK_COMM_LEN, less its NUL). */
const COMM_LENGTH = 15;

/** Execute nothing, only say whether it could be (AT_EXECVE_CHECK). */
export const AT_EXECVE_CHECK = 0x10000;

export interface ExecRequest {
  readonly dirfd: number;
  /** Byte string. */
  readonly path: string;
  /** AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_EXECVE_CHECK. */
  readonly flags: number;
  readonly argv: Strings;
  readonly envp: Strings;
}

interface ExecResult {
  readonly error: number;
  /** The old program is gone already: the error can only kill this task. */
  readonly victim: Task | null;
}

/**
 * execve(2) and execveat(2) for the current task: 0 with the registers of the new program in the CPU, or -errno. After the
 * point of no return an error is death by SIGSEGV. Throws `UserFault` for bad argument vectors.
 */
export const doExecve = (kernel: Kernel, task: Task, request: ExecRequest): number => {
  const { error, victim } = execute(kernel, task, request);
  if (victim !== null) forceFatalSig(kernel, victim, SIG.SIGSEGV);
  return error;
};

/**
 * Puts a program into a task that has none: `task` is the current one. Path, arguments and environment are byte strings.
 * 0, or -errno as execve would say.
 */
export const startProgram = (
  kernel: Kernel,
  task: Task,
  path: string,
  argv: readonly string[],
  envp: readonly string[],
): number =>
  execute(kernel, task, {
    dirfd: AT.FDCWD,
    path,
    flags: 0,
    argv: { kind: 'kernel', strings: argv.map(toBytes) },
    envp: { kind: 'kernel', strings: envp.map(toBytes) },
  }).error;

const execute = (kernel: Kernel, task: Task, request: ExecRequest): ExecResult => {
  if (kernel.current !== task) throw new Error('execve by a task that is not running');
  const file = openProgram(kernel, task, request.dirfd, request.path, request.flags);
  if (typeof file === 'number') return { error: file, victim: null };
  const bprm = newBinprm(task, file, request);
  const oldPid = task.pid;
  let error: number;
  try {
    error = collectStrings(task, bprm, request.argv, request.envp);
    if (error === 0 && !(request.flags & AT_EXECVE_CHECK)) error = loadProgram(kernel, task, bprm);
  } catch (thrown) {
    if (thrown instanceof OutOfFrames) error = -ERRNO.ENOMEM;
    else if (thrown instanceof UserFault && bprm.pointOfNoReturn) error = -ERRNO.EFAULT;
    else throw thrown;
  } finally {
    fput(kernel, bprm.file);
  }
  if (error === 0 && !(request.flags & AT_EXECVE_CHECK)) ptraceExec(kernel, kernel.current, oldPid);
  return { error, victim: error < 0 && bprm.pointOfNoReturn ? kernel.current : null };
};

/** do_open_execat: an open file with one reference, or -errno. */
const openProgram = (kernel: Kernel, task: Task, dirfd: number, path: string, flags: number): OpenFile | number => {
  const file = openExecutable(kernel, task, dirfd, path, {
    follow: !(flags & AT.SYMLINK_NOFOLLOW),
    empty: (flags & AT.EMPTY_PATH) !== 0,
  });
  if (typeof file === 'number') return file;
  if (!isOpenForWriting(kernel, file.inode)) return file;
  fput(kernel, file);
  return -ERRNO.ETXTBSY;
};

const newBinprm = (task: Task, file: OpenFile, { dirfd, path }: ExecRequest): Binprm => {
  const byDescriptor = dirfd !== AT.FDCWD && !path.startsWith('/');
  const filename = byDescriptor ? `/dev/fd/${dirfd}${path === '' ? '' : `/${path}`}` : path;
  return {
    file,
    filename,
    interp: filename,
    pathInaccessible: byDescriptor && task.files.entries[dirfd]?.closeOnExec === true,
    buf: new Uint8Array(BINPRM_BUF_SIZE),
    argv: [],
    envp: [],
    p: 0,
    argMin: 0,
    pointOfNoReturn: false,
  };
};

/** exec_binprm: scripts lead to their interpreters until there is a program to load. */
const loadProgram = (kernel: Kernel, task: Task, bprm: Binprm): number => {
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    bprm.buf.fill(0);
    const read = readAt(kernel, task, bprm.file, 0, bprm.buf);
    if (read < 0) return read;
    if (isElf(bprm.buf)) return loadElf(kernel, task, bprm);
    const error = followScript(kernel, task, bprm);
    if (error < 0) return error;
  }
  return -ERRNO.ELOOP;
};

/** load_script: the interpreter takes the script's place, and the script becomes its argument. */
const followScript = (kernel: Kernel, task: Task, bprm: Binprm): number => {
  const line = parseScript(bprm.buf);
  if (line === null) return -ERRNO.ENOEXEC;
  if (bprm.pathInaccessible) return -ERRNO.ENOENT;
  removeArgumentZero(bprm);
  for (const argument of [toBytes(bprm.interp), line.argument, line.interpreter]) {
    const error = argument === null ? 0 : pushArgument(bprm, argument);
    if (error < 0) return error;
  }
  bprm.interp = fromBytes(line.interpreter);
  const file = openProgram(kernel, task, AT.FDCWD, bprm.interp, 0);
  if (typeof file === 'number') return file;
  fput(kernel, bprm.file);
  bprm.file = file;
  return 0;
};

/** load_elf_binary. */
const loadElf = (kernel: Kernel, caller: Task, bprm: Binprm): number => {
  const openExec = (path: string) => openProgram(kernel, caller, AT.FDCWD, path, 0);
  const program = readElf(kernel, caller, bprm.file, bprm.buf, openExec);
  if (typeof program === 'number') return program;
  try {
    return startElf(kernel, caller, bprm, program);
  } finally {
    if (program.interpreter !== null) fput(kernel, program.interpreter.file);
  }
};

/** Tracers have still to let other threads go; then the call is made again. Only SIGKILL ends this. */
const waitForThreads = (kernel: Kernel, caller: Task): number => {
  const queues = [caller.group.endWait];
  const result = block(kernel, caller, { what: 'de_thread', queues, uninterruptible: true, data: {} });
  return result === BLOCKED ? result : -ERRNO.EAGAIN;
};

/** The second half of load_elf_binary: the new program takes the old one's place. */
const startElf = (kernel: Kernel, caller: Task, bprm: Binprm, program: ElfProgram): number => {
  if (kernel.fatalSignalPending(caller)) return -ERRNO.EAGAIN;
  if (!endOtherThreads(kernel, caller)) return waitForThreads(kernel, caller);
  const mm = newMm(kernel);
  bprm.pointOfNoReturn = true;
  const task = deThread(kernel, caller);
  const secure = beginNewExec(kernel, task, bprm, mm);
  const arranged = setupArgPages(mm, bprm, program.executableStack);
  if (arranged < 0) return arranged;
  const loaded = loadElfSegments(mm, program);
  if (typeof loaded === 'number') return loaded;
  const vdso = mapVdso(mm);
  if (vdso < 0) return vdso;
  const stack = createElfTables(task, mm, bprm, loaded, secure);

  const { state } = kernel.cpu;
  state.reset();
  state.rip = loaded.start;
  state.rsp = stack;
  return 0;
};

/**
 * begin_new_exec: from here on there is no way back. The task gets the new address space and loses what a new program does
 * not inherit. Returns whether the program has more rights than its user (AT_SECURE).
 */
const beginNewExec = (kernel: Kernel, task: Task, bprm: Binprm, mm: Mm): boolean => {
  const { cred, secure } = execCredentials(task, bprm.file.inode, isUnsafeExec(kernel, task));

  mm.exeFile = bprm.file;
  bprm.file.refs++;
  mm.mmapBase = mmapBaseFor(rlimit(mm, RLIMIT.STACK));
  mmRelease(kernel, task);
  const old = task.mm;
  inheritFlags(mm, old);
  task.mm = mm;
  kernel.cpu.switchAddressSpace(mm.pageTable.root);
  mmPut(old);

  if (isSharedBy(kernel, task, (other) => other.files === task.files)) task.files = dupFiles(task.files);
  closeOnExec(kernel, task.files);
  if (isSharedBy(kernel, task, (other) => other.sighand === task.sighand)) task.sighand = copySigHand(task.sighand);
  deletePosixTimers(kernel, task.group);
  task.group.restoresTimerIds = false;
  flushCaughtHandlers(task.sighand);
  task.altstack.sp = 0;
  task.altstack.size = 0;
  task.exitSignal = SIG.SIGCHLD;
  task.comm = basename(bprm.filename).slice(0, COMM_LENGTH);
  task.executable = bprm.file.path;
  task.restart = { kind: 'none' };
  task.debug = null;
  kernel.cpu.setWatchpoints([]);
  task.rseq = null;
  task.rseqEvent = false;
  task.userDispatch = null;
  task.tls = NO_TLS;
  task.group.execd = true;
  const dumpable = isDumpableExec(task.cred, cred);
  if (secure || !dumpable) task.parentDeathSignal = 0;
  task.dumpable = dumpable ? 1 : 0;
  task.cred = cred;
  return secure;
};

/** Others could misuse a program with more rights (check_unsafe_exec, ptracer_capable). */
const isUnsafeExec = (kernel: Kernel, task: Task): boolean => {
  const { trace, group } = task;
  if (trace !== null && !capable(trace.tracer.cred, CAP.SYS_PTRACE)) return true;
  return isSharedBy(kernel, task, (other) => other.fs === task.fs && other.group !== group);
};

const isSharedBy = (kernel: Kernel, task: Task, test: (other: Task) => boolean): boolean => {
  for (const other of kernel.tasks.values()) if (other !== task && !other.exiting && test(other)) return true;
  return false;
};
