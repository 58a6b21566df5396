/**
 * Helpers: what is too awkward for abstract operations, written once as plain functions over the CPU's state and shared by
 * all executors. They take and give unsigned 64-bit values; more results go to the state. They may throw `CpuFault`
 * before they change anything.
 */
import type { CpuState } from '../state.ts';
import { cpuid } from './cpuid.ts';
import type { Vector } from './ops.ts';

/** An exception raised inside a helper or an operation; executors turn it into the CPU's exception state. */
export class CpuFault extends Error {
  readonly vector: Vector;
  readonly errorCode: number;
  constructor(vector: Vector, errorCode = 0) {
    super(`exception ${vector}`);
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
  /** Time-stamp counter, 64 bits. */
  timestamp(): bigint;
  /** 64 random bits. */
  random64(): bigint;
}

export type Helper = (c: HelperContext, a: bigint, b: bigint, d: bigint, e: bigint) => bigint;

const MASK64 = 0xffffffffffffffffn;

const helpersOfTheCore = {
  /** CPUID: leaf and subleaf in; registers rax, rbx, rcx, rdx are written. */
  cpuid(c: HelperContext, leaf: bigint, subleaf: bigint): bigint {
    const [a, b, cx, d] = cpuid(Number(leaf & 0xffffffffn), Number(subleaf & 0xffffffffn));
    c.state.set(0, BigInt(a >>> 0));
    c.state.set(3, BigInt(b >>> 0));
    c.state.set(1, BigInt(cx >>> 0));
    c.state.set(2, BigInt(d >>> 0));
    return 0n;
  },
  rdtsc(c: HelperContext): bigint {
    return c.timestamp();
  },
  /** Unsigned 128 by 64 division: quotient; the caller has excluded overflow and zero. */
  divU128(_: HelperContext, high: bigint, low: bigint, divisor: bigint): bigint {
    return (((high << 64n) | low) / divisor) & MASK64;
  },
  remU128(_: HelperContext, high: bigint, low: bigint, divisor: bigint): bigint {
    return ((high << 64n) | low) % divisor;
  },
  /** Signed 128 by 64: quotient truncated towards zero. #DE when it does not fit or the divisor is zero. */
  divS128(_: HelperContext, high: bigint, low: bigint, divisor: bigint): bigint {
    const d = BigInt.asIntN(64, divisor);
    if (d === 0n) throw new CpuFault(0);
    const q = BigInt.asIntN(128, (high << 64n) | low) / d;
    if (q !== BigInt.asIntN(64, q)) throw new CpuFault(0);
    return q & MASK64;
  },
  /** Remainder belonging to `divS128`, whose checks have passed. */
  remS128(_: HelperContext, high: bigint, low: bigint, divisor: bigint): bigint {
    return (BigInt.asIntN(128, (high << 64n) | low) % BigInt.asIntN(64, divisor)) & MASK64;
  },
} as const satisfies Record<string, Helper>;

/** Every helper by name. Families with many add theirs in files of their own. */
export const helpers = { ...helpersOfTheCore };

export type HelperName = keyof typeof helpers;
