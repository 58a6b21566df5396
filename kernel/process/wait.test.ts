import { beforeEach, describe, expect, test } from 'vitest';
import { ERRNO } from '../abi/errno.ts';
import { CLD, SA, SIG, SIG_IGN } from '../abi/signal.ts';
import { isEmpty, NO_SIGNALS, setOf, signalsOf } from '../abi/sigset.ts';
import { exitStatus, WAIT } from '../abi/wait.ts';
import { exitToUserModeLoop } from '../entry/exit.ts';
import type { Machine } from '../machine.ts';
import { setSigaction } from '../signal/action.ts';
import { killSomethingInfo } from '../signal/kill.ts';
import { addProcess, makeCurrent, signalMachine } from '../signal/testing.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED } from '../task/wait.ts';
import { setControllingTty } from '../tty/control.ts';
import { doGroupExit } from './exit.ts';
import { setpgid, setsid } from './groups.ts';
import { doWait } from './wait.ts';

let machine: Machine;
let parent: Task;
let child: Task;
const ANY = { kind: 'any' } as const;

beforeEach(() => {
  machine = signalMachine();
  parent = addProcess(machine, machine.starter);
  child = addProcess(machine, parent, parent);
  makeCurrent(machine, parent);
});

const exit = (task: Task, code: number): void => {
  makeCurrent(machine, task);
  doGroupExit(machine, task, exitStatus(code));
  makeCurrent(machine, parent);
};

/** The task runs until it would enter user mode. */
const step = (task: Task): void => {
  makeCurrent(machine, task);
  exitToUserModeLoop(machine, task);
  makeCurrent(machine, parent);
};

describe('wait', () => {
  test('reports an exit once and takes the zombie', () => {
    exit(child, 7);
    expect(doWait(machine, parent, ANY, WAIT.WEXITED | WAIT.WNOWAIT)).toMatchObject({ pid: child.pid });
    expect(doWait(machine, parent, ANY, WAIT.WEXITED)).toMatchObject({
      pid: child.pid,
      status: 0x700,
      code: CLD.EXITED,
      value: 7,
      uid: 1000,
    });
    expect(machine.tasks.has(child.pid)).toBe(false);
    expect(doWait(machine, parent, ANY, WAIT.WEXITED)).toBe(-ERRNO.ECHILD);
  });

  test('blocks while there is a child, and wakes with its death', () => {
    expect(doWait(machine, parent, ANY, WAIT.WEXITED | WAIT.WNOHANG)).toBe(0);
    expect(doWait(machine, parent, ANY, WAIT.WEXITED)).toBe(BLOCKED);
    expect(parent.state).toBe('sleeping');
    exit(child, 0);
    expect(parent.state).toBe('running');
    expect(signalsOf(parent.group.sharedPending.signal)).toEqual([]); // SIGCHLD is ignored by default
    expect(doWait(machine, parent, ANY, WAIT.WEXITED)).toMatchObject({ pid: child.pid });
  });

  test('looks at the children that are asked for', () => {
    exit(child, 0);
    expect(doWait(machine, parent, { kind: 'pid', pid: 4242 }, WAIT.WEXITED)).toBe(-ERRNO.ECHILD);
    expect(doWait(machine, parent, { kind: 'group', pgid: child.pid }, WAIT.WEXITED)).toBe(-ERRNO.ECHILD);
    expect(doWait(machine, parent, ANY, WAIT.WEXITED | WAIT.WCLONE)).toBe(-ERRNO.ECHILD);
    expect(doWait(machine, parent, { kind: 'group', pgid: parent.pid }, WAIT.WEXITED)).toMatchObject({
      pid: child.pid,
    });
  });

  test('reports stop and continuation, each once and only to who asks', () => {
    killSomethingInfo(machine, SIG.SIGSTOP, child.pid);
    step(child);
    expect(child.state).toBe('stopped');
    expect(doWait(machine, parent, ANY, WAIT.WEXITED | WAIT.WNOHANG)).toBe(0);
    expect(doWait(machine, parent, ANY, WAIT.WUNTRACED)).toMatchObject({ status: 0x137f, code: CLD.STOPPED });
    expect(doWait(machine, parent, ANY, WAIT.WUNTRACED | WAIT.WNOHANG)).toBe(0);
    killSomethingInfo(machine, SIG.SIGCONT, child.pid);
    step(child);
    expect(doWait(machine, parent, ANY, WAIT.WCONTINUED)).toMatchObject({ status: 0xffff, code: CLD.CONTINUED });
    expect(doWait(machine, parent, ANY, WAIT.WCONTINUED | WAIT.WNOHANG)).toBe(0);
  });

  test('a stopped child that is killed is no longer stopped', () => {
    killSomethingInfo(machine, SIG.SIGSTOP, child.pid);
    step(child);
    killSomethingInfo(machine, SIG.SIGKILL, child.pid);
    expect(doWait(machine, parent, ANY, WAIT.WUNTRACED | WAIT.WNOHANG)).toBe(0);
    step(child);
    expect(doWait(machine, parent, ANY, WAIT.WEXITED)).toMatchObject({ status: SIG.SIGKILL, code: CLD.KILLED });
  });

  test.each([
    ['SIG_IGN', SIG_IGN, 0, false],
    ['SA_NOCLDWAIT', 0x401000, SA.NOCLDWAIT, true],
  ])('with %s children leave no zombie', (_name, handler, flags, signalled) => {
    setSigaction(parent, SIG.SIGCHLD, handler, flags, 0, NO_SIGNALS);
    exit(child, 1);
    expect(machine.tasks.has(child.pid)).toBe(false);
    expect(isEmpty(parent.group.sharedPending.signal)).toBe(!signalled);
    expect(doWait(machine, parent, ANY, WAIT.WEXITED)).toBe(-ERRNO.ECHILD);
  });
});

