import { beforeEach, describe, expect, test } from 'vitest';
import { REG } from '../../emulator/api.ts';
import { ERRNO, RESTART } from '../abi/errno.ts';
import { SA, SIG, SIG_DFL, SS } from '../abi/signal.ts';
import { NO_SIGNALS, setOf } from '../abi/sigset.ts';
import type { Machine } from '../machine.ts';
import { setSigaction } from '../signal/action.ts';
import { setAltstack } from '../signal/altstack.ts';
import { forceSigFault } from '../signal/force.ts';
import { killSomethingInfo } from '../signal/kill.ts';
import { setTemporaryMask } from '../signal/mask.ts';
import { addProcess, HANDLER, handle, STACK_BOTTOM, signalMachine } from '../signal/testing.ts';
import type { Task } from '../task/task.ts';
import { exitToUserModeLoop } from './exit.ts';

let machine: Machine;
let task: Task;
const AFTER_SYSCALL = 0x400125;
const READ = 0;
const NR_RESTART_SYSCALL = 219;

beforeEach(() => {
  machine = signalMachine();
  task = addProcess(machine, machine.starter);
});

/** The task comes out of read(2) with this result and a signal pending. */
const interrupted = (result: number): void => {
  task.origAx = READ;
  machine.cpu.state.rip = AFTER_SYSCALL;
  machine.cpu.state.setNumber(REG.rax, result);
  killSomethingInfo(machine, SIG.SIGUSR1, task.pid);
};

/** rax and rip that the handler will return to. */
const saved = (): { rax: bigint; rip: number } => {
  const { state } = machine.cpu;
  const context = state.rsp + 8 + 40;
  const view = machine.physical.view;
  const at = (machine.current.mm.pageTable.get(context) >>> 12) * 4096 + (context % 4096);
  return { rax: view.getBigInt64(at + 13 * 8, true), rip: Number(view.getBigUint64(at + 16 * 8, true)) };
};

const EINTR = { rax: BigInt(-ERRNO.EINTR), rip: AFTER_SYSCALL };
const AGAIN = { rax: BigInt(READ), rip: AFTER_SYSCALL - 2 };

describe('restart codes with a handler', () => {
  test.each([
    ['ERESTARTSYS', RESTART.ERESTARTSYS, 0, EINTR],
    ['ERESTARTSYS with SA_RESTART', RESTART.ERESTARTSYS, SA.RESTART, AGAIN],
    ['ERESTARTNOINTR', RESTART.ERESTARTNOINTR, 0, AGAIN],
    ['ERESTARTNOHAND with SA_RESTART', RESTART.ERESTARTNOHAND, SA.RESTART, EINTR],
    ['ERESTART_RESTARTBLOCK with SA_RESTART', RESTART.ERESTART_RESTARTBLOCK, SA.RESTART, EINTR],
    ['a result', -5, SA.RESTART, { rax: 5n, rip: AFTER_SYSCALL }],
  ])('%s', (_name, code, flags, expected) => {
    handle(task, SIG.SIGUSR1, flags);
    interrupted(-code);
    expect(exitToUserModeLoop(machine, task)).toBe(true);
    expect(machine.cpu.state.rip).toBe(HANDLER);
    expect(saved()).toEqual(expected);
  });

  test('a result that merely looks like one is left alone', () => {
    handle(task, SIG.SIGUSR1);
    interrupted(2 ** 32 - RESTART.ERESTARTSYS);
    exitToUserModeLoop(machine, task);
    expect(saved()).toEqual({ rax: BigInt(2 ** 32 - RESTART.ERESTARTSYS), rip: AFTER_SYSCALL });
  });

  test('outside of a syscall rax is the program’s own', () => {
    handle(task, SIG.SIGUSR1);
    interrupted(-RESTART.ERESTARTSYS);
    task.origAx = -1;
    exitToUserModeLoop(machine, task);
    expect(saved()).toEqual({ rax: BigInt(-RESTART.ERESTARTSYS), rip: AFTER_SYSCALL });
  });
});

describe('restart codes without a handler', () => {
  test.each([
    ['ERESTARTSYS', RESTART.ERESTARTSYS, READ],
    ['ERESTARTNOINTR', RESTART.ERESTARTNOINTR, READ],
    ['ERESTARTNOHAND', RESTART.ERESTARTNOHAND, READ],
    ['ERESTART_RESTARTBLOCK', RESTART.ERESTART_RESTARTBLOCK, NR_RESTART_SYSCALL],
  ])('%s', (_name, code, number) => {
    interrupted(-code);
    // The signal was taken by someone else meanwhile.
    task.pending.signal = task.group.sharedPending.signal = NO_SIGNALS;
    task.group.groupExiting = false;
    task.sigpending = true;
    expect(exitToUserModeLoop(machine, task)).toBe(true);
    const { state } = machine.cpu;
    expect([state.getNumber(REG.rax), state.rip]).toEqual([number, AFTER_SYSCALL - 2]);
  });
});

