/** Who waits for what, and who has it, in words: for the user, when nothing can run any more. */
import { O } from './abi/fcntl.ts';
import { FUTEX } from './abi/process.ts';
import { signalName } from './abi/signal.ts';
import { syscallName } from './abi/syscalls.ts';
import { syscallArguments } from './entry/syscall.ts';
import { conflicting, type FileLock } from './fs/locks.ts';
import { pipeOf } from './fs/pipe.ts';
import type { Inode, OpenFile } from './fs/types.ts';
import type { SemSleep } from './ipc/sem.ts';
import type { Kernel } from './kernel.ts';
import { FUTEX_WAIT_WHAT, type FutexSleep, type FutexWaiter } from './process/futex.ts';
import { withRegisters } from './process/regset.ts';
import { peekView } from './syscalls/format/guest.ts';
import { address as addressText, hex } from './syscalls/format/text.ts';
import { syscallRow } from './syscalls/table.ts';
import type { Task } from './task/task.ts';
import { isWatched, type Wait } from './task/wait.ts';

/** One task that cannot go on. */
export interface Waiting {
  readonly task: Task;
  /** `process 1000 (cat)`, `thread 1001 of process 1000 (cat)`. */
  readonly who: string;
  /** The system call it is in, as strace writes it: `read(0, 0x7ffd..., 1)`. */
  readonly call: string;
  /** What would have to happen, and who could do it; empty where the call says it all. */
  readonly reasons: readonly string[];
}

/** The machine's own tasks, which never run. */
export interface Waiters extends Kernel {
  readonly starter: Task;
}

/** Bytes from a mutex of glibc's (__lock) to its owner's id (__owner). */
const MUTEX_OWNER = 8;
/** Most tasks that are named in one line. */
const MOST_NAMED = 8;

const nameOf = (task: Task): string =>
  task.group.leader === task
    ? `process ${task.pid} (${task.comm})`
    : `thread ${task.pid} of process ${task.group.tgid} (${task.comm})`;

const listed = (names: readonly string[]): string =>
  names.length > MOST_NAMED
    ? `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`
    : names.join(', ');

/** The task with this id, dead or alive, in words. */
const holder = (kernel: Kernel, tid: number): string => {
  const task = kernel.tasks.get(tid);
  return task === undefined || task.exiting ? `${tid}, which has ended` : nameOf(task);
};

const wordAt = (task: Task, address: number): number | null =>
  peekView(task.mm, address, 4)?.getUint32(0, true) ?? null;

/** What a word is, by what lies in and beside it. Only the kernel's own locks are certain. */
const describeWord = (kernel: Kernel, task: Task, { key, address, pi }: FutexWaiter): string => {
  const owner = kernel.futexes.get(key)?.pi?.owner;
  const at = hex(address);
  if (pi && owner !== undefined) return `the lock at ${at}, which ${nameOf(owner)} holds`;
  const word = wordAt(task, address);
  if (word === null) return `the word at ${at}, which is gone`;
  const tid = word & FUTEX.TID_MASK;
  if (kernel.tasks.get(word)?.clearChildTid === address) return `the end of ${holder(kernel, word)}`;
  if (word & FUTEX.WAITERS && kernel.tasks.has(tid)) return `the lock at ${at}, which ${holder(kernel, tid)} holds`;
  if (word === 1 || word === 2) {
    const mutex = wordAt(task, address + MUTEX_OWNER);
    if (mutex !== null && mutex !== 0 && kernel.tasks.get(mutex)?.mm === task.mm) {
      return `the mutex at ${at}, which ${holder(kernel, mutex)} holds`;
    }
  }
  return `the word at ${at}, which is ${word}, to be woken`;
};

const everyone = (kernel: Waiters): Task[] =>
  [...kernel.tasks.values()].filter((task) => task !== kernel.init && task !== kernel.starter && !task.exiting);

/** Processes that have such a file open, with the descriptors. */
const whoHasOpen = (kernel: Waiters, matches: (file: OpenFile) => boolean): string => {
  const names: string[] = [];
  for (const task of everyone(kernel)) {
    if (task.group.leader !== task) continue;
    const fds: number[] = [];
    task.files.entries.forEach((entry, fd) => {
      if (entry !== undefined && matches(entry.file)) fds.push(fd);
    });
    if (fds.length > 0) names.push(`${nameOf(task)} as ${fds.join(' and ')}`);
  }
  return names.length === 0 ? 'nobody' : listed(names);
};

const MAY_READ: readonly number[] = [O.RDONLY, O.RDWR];
const MAY_WRITE: readonly number[] = [O.WRONLY, O.RDWR];

const describePipe = (kernel: Waiters, file: OpenFile, reading: boolean): string[] => {
  const pipe = pipeOf(file);
  if (pipe === null) return [];
  const modes = reading ? MAY_WRITE : MAY_READ;
  const others = whoHasOpen(kernel, (each) => pipeOf(each) === pipe && modes.includes(each.flags & O.ACCMODE));
  return [
    reading
      ? `the pipe is empty; its writing end is open in ${others}`
      : `the pipe is full; its reading end is open in ${others}`,
  ];
};