describe('orphans', () => {
  test('go to init, or to a subreaper above, with their death signal', () => {
    const grandchild = addProcess(machine, child, parent);
    const other = addProcess(machine, child, parent);
    grandchild.parentDeathSignal = SIG.SIGHUP;
    grandchild.blocked = setOf(SIG.SIGHUP);
    exit(other, 5);
    parent.group.childSubreaper = true;
    exit(child, 0);
    expect(grandchild.parent).toBe(parent);
    expect(grandchild.group.sharedPending.queue).toMatchObject([{ signo: SIG.SIGHUP, code: 0, pid: child.pid }]);
    // The zombie came along.
    expect(doWait(machine, parent, { kind: 'pid', pid: other.pid }, WAIT.WEXITED)).toMatchObject({ value: 5 });
    exit(parent, 0);
    expect(grandchild.parent).toBe(machine.init);
    expect(machine.tasks.has(other.pid)).toBe(false);
  });

  test('a stopped group that loses its last tie gets SIGHUP and SIGCONT', () => {
    const job = addProcess(machine, child, parent);
    expect(setpgid(machine, child, job.pid, job.pid)).toBe(0);
    job.blocked = setOf(SIG.SIGHUP);
    killSomethingInfo(machine, SIG.SIGSTOP, job.pid);
    step(job);
    expect(job.state).toBe('stopped');
    exit(child, 0);
    expect(job.state).toBe('running');
    expect(signalsOf(job.group.sharedPending.signal)).toEqual([SIG.SIGHUP]);
  });
});

describe('groups and sessions', () => {
  test('follow the rules of setpgid and setsid', () => {
    expect(setpgid(machine, parent, 0, 0)).toBe(-ERRNO.EPERM); // leads its session
    expect(setpgid(machine, parent, child.pid, 4242)).toBe(-ERRNO.EPERM);
    expect(setpgid(machine, parent, 4242, 0)).toBe(-ERRNO.ESRCH);
    expect(setpgid(machine, parent, child.pid, -1)).toBe(-ERRNO.EINVAL);
    expect(setpgid(machine, parent, child.pid, 0)).toBe(0);
    expect(child.group.pgid).toBe(child.pid);
    expect(setsid(machine, child)).toBe(-ERRNO.EPERM); // leads a group
    child.group.execd = true;
    expect(setpgid(machine, parent, child.pid, parent.pid)).toBe(-ERRNO.EACCES);
    expect(setpgid(machine, child, 0, parent.pid)).toBe(0);
    expect(setsid(machine, child)).toBe(child.pid);
    expect(setpgid(machine, parent, child.pid, parent.pid)).toBe(-ERRNO.EPERM); // another session
  });
});

test('the end of a session leader hangs its terminal up', () => {
  setControllingTty(parent, machine.vfs.console);
  child.blocked = setOf(SIG.SIGHUP);
  exit(child, 0);
  const job = addProcess(machine, machine.starter, parent);
  job.blocked = setOf(SIG.SIGHUP);
  exit(parent, 0);
  expect(signalsOf(job.group.sharedPending.signal)).toEqual([SIG.SIGHUP]);
  expect(machine.vfs.console.session).toBe(0);
});
