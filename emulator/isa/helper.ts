/** What a helper is: the types which `helpers.ts` and the families' own helper files share. */
import type { CpuState } from '../cpu-state.ts';
import type { FeatureSet } from './features.ts';
import type { DataSegments } from './integer/descriptors.ts';
import type { Vector } from './ops.ts';

/** In place of an error code: the #GP is for a non-canonical address, which is a #SS if the access was through SS. */
export const NON_CANONICAL = -1;

/**
 * An exception raised inside a helper or an operation; executors turn it into the CPU's exception state. No `Error`: page
 * faults are daily business, and collecting a stack trace costs more than all the rest of one.
 */
export class CpuFault {
  readonly vector: Vector;
  readonly errorCode: number;
  constructor(vector: Vector, errorCode = 0) {
    this.vector = vector;
    this.errorCode = errorCode;
  }
}

/** What helpers may use. */
export interface HelperContext {
  readonly state: CpuState;
  /** Guest memory at a linear address, `bytes` 1..8, little endian. Throws `CpuFault` on a page fault or non-canonical address. */
  load(bytes: number, address: bigint): bigint;
  store(bytes: number, address: bigint, value: bigint): void;
  /** Faults now if any byte of the range is not writable, so that a series of stores cannot stop half-way. */
  probeWrite(address: bigint, bytes: number): void;
  /** Time-stamp counter, 64 bits; null where user code may not read it (CR4.TSD). */
  timestamp(): bigint | null;
  /** 64 random bits. */
  random64(): bigint;
  /** Segments of the descriptor table that are not the same for all. */
  readonly segments: DataSegments;
  /** What the CPU announces. */
  readonly features: FeatureSet;
}

export type Helper = (c: HelperContext, a: bigint, b: bigint, d: bigint, e: bigint) => bigint;
