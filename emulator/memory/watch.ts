/** Debug registers: places that raise #DB when they are executed, written or accessed (SDM Vol. 3, 17.2). */

export interface Watchpoint {
  /** Which of DR0 .. DR3: the bit of DR6. */
  readonly index: number;
  readonly address: number;
  /** Bytes: 1, 2, 4 or 8. */
  readonly length: number;
  /** `execute` raises a fault before the instruction, unless RFLAGS.RF is set; the others a trap behind it. */
  readonly kind: 'execute' | 'write' | 'access';
}

/** The active ones, and bits of DR6 for those that the instruction in progress has met. */
export interface Watch {
  readonly points: readonly Watchpoint[];
  hits: number;
}

/** Bits of DR6 for an instruction at `address`. */
export const executionHits = ({ points }: Watch, address: number): number => {
  let hits = 0;
  for (const point of points) if (point.kind === 'execute' && point.address === address) hits |= 1 << point.index;
  return hits;
};

/** Notes an access to data. */
export const noteAccess = (watch: Watch, address: number, bytes: number, write: boolean): void => {
  for (const point of watch.points) {
    if (point.kind === 'execute' || (point.kind === 'write' && !write)) continue;
    if (address < point.address + point.length && point.address < address + bytes) watch.hits |= 1 << point.index;
  }
};
