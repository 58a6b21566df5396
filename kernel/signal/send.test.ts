import { describe, expect, test } from 'vitest';
import { ERRNO } from '../abi/errno.ts';
import { RLIMIT } from '../abi/resource.ts';
import { CLD, SI, SIG, SIG_DFL, SIG_IGN } from '../abi/signal.ts';
import { ALL_SIGNALS, NO_SIGNALS, setOf, signalsOf, union } from '../abi/sigset.ts';
import { commitCreds } from '../process/cred.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { block } from '../task/wait.ts';
import { setSigaction } from './action.ts';
import { killSomethingInfo, queueInfo, tkill } from './kill.ts';
import { setCurrentBlocked } from './mask.ts';
import { dequeueSignal, dequeueSynchronous } from './pending.ts';
import { kernelInfo, sendSignal } from './send.ts';
import { addProcess, addThread, handle, makeCurrent, signalMachine } from './testing.ts';

const setup = () => {
  const machine = signalMachine();
  const task = addProcess(machine, machine.starter);
  return { machine, task };
};

const queued = (signo: number, value: bigint): SigInfo => ({
  kind: 'queue',
  signo,
  errno: 0,
  code: SI.QUEUE,
  pid: 1,
  uid: 0,
  value,
});

const values = (infos: readonly (SigInfo | null)[]) =>
  infos.map((info) => (info?.kind === 'queue' ? info.value : null));

const drain = (machine: ReturnType<typeof signalMachine>, task: Task): number[] => {
  const order: number[] = [];
  for (
    let info = dequeueSignal(machine, task, ALL_SIGNALS);
    info !== null;
    info = dequeueSignal(machine, task, ALL_SIGNALS)
  ) {
    order.push(info.signo);
  }
  return order;
};

describe('queueing', () => {
  test('standard signals coalesce and keep the first siginfo', () => {
    const { machine, task } = setup();
    setCurrentBlocked(machine, task, ALL_SIGNALS);
    sendSignal(machine, queued(SIG.SIGUSR1, 1n), task, false);
    sendSignal(machine, queued(SIG.SIGUSR1, 2n), task, false);
    expect(values([dequeueSignal(machine, task, ALL_SIGNALS), dequeueSignal(machine, task, ALL_SIGNALS)])).toEqual([
      1n,
      null,
    ]);
  });

  test('one for the thread and one for the process are two', () => {
    const { machine, task } = setup();
    setCurrentBlocked(machine, task, setOf(SIG.SIGUSR1));
    sendSignal(machine, queued(SIG.SIGUSR1, 1n), task, false);
    sendSignal(machine, queued(SIG.SIGUSR1, 2n), task, true);
    expect(values([dequeueSignal(machine, task, ALL_SIGNALS), dequeueSignal(machine, task, ALL_SIGNALS)])).toEqual([
      2n,
      1n,
    ]);
  });

  test('real-time signals queue in order', () => {
    const { machine, task } = setup();
    setCurrentBlocked(machine, task, setOf(40));
    for (const value of [3n, 1n, 2n]) sendSignal(machine, queued(40, value), task, false);
    expect(task.group.sharedPending.queue).toHaveLength(3);
    const taken = [0, 1, 2, 3].map(() => dequeueSignal(machine, task, ALL_SIGNALS));
    expect(values(taken)).toEqual([3n, 1n, 2n, null]);
    expect(task.group.sharedPending.signal).toEqual(NO_SIGNALS);
  });

  test('the lowest number comes first, but faults before all and the thread before the process', () => {
    const { machine, task } = setup();
    setCurrentBlocked(machine, task, ALL_SIGNALS);
    for (const signo of [50, SIG.SIGTERM, SIG.SIGHUP]) sendSignal(machine, kernelInfo(signo), task, false);
    for (const signo of [SIG.SIGUSR2, SIG.SIGSEGV]) sendSignal(machine, kernelInfo(signo), task, true);
    expect(drain(machine, task)).toEqual([SIG.SIGSEGV, SIG.SIGUSR2, SIG.SIGHUP, SIG.SIGTERM, 50]);
  });

  test('only a fault of the thread itself is synchronous', () => {
    const { machine, task } = setup();
    handle(task, SIG.SIGSEGV);
    handle(task, SIG.SIGHUP);
    tkill(machine, 0, task.pid, SIG.SIGSEGV);
    expect(dequeueSynchronous(task)).toBeNull();
    sendSignal(machine, { kind: 'fault', signo: SIG.SIGBUS, errno: 0, code: 2, address: 5n }, task, true);
    expect(dequeueSynchronous(task)?.signo).toBe(SIG.SIGBUS);
  });

  test('RLIMIT_SIGPENDING: sigqueue fails, kill loses its siginfo', () => {
    const { machine, task } = setup();
    setCurrentBlocked(machine, task, setOf(40, 41));
    task.group.rlimits[RLIMIT.SIGPENDING] = { soft: 1, hard: 1 };
    expect(sendSignal(machine, queued(40, 1n), task, false)).toBe(0);
    expect(sendSignal(machine, queued(40, 2n), task, false)).toBe(-ERRNO.EAGAIN);
    expect(killSomethingInfo(machine, 41, task.pid)).toBe(0);
    expect(signalsOf(task.group.sharedPending.signal)).toEqual([40, 41]);
    dequeueSignal(machine, task, ALL_SIGNALS);
    expect(dequeueSignal(machine, task, ALL_SIGNALS)).toEqual({
      kind: 'kill',
      signo: 41,
      errno: 0,
      code: SI.USER,
      pid: 0,
      uid: 0,
    });
  });

  test('the limit counts all processes of the user', () => {
    const { machine, task } = setup();
    const other = addProcess(machine, task, task);
    for (const process of [task, other]) {
      process.blocked = setOf(40);
      process.group.rlimits[RLIMIT.SIGPENDING] = { soft: 2, hard: 2 };
    }
    expect(sendSignal(machine, queued(40, 1n), task, false)).toBe(0);
    expect(sendSignal(machine, queued(40, 1n), other, false)).toBe(0);
    expect(sendSignal(machine, queued(40, 1n), other, false)).toBe(-ERRNO.EAGAIN);
  });

  test('the limit counts what kill queued, not what was taken, and whoever has another user now', () => {
    const { machine, task } = setup();
    setCurrentBlocked(machine, task, setOf(SIG.SIGUSR1, 40));
    task.group.rlimits[RLIMIT.SIGPENDING] = { soft: 3, hard: 3 };
    const send = () => sendSignal(machine, queued(40, 1n), task, false);
    expect([send(), killSomethingInfo(machine, SIG.SIGUSR1, task.pid), send(), send()]).toEqual([
      0,
      0,
      0,
      -ERRNO.EAGAIN,
    ]);
    dequeueSignal(machine, task, setOf(40));
    expect([send(), send()]).toEqual([0, -ERRNO.EAGAIN]);
    const other = addProcess(machine, task, task);
    commitCreds(other, { uid: 7 });
    other.group.rlimits[RLIMIT.SIGPENDING] = { soft: 3, hard: 3 };
    expect(sendSignal(machine, queued(40, 1n), other, false)).toBe(0);
    commitCreds(task, { uid: 7 });
    expect(send()).toBe(-ERRNO.EAGAIN);
  });
});

