/** Making tasks and processes out of nothing: defaults of a new program, and the kernel's own init. */

import { TASK_STATE_SIZE } from '../../emulator/api.ts';
import { DEFAULT_TIMER_SLACK } from '../abi/process.ts';
import { RLIM_NLIMITS, RLIMIT } from '../abi/resource.ts';
import { SECCOMP_MODE } from '../abi/seccomp.ts';
import { SIG, SIG_IGN } from '../abi/signal.ts';
import { NO_SIGNALS } from '../abi/sigset.ts';
import type { FsContext } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { type Mm, newMm } from '../mm/mm.ts';
import { newSigHand } from '../signal/action.ts';
import { newPending } from '../signal/pending.ts';
import { userCredentials } from '../task/capability.ts';
import { newSchedAttributes, PRIO } from '../task/priority.ts';
import {
  type Credentials,
  type FileTable,
  type IntervalTimer,
  NO_TLS,
  noUsage,
  type Rlimit,
  type SigHand,
  type Task,
  type ThreadGroup,
} from '../task/task.ts';
import { waitQueue } from '../task/wait.ts';
import type { Tty } from '../tty/tty.ts';

const INFINITY = Number.POSITIVE_INFINITY;

export const disarmed = (): IntervalTimer => ({ expires: INFINITY, interval: 0, lastExpiry: 0 });

const STACK_LIMIT = 8 << 20;
const FILE_LIMIT = 1024;
const FILE_HARD_LIMIT = 1 << 20;
const MEMLOCK_LIMIT = 8 << 20;
const MSGQUEUE_LIMIT = 819200;
/** Processes and queued signals of one user. */
const USER_LIMIT = 96365;

/** The limits of a login on an ordinary system, without core dumps. */
export const defaultLimits = (): Rlimit[] => {
  const limits = Array.from({ length: RLIM_NLIMITS }, (): Rlimit => ({ soft: INFINITY, hard: INFINITY }));
  const set = (resource: number, soft: number, hard: number) => {
    limits[resource] = { soft, hard };
  };
  set(RLIMIT.STACK, STACK_LIMIT, INFINITY);
  set(RLIMIT.CORE, 0, INFINITY);
  set(RLIMIT.NPROC, USER_LIMIT, USER_LIMIT);
  set(RLIMIT.NOFILE, FILE_LIMIT, FILE_HARD_LIMIT);
  set(RLIMIT.MEMLOCK, MEMLOCK_LIMIT, MEMLOCK_LIMIT);
  set(RLIMIT.SIGPENDING, USER_LIMIT, USER_LIMIT);
  set(RLIMIT.MSGQUEUE, MSGQUEUE_LIMIT, MSGQUEUE_LIMIT);
  set(RLIMIT.NICE, 0, 0);
  set(RLIMIT.RTPRIO, 0, 0);
  return limits;
};

/** What a thread group is made with. */
export interface GroupSettings {
  pgid: number;
  sid: number;
  sessionLeader: boolean;
  tty?: Tty | null;
  rlimits: Rlimit[];
}

/** A thread group with no thread yet. */
export const newGroup = (tgid: number, settings: GroupSettings): ThreadGroup => ({
  tgid,
  threads: [],
  // The first task which joins.
  leader: undefined as unknown as Task,
  currTarget: undefined as unknown as Task,
  sharedPending: newPending(),
  groupExiting: false,
  groupExitCode: 0,
  groupStopSignal: 0,
  groupStopCount: 0,
  stopped: false,
  continued: false,
  childReport: 0,
  unkillable: false,
  pgid: settings.pgid,
  sid: settings.sid,
  sessionLeader: settings.sessionLeader,
  ttyOldPgrp: 0,
  tty: settings.tty ?? null,
  childWait: waitQueue(),
  endWait: waitQueue(),
  rlimits: settings.rlimits,
  itimers: { real: disarmed(), virtual: disarmed(), prof: disarmed() },
  posixTimers: new Map(),
  nextPosixTimer: 0,
  restoresTimerIds: false,
  cpuTimers: [],
  usage: noUsage(),
  childUsage: noUsage(),
  childSubreaper: false,
  oom: { adjust: 0, least: 0 },
  execd: false,
});

