/** What a machine and its programs are made with, and how a run may end. */
import type { CpuKind, FeatureSet, JitOptions, PreparedForms, UnicornModule } from '../emulator/api.ts';
import type { RootOptions } from './fs/mounts.ts';
import type { Host } from './host.ts';
import type { Personality } from './kernel.ts';
import type { TapFeed } from './net/tun/types.ts';
import type { SchedulePolicy } from './task/schedule.ts';
import type { Rlimit } from './task/task.ts';

export interface MachineOptions {
  readonly host: Host;
  /** Default `jit`. */
  readonly cpu?: CpuKind;
  /** What CPUID announces; others of the processor's instructions are #UD. Default: all there are. */
  readonly features?: FeatureSet;
  /** Code of common instructions, for a quick start. */
  readonly preparedForms?: PreparedForms;
  /** How the JIT translates. */
  readonly jit?: JitOptions;
  /** What `cpu: 'unicorn'` runs on. */
  readonly unicorn?: UnicornModule;
  /** Bytes of memory, default 1 GiB. */
  readonly memory?: number;
  /** Time and randomness are functions of the instructions executed and of this seed. */
  readonly deterministic?: { readonly seed: number };
  /**
   * Whether a run ends when every task sleeps, and neither a timer nor a stream of the host can wake one, and none waits for a
   * signal. Default true. Otherwise it goes on as long as the host can send signals.
   */
  readonly reportDeadlocks?: boolean;
  /** Default: round-robin. */
  readonly schedule?: SchedulePolicy;
  readonly root?: RootOptions;
  /** Interfaces that show recordings to whoever attaches to them. */
  readonly taps?: readonly TapFeed[];
  readonly hostname?: string;
  readonly personality?: Personality;
  /** Default: 4,096 tasks, 1 GiB in files. */
  readonly limits?: { readonly maxTasks?: number; readonly fileBytes?: number };
  /** Told, once each, what the emulator lacks. */
  readonly log?: (message: string) => void;
}

export interface ProgramOptions {
  /** Path in the guest. */
  readonly path: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** Default `/`. */
  readonly cwd?: string;
  /** Default 0: root. */
  readonly uid?: number;
  readonly gid?: number;
  /**
   * Runs as a job of a shell, in the session of its parent, which makes it stop for SIGTSTP; by default it leads a session
   * of its own, where its process group is an orphan.
   */
  readonly job?: boolean;
  /** Resource limits (RLIMIT numbers) other than the defaults. */
  readonly rlimits?: Readonly<Record<number, Rlimit>>;
}

export interface RunOptions {
  /** When to end: with the first program (default), or with the last task. */
  readonly until?: 'program' | 'all';
  /** Ends after this many instructions. */
  readonly instructions?: number;
}

/** Why `run` ended. */
export type RunEnd =
  /** The first program ended (`machine.program.end`), or with `until: 'all'` everything. */
  | { kind: 'exit' }
  /** `requestStop` was called. */
  | { kind: 'stop' }
  /** A breakpoint of the CPU, at rip of the current task. */
  | { kind: 'breakpoint' }
  /** The instructions given to `run` are used up. */
  | { kind: 'instructions' }
  /** Every task waits, and nothing can wake one. A line for each, of what it waits for and who has it (`waiting.ts`). */
  | { kind: 'deadlock'; waiting: string[] };
