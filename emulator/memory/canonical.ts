/** Linear addresses of 48 bits (SDM Vol. 1, 3.3.7.1). */

/** The lower half ends here. */
export const LOWER_HALF_END = 1n << 47n;

/** Whether bits 63:47 of an address (64 bits) are all alike. */
export const isCanonical = (address: bigint): boolean =>
  address < LOWER_HALF_END || address >= (1n << 64n) - LOWER_HALF_END;