describe('masks', () => {
  test('the handler runs with its mask and its own signal blocked', () => {
    handle(task, SIG.SIGUSR1, 0, setOf(SIG.SIGHUP));
    interrupted(0);
    exitToUserModeLoop(machine, task);
    expect(task.blocked).toEqual(setOf(SIG.SIGHUP, SIG.SIGUSR1));
  });

  test('SA_NODEFER leaves it open, SA_RESETHAND makes it default', () => {
    handle(task, SIG.SIGUSR1, SA.NODEFER | SA.RESETHAND);
    interrupted(0);
    exitToUserModeLoop(machine, task);
    expect(task.blocked).toEqual(NO_SIGNALS);
    expect(task.sighand.action[SIG.SIGUSR1]!.handler).toBe(SIG_DFL);
  });

  test('a mask for one call is in force for its signal, and the old one is what the frame keeps', () => {
    handle(task, SIG.SIGUSR1);
    task.blocked = setOf(SIG.SIGUSR1);
    setTemporaryMask(machine, task, setOf(SIG.SIGHUP));
    interrupted(-RESTART.ERESTARTNOHAND);
    exitToUserModeLoop(machine, task);
    expect(machine.cpu.state.rip).toBe(HANDLER);
    expect(task).toMatchObject({ savedSigmask: null, blocked: setOf(SIG.SIGHUP, SIG.SIGUSR1) });
  });

  test('without a signal it comes back by itself', () => {
    task.blocked = setOf(SIG.SIGTERM);
    setTemporaryMask(machine, task, NO_SIGNALS);
    exitToUserModeLoop(machine, task);
    expect(task).toMatchObject({ savedSigmask: null, blocked: setOf(SIG.SIGTERM) });
  });
});

describe('frames', () => {
  test('pending signals stack up, the last set up runs first', () => {
    handle(task, SIG.SIGUSR1);
    handle(task, SIG.SIGUSR2);
    killSomethingInfo(machine, SIG.SIGUSR2, task.pid);
    interrupted(0);
    exitToUserModeLoop(machine, task);
    expect(machine.cpu.state.getNumber(REG.rdi)).toBe(SIG.SIGUSR2);
    expect(saved().rip).toBe(HANDLER);
    expect(task.signals).toBe(2);
  });

  test('SS_AUTODISARM takes the stack off for the handler', () => {
    setAltstack(task, 0, STACK_BOTTOM, SS.AUTODISARM, 0x8000);
    handle(task, SIG.SIGUSR1, SA.ONSTACK);
    interrupted(0);
    exitToUserModeLoop(machine, task);
    expect(machine.cpu.state.rsp).toBeLessThan(STACK_BOTTOM + 0x8000);
    expect(task.altstack).toEqual({ sp: 0, size: 0, flags: SS.DISABLE });
  });

  test('a frame that cannot be written is SIGSEGV', () => {
    handle(task, SIG.SIGUSR1);
    machine.cpu.state.rsp = 0x1000;
    interrupted(0);
    expect(exitToUserModeLoop(machine, task)).toBe(false);
    expect(task.end).toMatchObject({ status: SIG.SIGSEGV, signal: { signo: SIG.SIGSEGV, code: 0x80 } });
  });

  test('the handler of SIGSEGV is not tried again for its own frame', () => {
    handle(task, SIG.SIGSEGV);
    machine.cpu.state.rsp = 0x1000;
    forceSigFault(machine, task, SIG.SIGSEGV, 1, 0x1234n);
    expect(exitToUserModeLoop(machine, task)).toBe(false);
    expect(task.end?.status).toBe(SIG.SIGSEGV);
  });
});

describe('default actions', () => {
  test('a blocked fault kills', () => {
    handle(task, SIG.SIGSEGV);
    task.blocked = setOf(SIG.SIGSEGV);
    forceSigFault(machine, task, SIG.SIGSEGV, 1, 0x1234n);
    expect(exitToUserModeLoop(machine, task)).toBe(false);
    expect(task.end).toMatchObject({ status: SIG.SIGSEGV, signal: { kind: 'fault', address: 0x1234n } });
    // The starter waits for nobody: its children vanish.
    expect(machine.tasks.has(task.pid)).toBe(false);
  });

  test('an orphaned process does not stop but for SIGSTOP', () => {
    killSomethingInfo(machine, SIG.SIGTSTP, task.pid);
    expect(exitToUserModeLoop(machine, task)).toBe(true);
    killSomethingInfo(machine, SIG.SIGSTOP, task.pid);
    expect(exitToUserModeLoop(machine, task)).toBe(false);
    expect(task).toMatchObject({ state: 'stopped', group: { stopped: true, groupExitCode: SIG.SIGSTOP } });
    setSigaction(task, SIG.SIGCONT, HANDLER, SA.RESTORER, 0x402000, NO_SIGNALS);
    killSomethingInfo(machine, SIG.SIGCONT, task.pid);
    expect(exitToUserModeLoop(machine, task)).toBe(true);
    expect(machine.cpu.state.getNumber(REG.rdi)).toBe(SIG.SIGCONT);
  });
});