const describeLock = (kernel: Waiters, inode: Inode, wanted: FileLock | null): string[] => {
  const { locks } = inode;
  if (locks === null) return [];
  const held = wanted === null ? locks.whole[0] : conflicting(locks.records, wanted);
  if (held === undefined) return [];
  const owners = whoOwns(kernel, held);
  return [`the file is locked by ${owners}`];
};

const whoOwns = (kernel: Waiters, held: FileLock): string => {
  const task = everyone(kernel).find(({ files }) => files === held.owner);
  return task === undefined ? whoHasOpen(kernel, (file) => file === held.owner) : nameOf(task);
};

const describeSemaphore = (kernel: Kernel, { set, blocking }: SemSleep): string[] => {
  const semaphore = set.semaphores[blocking.number];
  if (semaphore === undefined) return [];
  const last = semaphore.pid === 0 ? 'nobody changed it' : `changed last by ${holder(kernel, semaphore.pid)}`;
  const wanted = blocking.change === 0 ? 'it shall be 0' : `${Math.abs(blocking.change)} wanted`;
  return [`semaphore ${blocking.number} of set ${set.id} is ${semaphore.value}, ${wanted}; ${last}`];
};

const describeChildren = (task: Task): string[] => {
  const children = task.group.threads.flatMap((thread) => thread.children).filter(({ exiting }) => !exiting);
  return [`children: ${children.length === 0 ? 'none' : listed(children.map(nameOf))}`];
};

/** What keeps a task asleep, as far as the call does not say it. */
const reasonsOf = (kernel: Waiters, task: Task, args: readonly number[]): string[] => {
  const { wait } = task;
  if (wait === null) return [];
  const file = task.files.entries[args[0] ?? -1]?.file;
  switch (wait.what) {
    case FUTEX_WAIT_WHAT:
      return (wait.data as FutexSleep).waiters.map((waiter) => describeWord(kernel, task, waiter));
    case 'pipe_read':
    case 'pipe_write':
      return file === undefined ? [] : describePipe(kernel, file, wait.what === 'pipe_read');
    case 'fcntl_setlk':
      return describeLock(kernel, wait.data.lock.inode, wait.data.lock.lock);
    case 'flock_lock_inode_wait':
      return file === undefined ? [] : describeLock(kernel, file.inode, null);
    case 'do_wait':
      return describeChildren(task);
    case 'vfork':
      return [`that ${holder(kernel, wait.data.child)} executes a program or ends`];
    default:
      return (wait.data as SemSleep | undefined)?.blocking === undefined ? [] : describeSemaphore(kernel, wait.data);
  }
};

/** `read(0, 0x7ffd1234, 1)`: arguments that the call fills are addresses still. */
const callText = (kernel: Kernel, task: Task, args: readonly number[]): string => {
  const row = syscallRow(task.origAx);
  if (row === undefined) return syscallName(task.origAx) ?? String(task.origAx);
  const texts: string[] = [];
  for (const [index, [, type]] of row.args.entries()) {
    const value = args[index]!;
    const text =
      type.out === true ? addressText(value) : type.format(value, { kernel, task, args, index, result: undefined });
    if (text === null) break;
    if (text !== '') texts.push(text);
  }
  return `${row.name}(${texts.join(', ')})`;
};

const describe = (kernel: Waiters, task: Task): Waiting => {
  const who = nameOf(task);
  if (task.state === 'stopped') {
    return { task, who, call: '', reasons: [`stopped by ${signalName(task.group.groupStopSignal)}`] };
  }
  if (task.state === 'traced') {
    const { tracer } = task.trace!;
    return { task, who, call: '', reasons: [`stopped for its tracer, ${nameOf(tracer)}`] };
  }
  const row = syscallRow(task.origAx);
  const args = row === undefined ? [] : withRegisters(kernel, task, () => syscallArguments(kernel, row));
  return { task, who, call: callText(kernel, task, args), reasons: reasonsOf(kernel, task, args) };
};

/** Every task that is neither dead nor one of the machine's own. */
export const whoWaits = (kernel: Waiters): Waiting[] => everyone(kernel).map((task) => describe(kernel, task));

/** The same, a line each. */
export const describeWaiting = (kernel: Waiters): string[] =>
  whoWaits(kernel).map(({ who, call, reasons }) =>
    call === '' ? `${who}: ${reasons.join('; ')}` : `${who}: waits in ${[call, ...reasons].join(': ')}`,
  );

/** Sleeps in which a program waits for a signal of whoever may send one; others do so if it gave them nothing to wait for. */
const FOR_SIGNALS: ReadonlySet<string> = new Set(['pause', 'sigsuspend', 'sigtimedwait', 'signalfd_read']);
const FOR_NOTHING: ReadonlySet<string> = new Set(['do_sys_poll', 'do_select']);

const isForSignals = ({ what, queues }: Wait): boolean =>
  FOR_SIGNALS.has(what) || (FOR_NOTHING.has(what) && queues.length === 0);

/**
 * Someone outside may wake a task by a signal, and is expected to: it waits for one, or is stopped. A handler alone says
 * nothing: a program that waits for its own lock does not wait for Ctrl-C.
 */
export const awaitsSignals = (kernel: Waiters): boolean =>
  everyone(kernel).some(
    ({ state, wait, sighand }) =>
      state === 'stopped' || (wait !== null && isForSignals(wait)) || isWatched(sighand.signalfd),
  );
