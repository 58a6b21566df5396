/** 64 bits as a bigint and as two unsigned halves: by way of memory, for which V8 calls nothing, as it does for `Number(...)`. */

const whole = new BigUint64Array(1);
const halves = new Uint32Array(whole.buffer);

/** Bits 31:0. */
export const lowHalf = (value: bigint): number => {
  whole[0] = value;
  return halves[0]!;
};

/** Bits 63:32. */
export const highHalf = (value: bigint): number => {
  whole[0] = value;
  return halves[1]!;
};

export const fromHalves = (low: number, high: number): bigint => {
  halves[0] = low;
  halves[1] = high;
  return whole[0]!;
};
