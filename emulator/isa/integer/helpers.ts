/** Helpers of the integer instructions: selector checks and ENTER. */
import { REG } from '../../state.ts';
import type { Helper, HelperContext } from '../helper.ts';
import { baseOf, checkCodeSelector, checkDataSelector, checkStackSelector, visibleDescriptor } from './descriptors.ts';

/** By number; CS cannot be loaded but by a far transfer. */
const SEGMENTS = ['es', undefined, 'ss', 'ds', 'fs', 'gs'] as const;

const MASK64 = 0xffffffffffffffffn;

export const integerHelpers = {
  /** Loads a segment register, by number, with a selector: checks it, and sets the base that FS and GS have. */
  loadSegment(c: HelperContext, number: bigint, selector: bigint): bigint {
    const name = SEGMENTS[Number(number)];
    const value = Number(selector);
    if (name === undefined) throw new Error(`segment register ${number} cannot be loaded`);
    if (name === 'ss') checkStackSelector(value, c.segments);
    else checkDataSelector(value, c.segments);
    c.state.setWord(name, value);
    if (name === 'fs') c.state.fsBase = baseOf(value, c.segments);
    if (name === 'gs') c.state.gsBase = baseOf(value, c.segments);
    return 0n;
  },
  /** #GP unless SS may hold the selector. */
  checkStackSelector(c: HelperContext, selector: bigint): bigint {
    checkStackSelector(Number(selector), c.segments);
    return 0n;
  },
  /** #GP unless a far jump or call (0) or return (1) may load CS with the selector. */
  checkCodeSelector(_: HelperContext, selector: bigint, isReturn: bigint): bigint {
    checkCodeSelector(Number(selector), isReturn !== 0n);
    return 0n;
  },
  /** Access rights as LAR gives them, or zero. */
  accessRights(c: HelperContext, selector: bigint): bigint {
    return BigInt(visibleDescriptor(Number(selector), c.segments)?.rights ?? 0);
  },
  /** One more than the segment's last offset, or zero. */
  segmentSize(c: HelperContext, selector: bigint): bigint {
    const descriptor = visibleDescriptor(Number(selector), c.segments);
    return descriptor ? BigInt(descriptor.limit) + 1n : 0n;
  },
  /** Bit 0: readable, bit 1: writable. */
  segmentAccess(c: HelperContext, selector: bigint): bigint {
    const descriptor = visibleDescriptor(Number(selector), c.segments);
    return descriptor ? (descriptor.writable ? 3n : 1n) : 0n;
  },
  /**
   * ENTER (SDM Vol. 2A): pushes rBP, `level` - 1 frame pointers of the caller and the new one, and reserves `size`
   * bytes. `bytes` is the operand size. The place where the stack then ends must be writable. As on processors, what
   * was pushed before a fault stays below the old rSP.
   */
  enter(c: HelperContext, size: bigint, level: bigint, bytes: bigint): bigint {
    const { state } = c;
    const width = Number(bytes);
    const levels = Number(level & 31n);
    const mask = (1n << (bytes * 8n)) - 1n;
    const rbp = state.get(REG.rbp);
    let top = state.get(REG.rsp);
    const push = (word: bigint) => {
      top = (top - bytes) & MASK64;
      c.store(width, top, word & mask);
    };
    push(rbp);
    const frame = top;
    for (let n = 1; n < levels; n++) push(c.load(width, (rbp - BigInt(n) * bytes) & MASK64));
    if (levels > 0) push(frame);
    top = (top - size) & MASK64;
    c.probeWrite(top, width);
    state.set(REG.rbp, width === 2 ? (rbp & ~mask) | (frame & mask) : frame);
    state.set(REG.rsp, top);
    return 0n;
  },
} as const satisfies Record<string, Helper>;
