/**
 * The interface of every executor: JIT, interpreter, reference, and the unicorn adapter.
 */

import type { CpuState } from './cpu-state.ts';
import type { PreparedForms } from './interpreter/prepared.ts';
import type { FeatureSet } from './isa/features.ts';
import type { DataSegments } from './isa/integer/descriptors.ts';
import type { ExitCause } from './jit/cause.ts';
import type { PhysicalMemory } from './memory/physical.ts';
import type { Watchpoint } from './memory/watch.ts';
import type { UnicornModule } from './unicorn/api.ts';

export type CpuKind = 'jit' | 'interpreter' | 'reference' | 'unicorn';

/** Why `run` returned. */
export const STOP = {
  /** The budget is used up; rip is at the next instruction. */
  budget: 0,
  /** A SYSCALL instruction was executed: rip is behind it, rcx and r11 are set. */
  syscall: 1,
  /** `state.exceptionVector`, `exceptionError`, and for #PF `cr2`. rip is at the instruction for faults, behind it for traps. */
  exception: 2,
  /** rip is at an address of `breakpoints`; the instruction there has not run. */
  breakpoint: 3,
} as const;
export type StopReason = (typeof STOP)[keyof typeof STOP];

export interface JitObserver {
  /** A region was translated: its entry, the guest's code, and the WebAssembly made of it. */
  translated(entry: number, guest: string, code: string): void;
  /** A region was left for the interpreter, which executes the instruction there. */
  interpreted(address: number, cause: ExitCause): void;
  /** A region was left for code elsewhere. */
  left(address: number): void;
}

/** How the JIT translates. Nothing of it changes what a program does. */
export interface JitOptions {
  /** How often a block is entered before it is translated; 0: all are translated at once. */
  readonly threshold?: number;
  /** Most bytes of the host's memory for translations, by estimate; the oldest go when it is reached. */
  readonly cacheBytes?: number;
  /** Longest stay in translated code, in instructions. */
  readonly slice?: number;
  /** Told of what happens, for profiles; it takes time. */
  readonly observer?: JitObserver;
}

/** What the CPU asks of its surroundings. */
export interface CpuOptions {
  readonly physical: PhysicalMemory;
  /** RDTSC; null: not now, which is #GP (CR4.TSD). */
  readonly timestamp: () => bigint | null;
  /** RDRAND and its like. */
  readonly random64: () => bigint;
  /** Data segments that the current thread has in the descriptor table, by index. Default: none. */
  readonly segments?: DataSegments;
  /** What CPUID announces; encodings of other features are #UD, or what they meant before. Default: all that is built. */
  readonly features?: FeatureSet;
  /** Generated code of common instructions, made by `prepareForms` of the same version; for a quick start. */
  readonly preparedForms?: PreparedForms;
  readonly jit?: JitOptions;
  /** What the factory of `@alexaltea/unicorn-js/x86` resolves to; `unicorn` needs it. */
  readonly unicorn?: UnicornModule;
}

export interface Cpu {
  readonly kind: CpuKind;
  readonly physical: PhysicalMemory;
  readonly features: FeatureSet;
  /** The live architectural state. The kernel changes it freely between runs. */
  readonly state: CpuState;
  /** Instructions completed since the CPU was made. A repeated string instruction counts once per `REPEAT_LIMIT` rounds; faulting instructions do not count, SYSCALL and traps do. */
  instructions: number;
  /**
   * Executes at most `budget` (1 .. 2^31-1) instructions in the current address space. With RFLAGS.TF set at the start
   * of an instruction, #DB is raised after it.
   */
  run(budget: number): StopReason;
  /** Loads cr3 with the top-level table of an address space (`PageTable.root`). */
  switchAddressSpace(root: number): void;
  /** The entry for this page of the current address space (or any that shares the table) changed. */
  invalidatePage(address: number): void;
  /** Any entries for [start, end) of the current address space changed. */
  invalidateRange(start: number, end: number): void;
  /** Any number of entries of the current address space lost their write permission, and nothing else. */
  flushWrites(): void;
  /** An address space is gone: its `root` may be reused for another. */
  forgetAddressSpace(root: number): void;
  /** After physical memory was put back from a snapshot: all that was derived from it is stale. */
  forgetAll(): void;
  /** Linear addresses before which `run` stops; one at the starting rip is passed over. */
  setBreakpoints(addresses: Iterable<number>): void;
  /**
   * What the debug registers watch: #DB with the reason in `state.dr6`. While there is anything, instructions are executed one
   * by one, and RFLAGS.RF is cleared behind each.
   */
  setWatchpoints(points: readonly Watchpoint[]): void;
}

/** Most rounds of a repeated string instruction that count as one instruction; then it starts again. */
export const REPEAT_LIMIT = 4096;
