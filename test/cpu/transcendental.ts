/** Results of x87 functions which the manuals leave open by one unit in the last place, and C1, which tells their rounding. */
import { X87_STATUS } from '../../emulator/state.ts';
import { COMPLETED, type Outcome } from './case.ts';
import type { Shape } from './shape.ts';
import { packX87, unpackX87 } from './x87.ts';

const FUNCTIONS = new Set(['FSIN', 'FCOS', 'FSINCOS', 'FPTAN', 'FPATAN', 'F2XM1', 'FYL2X', 'FYL2XP1']);
/** Vector of #DB: the instruction was done, with TF set. */
const STEPPED = 1;
const FRACTION = (1n << 63n) - 1n;

/** Numbers of equal sign in their order. */
const ordinal = (bits: bigint): bigint => (((bits >> 64n) & 0x7fffn) << 63n) | (bits & FRACTION);

const isClose = (a: bigint, b: bigint): boolean => {
  const distance = ordinal(a) - ordinal(b);
  return a >> 79n === b >> 79n && distance >= -1n && distance <= 1n;
};

/**
 * The host's outcome with the registers and C1 of another that is as good by the manuals (SDM Vol. 1, 8.3.10); undefined
 * where there is nothing to allow for.
 */
export const allowingForPrecision = (host: Outcome, actual: Outcome, shape: Shape | undefined): Outcome | undefined => {
  if (shape === undefined || !FUNCTIONS.has(shape.mnemonic)) return undefined;
  if (host.vector !== actual.vector || !(host.vector === COMPLETED || host.vector === STEPPED)) return undefined;
  const [a, b] = [unpackX87(host.x87), unpackX87(actual.x87)];
  if (!a.st.every((bits, n) => isClose(bits, b.st[n]!))) return undefined;
  const fsw = (a.fsw & ~X87_STATUS.C1) | (b.fsw & X87_STATUS.C1);
  return { ...host, x87: packX87({ ...a, fsw, st: b.st }) };
};
