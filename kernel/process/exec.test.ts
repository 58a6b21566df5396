import { describe, expect, it } from 'vitest';
import { RFLAGS } from '../../emulator/api.ts';
import { PT } from '../abi/elf.ts';
import { ERRNO } from '../abi/errno.ts';
import { AT, O } from '../abi/fcntl.ts';
import { RLIMIT } from '../abi/resource.ts';
import { SIG, SIG_DFL, SIG_IGN } from '../abi/signal.ts';
import { inSet, NO_SIGNALS, setOf } from '../abi/sigset.ts';
import { openPath } from '../fs/open.ts';
import type { OpenFile } from '../fs/types.ts';
import { isExecuting } from '../mm/exe.ts';
import { mmGet } from '../mm/mm.ts';
import type { TestMachine } from '../mm/testing.ts';
import { getUserLong, readCString } from '../mm/user.ts';
import { makeRunnable } from '../task/scheduler.ts';
import type { Task } from '../task/task.ts';
import { linkTask, newTask } from './create.ts';
import { doExecve, startProgram } from './exec.ts';
import { parseScript } from './script.ts';
import { execMachine, putTestFile, testElf } from './testing.ts';

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

const argvOf = ({ kernel, task }: TestMachine): (string | null)[] => {
  const { rsp } = kernel.cpu.state;
  const count = getUserLong(task.mm, rsp);
  return Array.from({ length: count }, (_, n) => readCString(task.mm, getUserLong(task.mm, rsp + 8 + n * 8), 4096));
};

const start = (machine: TestMachine, path: string, argv: string[] = [path], envp: string[] = []): number =>
  startProgram(machine.kernel, machine.task, path, argv, envp);

const machineWith = (files: Record<string, Uint8Array | string>): TestMachine => {
  const machine = execMachine();
  for (const [path, content] of Object.entries(files)) {
    putTestFile(machine, path, typeof content === 'string' ? bytes(content) : content);
  }
  return machine;
};

describe('the first line of a script', () => {
  const parse = (text: string) => {
    const buf = new Uint8Array(256);
    buf.set(bytes(text).subarray(0, 256));
    const line = parseScript(buf);
    const show = (part: Uint8Array | null) => (part === null ? null : String.fromCharCode(...part));
    return line === null ? null : [show(line.interpreter), show(line.argument)];
  };

  it('has an interpreter and one argument', () => {
    expect(parse('#!/bin/sh\n')).toEqual(['/bin/sh', null]);
    expect(parse('#! \t/bin/sh -e -x \t\nmore')).toEqual(['/bin/sh', '-e -x']);
    expect(parse('#!/bin/sh')).toEqual(['/bin/sh', null]);
    expect(parse('#!/bin/sh\0 -x\n')).toEqual(['/bin/sh', null]);
    // Blanks before the end of the file, but no newline: the kernel finds an empty argument.
    expect(parse('#!/bin/sh  ')).toEqual(['/bin/sh', '']);
    expect(parse('#!/bin/sh a\0 -x\n')).toEqual(['/bin/sh', 'a']);
  });

  it('is no good without a name, or with one that does not end', () => {
    expect(parse('#/bin/sh\n')).toBe(null);
    expect(parse('#!\n/bin/sh')).toBe(null);
    expect(parse('#!   \n')).toBe(null);
    expect(parse(`#!/${'x'.repeat(300)}`)).toBe(null);
    expect(parse(`#!/bin/sh ${'x'.repeat(300)}`)).toEqual(['/bin/sh', 'x'.repeat(245)]);
  });
});