/** What a task is made with; all else starts as for a new program. */
export interface TaskSettings {
  pid: number;
  comm: string;
  executable: string;
  group: ThreadGroup;
  parent: Task | null;
  mm: Mm;
  files: FileTable;
  fs: FsContext;
  sighand: SigHand;
  cred: Credentials;
}

/** A task which is not yet known to anyone. It joins its group, as leader if it is the first. */
export const newTask = (kernel: Kernel, settings: TaskSettings): Task => {
  // Field by field: an object that begins with a spread takes V8 many times as long.
  const task: Task = {
    pid: settings.pid,
    comm: settings.comm,
    executable: settings.executable,
    group: settings.group,
    parent: settings.parent,
    mm: settings.mm,
    files: settings.files,
    fs: settings.fs,
    sighand: settings.sighand,
    cred: settings.cred,
    state: 'sleeping',
    children: [],
    saved: new Uint8Array(TASK_STATE_SIZE),
    origAx: -1,
    inSyscall: false,
    debug: null,
    dr6: 0,
    trace: null,
    ptraced: [],
    call: -1,
    entering: null,
    exitDue: null,
    blocked: NO_SIGNALS,
    realBlocked: NO_SIGNALS,
    savedSigmask: null,
    pending: newPending(),
    sigpending: false,
    stopPending: false,
    altstack: { sp: 0, size: 0, flags: 0 },
    restart: { kind: 'none' },
    cr2: 0n,
    trapNr: 0,
    errorCode: 0,
    wait: null,
    vforkDone: null,
    exiting: false,
    exitSignal: SIG.SIGCHLD,
    exitCode: 0,
    end: null,
    parentDeathSignal: 0,
    clearChildTid: 0,
    robustList: 0,
    sched: newSchedAttributes(),
    prio: PRIO.NICE_ZERO,
    inheritedPrio: PRIO.NONE,
    yielded: false,
    deadline: null,
    awakeSince: 0,
    sliceStart: 0,
    rseq: null,
    rseqEvent: false,
    piStates: [],
    sysvsem: null,
    noNewPrivs: false,
    noTsc: false,
    userDispatch: null,
    tls: NO_TLS,
    personality: 0,
    seccomp: { mode: SECCOMP_MODE.DISABLED, filter: null },
    dumpable: 1,
    usage: noUsage(),
    instructions: 0,
    syscalls: 0,
    signals: 0,
    startTime: kernel.now(),
    pidfdIno: 0,
    timerSlack: DEFAULT_TIMER_SLACK,
    defaultTimerSlack: DEFAULT_TIMER_SLACK,
    mceKill: { own: false, early: false },
    ioFlusher: false,
  };
  const { group } = task;
  if (group.threads.length === 0) group.leader = group.currTarget = task;
  group.threads.push(task);
  return task;
};

/** Makes a task known: by its id, and to its parent. */
export const linkTask = (kernel: Kernel, task: Task): void => {
  kernel.tasks.set(task.pid, task);
  if (task.parent !== null && task.group.leader === task) task.parent.children.push(task);
};

/**
 * A process of the kernel's own, which never runs and whose dead children vanish: pid 1, and the shell-like parent that
 * the first program finds.
 */
export const newIdleProcess = (kernel: Kernel, pid: number, comm: string, parent: Task | null, fs: FsContext): Task => {
  const group = newGroup(pid, { pgid: pid, sid: pid, sessionLeader: true, rlimits: defaultLimits() });
  group.unkillable = true;
  const sighand = newSigHand();
  for (const action of sighand.action) action.handler = SIG_IGN;
  const task = newTask(kernel, {
    pid,
    comm,
    executable: '',
    group,
    parent,
    mm: newMm(kernel),
    files: { entries: [] },
    fs,
    sighand,
    cred: userCredentials(0, 0),
  });
  linkTask(kernel, task);
  return task;
};
