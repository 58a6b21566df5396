/** What tests of signals need: a machine whose processes have a stack and never run by themselves. */

import { ALL_FEATURES, type FeatureSet } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { MAP, PROT } from '../abi/mman.ts';
import { SA } from '../abi/signal.ts';
import { NO_SIGNALS } from '../abi/sigset.ts';
import { Machine } from '../machine.ts';
import { memoryHost } from '../memory-host.ts';
import { newMm } from '../mm/mm.ts';
import { doMmap } from '../mm/mmap.ts';
import { defaultLimits, linkTask, newGroup, newTask } from '../process/create.ts';
import { userCredentials } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { newSigHand, setSigaction } from './action.ts';

const MEMORY = 64 << 20;
export const STACK_BOTTOM = 0x7ffff0000000;
export const STACK_SIZE = 0x10000;
export const HANDLER = 0x401000;
export const RESTORER = 0x402000;

export const signalMachine = (features: FeatureSet = ALL_FEATURES): Machine =>
  new Machine({ host: memoryHost(), cpu: 'reference', memory: MEMORY, deterministic: { seed: 1 }, features });

/** Makes `task` the one in the CPU. */
export const makeCurrent = (machine: Machine, task: Task): void => {
  machine.current = task;
  machine.cpu.switchAddressSpace(task.mm.pageTable.root);
};

/** A process with a stack, runnable, in a session and group of its own unless `like` lends its. */
export const addProcess = (machine: Machine, parent: Task, like: Task | null = null): Task => {
  const pid = ++machine.lastPid;
  const settings = like?.group ?? { pgid: pid, sid: pid };
  const task = newTask(machine, {
    pid,
    comm: 'test',
    executable: '/test',
    group: newGroup(pid, {
      pgid: settings.pgid,
      sid: settings.sid,
      sessionLeader: like === null,
      rlimits: defaultLimits(),
    }),
    parent,
    mm: newMm(machine),
    files: { entries: [] },
    fs: machine.init.fs,
    sighand: newSigHand(),
    cred: userCredentials(1000, 1000),
  });
  linkTask(machine, task);
  task.state = 'running';
  const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED;
  makeCurrent(machine, task);
  const stack = doMmap(task.mm, STACK_BOTTOM, STACK_SIZE, PROT.READ | PROT.WRITE, flags, null, 0);
  if (stack !== STACK_BOTTOM) throw new Error(`no stack: ${-stack === ERRNO.ENOMEM ? 'ENOMEM' : stack}`);
  machine.cpu.state.reset();
  machine.cpu.state.rsp = STACK_BOTTOM + STACK_SIZE - 0x800;
  machine.cpu.state.rip = 0x400123;
  return task;
};

/** Another thread of the same process. */
export const addThread = (machine: Machine, leader: Task): Task => {
  const thread = newTask(machine, {
    pid: ++machine.lastPid,
    comm: 'test',
    executable: '/test',
    group: leader.group,
    parent: leader.parent,
    mm: leader.mm,
    files: leader.files,
    fs: leader.fs,
    sighand: leader.sighand,
    cred: leader.cred,
  });
  linkTask(machine, thread);
  thread.state = 'running';
  return thread;
};

/** Gives a signal a handler. */
export const handle = (task: Task, signo: number, flags = 0, mask = NO_SIGNALS): void =>
  setSigaction(task, signo, HANDLER, flags | SA.RESTORER, RESTORER, mask);
