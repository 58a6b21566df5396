/**
 * A task: Linux's task_struct, signal_struct, sighand_struct, files_struct and fs_struct as plain data.
 */
import type { CapSet } from '../abi/capability.ts';
import type { SigSet } from '../abi/sigset.ts';
import type { FsContext, OpenFile } from '../fs/types.ts';
import type { SemUndoList } from '../ipc/undo.ts';
import type { Mm } from '../mm/mm.ts';
import type { PiState } from '../process/futex.ts';
import type { SeccompFilter } from '../process/seccomp.ts';
import type { Tty } from '../tty/tty.ts';
import type { DeadlineEntity } from './deadline.ts';
import type { Trace } from './trace.ts';
import type { Wait, WaitQueue } from './wait.ts';

/**
 * `running` includes runnable. `sleeping` is interruptible or not as `wait.uninterruptible` says. `stopped` is
 * TASK_STOPPED (job control), `traced` TASK_TRACED (stopped for its tracer). `zombie` waits for its parent; `dead` is reaped.
 */
export type TaskState = 'running' | 'sleeping' | 'stopped' | 'traced' | 'zombie' | 'dead';

/** What comes with a signal; the field groups of siginfo_t's union. Addresses and values are unsigned 64-bit. */
export type SigInfo = { signo: number; errno: number; code: number } & (
  | { kind: 'kill'; pid: number; uid: number } // SI_USER, SI_TKILL
  | { kind: 'queue'; pid: number; uid: number; value: bigint } // SI_QUEUE and other rt_sigqueueinfo codes
  /** `origin` and `sequence` are the kernel's: a timer's signal is void when the timer has gone on to another sequence. */
  | { kind: 'timer'; timer: number; overrun: number; value: bigint; origin?: PosixTimer; sequence?: number }
  | { kind: 'child'; pid: number; uid: number; status: number; utime: number; stime: number }
  | { kind: 'fault'; address: bigint; addressLsb?: number; trapno?: number }
  | { kind: 'poll'; band: bigint; fd: number }
  | { kind: 'sys'; address: bigint; syscall: number; arch: number }
  | { kind: 'raw'; bytes: Uint8Array } // rt_sigqueueinfo with a layout of its own: all 128 bytes
  | { kind: 'none' }
);

/** A queued signal (struct sigqueue). A signal may be pending with none, when the queue's limit was reached. */
export interface SigPending {
  /** Which signals are pending. */
  signal: SigSet;
  /** In order of arrival; those below `head` have been taken already: `queued` in signal/pending.ts has the others. */
  queue: SigInfo[];
  /** Not 0 in long queues only, from which taking the first one must not move all others. */
  head: number;
  /** How many of the queue are entries of POSIX timers, which count as long as there is the timer. */
  timers: number;
}

/** struct k_sigaction. `handler` is SIG_DFL 0, SIG_IGN 1 or an address. */
export interface SigAction {
  handler: number;
  flags: number;
  restorer: number;
  mask: SigSet;
  /** The kernel set it to force a fatal signal: no one may change it any more (SA_IMMUTABLE). */
  immutable: boolean;
}

/** sighand_struct: shared by threads. `action[n]` is for signal n; [0] is unused. */
export interface SigHand {
  action: SigAction[];
  /** Who reads or polls a signalfd: told of every signal to a task with these actions. */
  signalfd: WaitQueue;
}

/** One interval timer of setitimer(2). Nanoseconds; `expires` is Infinity when disarmed. */
export interface IntervalTimer {
  /** ITIMER_REAL: monotonic clock. ITIMER_VIRTUAL and PROF: the group's CPU time. */
  expires: number;
  interval: number;
  /** ITIMER_REAL: when it last went off. With an interval it is armed again when its signal is taken. */
  lastExpiry: number;
}