describe('ignoring', () => {
  test('ignored signals vanish, unless blocked', () => {
    const { machine, task } = setup();
    setSigaction(task, SIG.SIGUSR1, SIG_IGN, 0, 0, NO_SIGNALS);
    killSomethingInfo(machine, SIG.SIGUSR1, task.pid);
    killSomethingInfo(machine, SIG.SIGCHLD, task.pid);
    expect(task.group.sharedPending.signal).toEqual(NO_SIGNALS);
    setCurrentBlocked(machine, task, setOf(SIG.SIGUSR1, SIG.SIGCHLD));
    killSomethingInfo(machine, SIG.SIGUSR1, task.pid);
    killSomethingInfo(machine, SIG.SIGCHLD, task.pid);
    expect(signalsOf(task.group.sharedPending.signal)).toEqual([SIG.SIGUSR1, SIG.SIGCHLD]);
  });

  test('a pending signal is dropped when it becomes ignored', () => {
    const { machine, task } = setup();
    setCurrentBlocked(machine, task, setOf(SIG.SIGUSR1));
    handle(task, SIG.SIGUSR1);
    killSomethingInfo(machine, SIG.SIGUSR1, task.pid);
    setSigaction(task, SIG.SIGUSR1, SIG_IGN, 0, 0, NO_SIGNALS);
    setSigaction(task, SIG.SIGUSR1, SIG_DFL, 0, 0, NO_SIGNALS);
    expect(task.group.sharedPending).toEqual({ signal: NO_SIGNALS, queue: [], head: 0, timers: 0 });
  });

  test('init hears neither SIGKILL nor SIGTERM', () => {
    const { machine } = setup();
    for (const signo of [SIG.SIGKILL, SIG.SIGTERM]) sendSignal(machine, kernelInfo(signo), machine.init, false);
    expect(machine.init.group.sharedPending.signal).toEqual(NO_SIGNALS);
    expect(machine.init.group.groupExiting).toBe(false);
  });
});