describe('execve', () => {
  it('runs a script through its interpreter', () => {
    const machine = machineWith({ '/bin-sh': testElf(), '/script': '#!/bin-sh -e x\n' });
    expect(start(machine, '/script', ['ignored', 'a', 'b'])).toBe(0);
    expect(argvOf(machine)).toEqual(['/bin-sh', '-e x', '/script', 'a', 'b']);
    expect(machine.task.comm).toBe('script');
    expect(machine.task.executable).toBe('/bin-sh');
  });

  it('follows scripts of scripts up to a depth', () => {
    const files: Record<string, Uint8Array | string> = { '/s0': testElf() };
    for (let n = 1; n <= 6; n++) files[`/s${n}`] = `#!/s${n - 1} ${n}\n`;
    const machine = machineWith(files);
    expect(start(machine, '/s5')).toBe(0);
    expect(argvOf(machine)).toEqual(['/s0', '1', '/s1', '2', '/s2', '3', '/s3', '4', '/s4', '5', '/s5']);
    expect(start(machine, '/s6')).toBe(-ERRNO.ELOOP);
  });

  it('refuses what cannot be executed', () => {
    const machine = machineWith({ '/prog': testElf(), '/text': 'text', '/broken': '#!/nowhere\n' });
    putTestFile(machine, '/plain', testElf(), 0o644);
    expect(start(machine, '/missing')).toBe(-ERRNO.ENOENT);
    expect(start(machine, '')).toBe(-ERRNO.ENOENT);
    expect(start(machine, '/tmp')).toBe(-ERRNO.EACCES);
    expect(start(machine, '/plain')).toBe(-ERRNO.EACCES);
    expect(start(machine, '/prog/x')).toBe(-ERRNO.ENOTDIR);
    expect(start(machine, '/text')).toBe(-ERRNO.ENOEXEC);
    expect(start(machine, '/broken')).toBe(-ERRNO.ENOENT);
  });

  it('limits arguments by their size and the stack', () => {
    const machine = machineWith({ '/prog': testElf() });
    expect(start(machine, '/prog', ['x'.repeat(131071)])).toBe(0);
    expect(start(machine, '/prog', ['x'.repeat(131072)])).toBe(-ERRNO.E2BIG);
    expect(start(machine, '/prog', new Array(30).fill('y'.repeat(100_000)))).toBe(-ERRNO.E2BIG);
    machine.task.group.rlimits[RLIMIT.STACK]!.soft = 64 << 20;
    expect(start(machine, '/prog', new Array(30).fill('y'.repeat(100_000)))).toBe(0);
    expect(argvOf(machine).length).toBe(30);
  });

  it('gives a program without arguments an empty one', () => {
    const machine = machineWith({ '/prog': testElf() });
    expect(start(machine, '/prog', [])).toBe(0);
    expect(argvOf(machine)).toEqual(['']);
  });

  it('keeps what a new program inherits and drops the rest', () => {
    const machine = machineWith({ '/prog': testElf() });
    const { kernel, task } = machine;
    task.sighand.action[SIG.SIGINT]!.handler = SIG_IGN;
    Object.assign(task.sighand.action[SIG.SIGUSR1]!, { handler: 0x401000, flags: 4, mask: setOf(SIG.SIGHUP) });
    task.blocked = setOf(SIG.SIGUSR1);
    task.altstack = { sp: 0x1000, size: 0x4000, flags: 0 };
    kernel.cpu.state.rflags = RFLAGS.DF | RFLAGS.TF;
    const kept = openPath(kernel, task, AT.FDCWD, '/prog', O.RDONLY) as OpenFile;
    const closed = openPath(kernel, task, AT.FDCWD, '/prog', O.RDONLY) as OpenFile;
    task.files.entries = [
      { file: kept, closeOnExec: false },
      { file: closed, closeOnExec: true },
    ];
    expect(start(machine, '/prog')).toBe(0);
    expect(task.sighand.action[SIG.SIGINT]!.handler).toBe(SIG_IGN);
    expect(task.sighand.action[SIG.SIGUSR1]).toMatchObject({ handler: SIG_DFL, flags: 0, mask: NO_SIGNALS });
    expect(task.blocked).toEqual(setOf(SIG.SIGUSR1));
    expect(task.altstack.size).toBe(0);
    expect(kernel.cpu.state.rflags & (RFLAGS.DF | RFLAGS.TF)).toBe(0);
    expect([kept.refs, closed.refs]).toEqual([1, 0]);
    expect(task.files.entries[1]).toBe(undefined);
  });

  it('takes the identity of a set-user-ID program', () => {
    const machine = execMachine();
    putTestFile(machine, '/prog', testElf(), 0o4755);
    const { task } = machine;
    Object.assign(task.cred, { uid: 1000, euid: 1000, suid: 1000, fsuid: 1000 });
    expect(start(machine, '/prog')).toBe(0);
    expect(task.cred).toMatchObject({ uid: 1000, euid: 0, suid: 0, fsuid: 0 });
    expect(task.dumpable).toBe(0);
  });

  it('does not let a file be executed and written at once', () => {
    const machine = machineWith({ '/prog': testElf() });
    const { kernel, task } = machine;
    const file = openPath(kernel, task, AT.FDCWD, '/prog', O.WRONLY) as OpenFile;
    task.files.entries = [{ file, closeOnExec: false }];
    expect(start(machine, '/prog')).toBe(-ERRNO.ETXTBSY);
    task.files.entries = [];
    file.refs = 0;
    expect(start(machine, '/prog')).toBe(0);
    expect(isExecuting(kernel, file.inode)).toBe(true);
  });

  it('leaves one thread, which has the id of the process', () => {
    const machine = machineWith({ '/prog': testElf() });
    const { kernel, task: leader } = machine;
    const spawn = (pid: number): Task => {
      const { group, parent, mm, files, fs, sighand, cred } = leader;
      const made = newTask(kernel, {
        pid,
        comm: '',
        executable: '',
        group,
        parent,
        mm: mmGet(mm),
        files,
        fs,
        sighand,
        cred,
      });
      linkTask(kernel, made);
      makeRunnable(kernel, made);
      return made;
    };
    const [thread, bystander] = [spawn(2), spawn(3)];
    thread.blocked = setOf(SIG.SIGQUIT);
    kernel.runQueue.splice(kernel.runQueue.indexOf(thread), 1);
    kernel.current = thread;
    expect(startProgram(kernel, thread, '/prog', [], [])).toBe(0);
    expect(kernel.current).toBe(leader);
    expect([...kernel.tasks.keys()]).toEqual([1]);
    expect([leader.state, thread.state, bystander.state]).toEqual(['running', 'dead', 'dead']);
    expect(leader.group.threads).toEqual([leader]);
    expect(kernel.runQueue).toEqual([leader]);
    expect(leader.blocked).toEqual(setOf(SIG.SIGQUIT));
    expect(leader.mm.users).toBe(1);
  });

  it('kills when it is too late for an error', () => {
    const bad = testElf({}, [{}, {}, { p_filesz: 0x100, p_memsz: 0x80 }]);
    const machine = machineWith({ '/bad': bad, '/dynamic': testElf({}, [{}, {}, {}, { p_type: PT.INTERP }]) });
    const { kernel, task } = machine;
    const request = {
      dirfd: AT.FDCWD,
      flags: 0,
      argv: { kind: 'kernel', strings: [] },
      envp: { kind: 'kernel', strings: [] },
    } as const;
    expect(doExecve(kernel, task, { ...request, path: '/dynamic' })).toBe(-ERRNO.ENOEXEC);
    expect(task.sigpending).toBe(false);
    expect(doExecve(kernel, task, { ...request, path: '/bad' })).toBe(-ERRNO.EINVAL);
    expect(inSet(task.pending.signal, SIG.SIGSEGV)).toBe(true);
  });
});