/** One timer of timer_create(2) (struct k_itimer). Nanoseconds on its clock. */
export interface PosixTimer {
  id: number;
  clock: number;
  /** The CPU time it runs on: of a process, or of one thread; user time alone if `virtual`. Null for other clocks. */
  cpu: { group: ThreadGroup; thread: Task | null; virtual: boolean } | null;
  owner: ThreadGroup;
  /** 0 for SIGEV_NONE. */
  signo: number;
  /** As it was asked for: SIGEV_*, and the signal even of those that send none. */
  asked: { notify: number; signo: number };
  value: bigint;
  /** SIGEV_THREAD_ID: who gets the signal; null for the process. */
  thread: Task | null;
  /** The timer of a sleep on CPU time: who is woken. No signal then. */
  sleeper: Task | null;
  /** Infinity when it is not armed. */
  expires: number;
  interval: number;
  /** Its signal was sent; it is armed again when that is taken (POSIX_TIMER_REQUEUE_PENDING). `due` is its expiry. */
  waiting: boolean;
  due: number;
  /** The signal was ignored, and is sent when that ends. */
  ignored: boolean;
  /** Expirations since the last signal, less one; and as of the last signal (timer_getoverrun(2)). */
  overrun: number;
  lastOverrun: number;
  sequence: number;
}

/** A resource limit; Infinity is RLIM_INFINITY. */
export interface Rlimit {
  soft: number;
  hard: number;
}

/** What getrusage(2) and times(2) count. Times in nanoseconds of CPU. */
export interface Usage {
  utime: number;
  stime: number;
  /** Page faults without and with input/output. */
  minflt: number;
  majflt: number;
  /** Context switches: by sleeping, by being preempted. */
  nvcsw: number;
  nivcsw: number;
  /** Most pages ever resident. */
  maxrss: number;
}

export const noUsage = (): Usage => ({ utime: 0, stime: 0, minflt: 0, majflt: 0, nvcsw: 0, nivcsw: 0, maxrss: 0 });

/** signal_struct: what the threads of a process share. */
export interface ThreadGroup {
  tgid: number;
  threads: Task[];
  leader: Task;
  /** Where the search for a thread that takes a signal begins: who took the last one (signal->curr_target). */
  currTarget: Task;
  sharedPending: SigPending;
  /** Everyone must die with `groupExitCode`. */
  groupExiting: boolean;
  /** Wait status (wait(2)) of a group exit, or of the last stop. */
  groupExitCode: number;
  /** A group stop is in progress or complete with this signal; 0 for none. */
  groupStopSignal: number;
  /** Threads which have not yet stopped. */
  groupStopCount: number;
  /** SIGNAL_STOP_STOPPED: every thread is stopped by job control. */
  stopped: boolean;
  /** SIGNAL_STOP_CONTINUED: SIGCONT ended a stop, which wait(2) has still to report. */
  continued: boolean;
  /** SIGNAL_CLD_MASK: CLD_STOPPED or CLD_CONTINUED, of which the next thread to run tells the parent; 0 for none. */
  childReport: number;
  /** SIGNAL_UNKILLABLE: the init process. */
  unkillable: boolean;
  pgid: number;
  sid: number;
  sessionLeader: boolean;
  /** The controlling terminal (signal->tty). */
  tty: Tty | null;
  /** A session leader's: the foreground group of the terminal it lost by hang-up; 0 for none (signal->tty_old_pgrp). */
  ttyOldPgrp: number;
  /** Who waits in wait4/waitid for a child of this group. */
  childWait: WaitQueue;
  /** Who polls a pidfd until the process has ended, or was waited for. */
  endWait: WaitQueue;
  rlimits: Rlimit[];
  itimers: { real: IntervalTimer; virtual: IntervalTimer; prof: IntervalTimer };
  posixTimers: Map<number, PosixTimer>;
  nextPosixTimer: number;
  /** timer_create(2) is told which number to give (PR_TIMER_CREATE_RESTORE_IDS). */
  restoresTimerIds: boolean;
  /** Armed timers, of whatever owner, on CPU time of this group or of its threads. */
  cpuTimers: PosixTimer[];
  /** Usage of dead threads, and of children that were waited for with all theirs. */
  usage: Usage;
  childUsage: Usage;
  /** prctl(PR_SET_CHILD_SUBREAPER). */
  childSubreaper: boolean;
  /** /proc/PID/oom_score_adj, and the least that it may be set to without CAP_SYS_RESOURCE. */
  oom: { adjust: number; least: number };
  /** This process has called execve since its fork (setpgid refuses then). */
  execd: boolean;
}