describe('stop and continue', () => {
  test('each takes the other from the queues', () => {
    const { machine, task } = setup();
    setCurrentBlocked(machine, task, setOf(SIG.SIGTSTP, SIG.SIGTTIN, SIG.SIGCONT));
    killSomethingInfo(machine, SIG.SIGTSTP, task.pid);
    tkill(machine, 0, task.pid, SIG.SIGTTIN);
    killSomethingInfo(machine, SIG.SIGCONT, task.pid);
    expect(signalsOf(union(task.group.sharedPending.signal, task.pending.signal))).toEqual([SIG.SIGCONT]);
    killSomethingInfo(machine, SIG.SIGTSTP, task.pid);
    expect(signalsOf(union(task.group.sharedPending.signal, task.pending.signal))).toEqual([SIG.SIGTSTP]);
  });

  test('SIGCONT resumes a stopped process and owes the parent a report, even when ignored', () => {
    const { machine, task } = setup();
    setSigaction(task, SIG.SIGCONT, SIG_IGN, 0, 0, NO_SIGNALS);
    task.state = 'stopped';
    task.group.stopped = true;
    killSomethingInfo(machine, SIG.SIGCONT, task.pid);
    expect(task.state).toBe('running');
    expect(machine.runQueue).toEqual([task]);
    expect(task.group).toMatchObject({ stopped: false, continued: true, childReport: CLD.CONTINUED });
  });
});

describe('waking', () => {
  test('a signal ends an interruptible sleep, and only SIGKILL the others', () => {
    const { machine, task } = setup();
    const sleeper = addProcess(machine, task, task);
    makeCurrent(machine, sleeper);
    handle(sleeper, SIG.SIGUSR1);
    block(machine, sleeper, { what: 'vfork', uninterruptible: true });
    makeCurrent(machine, task);
    killSomethingInfo(machine, SIG.SIGUSR1, sleeper.pid);
    expect(sleeper).toMatchObject({ state: 'sleeping', sigpending: true });
    killSomethingInfo(machine, SIG.SIGKILL, sleeper.pid);
    expect(sleeper.state).toBe('running');
    expect(sleeper.group).toMatchObject({ groupExiting: true, groupExitCode: SIG.SIGKILL });
  });

  test('a signal to the process goes to a thread that does not block it', () => {
    const { machine, task } = setup();
    const thread = addThread(machine, task);
    handle(task, SIG.SIGUSR1);
    task.blocked = setOf(SIG.SIGUSR1);
    killSomethingInfo(machine, SIG.SIGUSR1, task.pid);
    expect([task.sigpending, thread.sigpending]).toEqual([false, true]);
  });

  test('a fatal signal takes every thread down at once', () => {
    const { machine, task } = setup();
    const thread = addThread(machine, task);
    killSomethingInfo(machine, SIG.SIGTERM, task.pid);
    expect(task.group).toMatchObject({ groupExiting: true, groupExitCode: SIG.SIGTERM });
    for (const each of [task, thread]) expect(signalsOf(each.pending.signal)).toEqual([SIG.SIGKILL]);
  });
});

describe('permission', () => {
  test('another user may not, except with SIGCONT in the same session', () => {
    const { machine, task } = setup();
    const other = addProcess(machine, machine.starter, task);
    const stranger = addProcess(machine, machine.starter);
    for (const target of [other, stranger]) target.cred = { ...target.cred, uid: 7, euid: 7, suid: 7 };
    makeCurrent(machine, task);
    expect(killSomethingInfo(machine, SIG.SIGTERM, other.pid)).toBe(-ERRNO.EPERM);
    expect(killSomethingInfo(machine, SIG.SIGCONT, other.pid)).toBe(0);
    expect(killSomethingInfo(machine, SIG.SIGCONT, stranger.pid)).toBe(-ERRNO.EPERM);
    expect(killSomethingInfo(machine, 0, 4242)).toBe(-ERRNO.ESRCH);
    expect(killSomethingInfo(machine, 65, task.pid)).toBe(-ERRNO.EINVAL);
  });

  test('nobody forges the kernel towards others', () => {
    const { machine, task } = setup();
    const other = addProcess(machine, machine.starter, task);
    makeCurrent(machine, task);
    const forged: SigInfo = { kind: 'fault', signo: SIG.SIGSEGV, errno: 0, code: 1, address: 0n };
    expect(queueInfo(machine, other.pid, SIG.SIGSEGV, forged)).toBe(-ERRNO.EPERM);
    expect(queueInfo(machine, task.pid, SIG.SIGSEGV, forged)).toBe(0);
  });
});
