/**
 * Helpers: what is too awkward for abstract operations, written once as plain functions over the CPU's state and shared by
 * all executors. They take and give unsigned 64-bit values; more results go to the state. They may throw `CpuFault`
 * before they change anything.
 */
import { cpuid } from './cpuid.ts';
import { CpuFault, type Helper, type HelperContext } from './helper.ts';
import { integerHelpers } from './integer/helpers.ts';
import { mmxHelpers } from './mmx/state.ts';
import { VECTOR } from './ops.ts';
import { sseHelpers } from './sse/helpers.ts';
import { x87Helpers } from './x87/operation.ts';
import { xsaveHelpers } from './xsave.ts';

export { CpuFault, type Helper, type HelperContext, NON_CANONICAL } from './helper.ts';

const MASK64 = 0xffffffffffffffffn;

const helpersOfTheCore = {
  /** CPUID: leaf and subleaf in; registers rax, rbx, rcx, rdx are written. */
  cpuid(c: HelperContext, leaf: bigint, subleaf: bigint): bigint {
    const [a, b, cx, d] = cpuid(c.features, Number(leaf & 0xffffffffn), Number(subleaf & 0xffffffffn));
    c.state.set(0, BigInt(a >>> 0));
    c.state.set(3, BigInt(b >>> 0));
    c.state.set(1, BigInt(cx >>> 0));
    c.state.set(2, BigInt(d >>> 0));
    return 0n;
  },
  /** #GP where it is forbidden. */
  rdtsc(c: HelperContext): bigint {
    const count = c.timestamp();
    if (count === null) throw new CpuFault(VECTOR.GP);
    return count;
  },
  /** 64 random bits. */
  random(c: HelperContext): bigint {
    return c.random64();
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
export const helpers = {
  ...helpersOfTheCore,
  ...integerHelpers,
  ...sseHelpers,
  ...mmxHelpers,
  ...xsaveHelpers,
  ...x87Helpers,
};

export type HelperName = keyof typeof helpers;