/** files_struct: descriptor -> open file and close-on-exec. */
export interface FileTable {
  /** Sparse: undefined where closed. */
  entries: (FileDescriptor | undefined)[];
}

export interface FileDescriptor {
  file: OpenFile;
  closeOnExec: boolean;
}

/** struct cred. */
export interface Credentials {
  uid: number;
  gid: number;
  euid: number;
  egid: number;
  suid: number;
  sgid: number;
  fsuid: number;
  fsgid: number;
  groups: number[];
  /** What a new program may keep; what may be made effective; what counts now (capabilities(7)). */
  inheritable: CapSet;
  permitted: CapSet;
  effective: CapSet;
  /** What no program gains beyond, and what programs without privileges keep. */
  bounding: CapSet;
  ambient: CapSet;
  /** `SECBIT` and their locks. */
  securebits: number;
}

/** Alternate signal stack (sigaltstack(2)). */
export interface AltStack {
  sp: number;
  size: number;
  /** SS_ONSTACK is computed, SS_DISABLE and SS_AUTODISARM are kept. */
  flags: number;
}

/** What restart_syscall(2) is to go on with (struct restart_block). Plain data by kind. */
export type RestartBlock =
  | { kind: 'none' }
  | { kind: 'nanosleep'; clock: number; deadline: number; remaining: number }
  | { kind: 'poll'; fds: number; count: number; deadline: number }
  | { kind: 'futex'; address: number; value: number; deadline: number; bitset: number; isPrivate: boolean };

/** DR0 to DR3 and DR7. */
export interface DebugRegisters {
  addresses: number[];
  control: number;
}

/** No descriptors. */
export const NO_TLS: Task['tls'] = Object.freeze([]);

/** A segment: its base, limit, and `USER_DESC_FLAG` bits. */
export interface TlsDescriptor {
  readonly base: number;
  readonly limit: number;
  readonly flags: number;
}

/** What sched_setscheduler(2), setpriority(2) and ioprio_set(2) set. */
export interface SchedAttributes {
  policy: number;
  /** -20 to 19. */
  nice: number;
  /** 1 to 99 with SCHED_FIFO and SCHED_RR, 0 with others. */
  priority: number;
  resetOnFork: boolean;
  /** Nanoseconds: of SCHED_DEADLINE; `runtime` with others is the slice that was asked for, 0 for the usual one. */
  runtime: number;
  deadline: number;
  period: number;
  /** SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN. */
  deadlineFlags: number;
  ioprio: number;
}

/** How a process ended, for reports. */
export interface TaskEnd {
  /** Wait status as wait(2) encodes it. */
  status: number;
  /** For a death by signal: its siginfo, and rip at that time. */
  signal?: SigInfo;
  rip?: number;
}

export interface Task {
  pid: number;
  state: TaskState;
  /** Program name, at most 15 bytes (PR_SET_NAME). */
  comm: string;
  /** Path of the executable, as /proc/PID/exe. */
  executable: string;
  group: ThreadGroup;
  parent: Task | null;
  /** Only of thread-group leaders' creation; children hang on the task that made them. */
  children: Task[];
  mm: Mm;
  files: FileTable;
  fs: FsContext;
  sighand: SigHand;
  cred: Credentials;

  /** CPU registers while not running (`TASK_STATE_SIZE` bytes of the CPU state). */
  saved: Uint8Array;
  /** pt_regs->orig_ax: syscall number at entry, -1 outside of syscalls. */
  origAx: number;
  /** The syscall must be tried again when the task runs. */
  inSyscall: boolean;
  /** Debug registers that a tracer has set (thread.ptrace_bps, ptrace_dr7); null if there are none. */
  debug: DebugRegisters | null;
  /** Why it had its last #DB (thread.virtual_dr6). */
  dr6: number;
  /** Who traces it (ptrace(2)), and how. */
  trace: Trace | null;
  /** Whom it traces. */
  ptraced: Task[];
  /** The call in progress while `inSyscall`: a tracer may change `origAx`. */
  call: number;
  /**
   * It stopped for its tracer before the call in `origAx`: at its entry, for a filter of seccomp, or at the entry of one that
   * will not be made (PTRACE_SYSEMU); or at a vsyscall, for a filter too. Or it sleeps there, until someone says what becomes of
   * the call (SECCOMP_RET_USER_NOTIF).
   */
  entering: 'call' | 'seccomp' | 'emulated' | 'notified' | 'vsyscall' | null;
  /** Status with which it exits as soon as its tracer, told of that, lets it go on. */
  exitDue: number | null;

  blocked: SigSet;
  /** What `blocked` is outside of a running rt_sigtimedwait, which opens it for those it waits for; empty otherwise. */
  realBlocked: SigSet;
  /** Mask to put back on the way to user mode (TIF_RESTORE_SIGMASK); null when none. */
  savedSigmask: SigSet | null;
  pending: SigPending;
  /** TIF_SIGPENDING. */
  sigpending: boolean;
  /** JOBCTL_STOP_PENDING: the task has still to take part in the group stop. */
  stopPending: boolean;
  altstack: AltStack;
  restart: RestartBlock;
  /** thread.cr2, trap_nr, error_code: of the last fault, shown in signal frames. */
  cr2: bigint;
  trapNr: number;
  errorCode: number;

  wait: Wait | null;
  /** Who waits for this task's vfork child to exec or exit. */
  vforkDone: WaitQueue | null;
  /** PF_EXITING. */
  exiting: boolean;
  /** Signal sent to the parent at exit, 0..64. */
  exitSignal: number;
  exitCode: number;
  end: TaskEnd | null;
  /** prctl(PR_SET_PDEATHSIG). */
  parentDeathSignal: number;
  /** CLONE_CHILD_CLEARTID address or 0. */
  clearChildTid: number;
  robustList: number;
  sched: SchedAttributes;
  /** What it is served by, as the kernel counts (`priority.ts`): its own, or what it inherits if that is more important. */
  prio: number;
  /** Of those who wait for its locks (futexes with priority inheritance), PRIO.NONE without. */
  inheritedPrio: number;
  /** It gave way to its equals (sched_yield). */
  yielded: boolean;
  /** With SCHED_DEADLINE. */
  deadline: DeadlineEntity | null;
  /** CPU time in nanoseconds when it woke last, of real-time tasks. */
  awakeSince: number;
  /** `instructions` when its turn with SCHED_RR began. */
  sliceStart: number;
  /** The area of rseq(2), or null; and whether something came between since it last ran in user mode. */
  rseq: { address: number; length: number; signature: number } | null;
  rseqEvent: boolean;
  /** Futexes with priority inheritance that the task owns and others wait for. */
  piStates: PiState[];
  /** What semop(2) with SEM_UNDO left to be undone at the end. */
  sysvsem: SemUndoList | null;
  noNewPrivs: boolean;
  /**
   * Calls from outside of this range, or with `inside` from it, are SIGSYS, where the byte at `selector` (0: always) says so;
   * null for none.
   */
  userDispatch: { offset: number; length: number; selector: number; inside: boolean } | null;
  /** Descriptors of segments that a tracer has set (thread.tls_array), null where it has not. */
  tls: readonly (TlsDescriptor | null)[];
  /** Reading the time-stamp counter is SIGSEGV (TIF_NOTSC). */
  noTsc: boolean;
  /** personality(2). */
  personality: number;
  /** Which system calls it may make: SECCOMP_MODE_*, and the filters of that mode, newest first. */
  seccomp: { mode: number; filter: SeccompFilter | null };
  dumpable: number;

  usage: Usage;
  /** Instructions executed in user mode. */
  instructions: number;
  syscalls: number;
  signals: number;
  /** Monotonic nanoseconds at creation. */
  startTime: number;
  /** Inode number of descriptors that name it; 0 before the first. */
  pidfdIno: number;
  /** How late its timers may be, and what 0 makes of that (PR_SET_TIMERSLACK). Kept: they are exact here. */
  timerSlack: number;
  defaultTimerSlack: number;
  /** What it wants to hear of broken memory, of which there is none (PF_MCE_PROCESS, PF_MCE_EARLY). */
  mceKill: { own: boolean; early: boolean };
  /** It serves input and output (PR_SET_IO_FLUSHER), which is kept without effect. */
  ioFlusher: boolean;
}
