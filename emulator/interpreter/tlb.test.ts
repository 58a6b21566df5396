import { describe, expect, it } from 'vitest';
import { LARGE_BITS, LARGE_SHIFT, LINEAR, PAGE_SHIFT, TLB_BITS } from '../memory/layout.ts';
import { PhysicalMemory } from '../memory/physical.ts';
import { initTlb, invalidateTlb, resetTlb } from './tlb.ts';

const SMALL = { shift: PAGE_SHIFT, bits: TLB_BITS, tables: [LINEAR.tlbRead, LINEAR.tlbWrite] };
const LARGE = { shift: LARGE_SHIFT, bits: LARGE_BITS, tables: [LINEAR.largeRead, LINEAR.largeWrite] };

/** Addresses in the middle and at both ends of pages, among them the first page and those that share its entry. */
const ADDRESSES = [
  0n,
  1n << 12n,
  1n << 21n,
  1n << 27n,
  1n << 30n,
  0x7fff_f800_0000n,
  0x7fff_ffff_f000n,
  0xffff_8000_0000_0000n,
].flatMap((page) => [page, page + 8n, page + 0xfffn, page + 0x1ffffen]);

const slotOf = (address: bigint, shift: number, bits: number): number =>
  Number((address >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n));

/** What generated code asks: how far behind the start of its page an entry says that the address is. */
const hits = ({ view }: PhysicalMemory): string[] =>
  [SMALL, LARGE].flatMap(({ shift, bits, tables }) =>
    tables.flatMap((table) =>
      ADDRESSES.filter((address) => {
        const entry = view.getBigUint64(table + 16 * slotOf(address, shift, bits), true);
        return BigInt.asUintN(64, address + entry) < 1n << BigInt(shift);
      }).map((address) => `${table.toString(16)} ${address.toString(16)}`),
    ),
  );

/** Fills all entries for the addresses. */
const fill = ({ view }: PhysicalMemory): void => {
  for (const { shift, bits, tables } of [SMALL, LARGE]) {
    for (const table of tables) {
      for (const address of ADDRESSES) {
        const page = (address >> BigInt(shift)) << BigInt(shift);
        view.setBigUint64(table + 16 * slotOf(address, shift, bits), BigInt.asUintN(64, -page), true);
      }
    }
  }
};

describe('empty entries of the TLB', () => {
  it('translate nothing at the start', () => {
    const physical = new PhysicalMemory(1 << 20);
    initTlb(physical);
    expect(hits(physical)).toEqual([]);
  });

  it('translate nothing after a reset', () => {
    const physical = new PhysicalMemory(1 << 20);
    fill(physical);
    expect(hits(physical).length).toBeGreaterThan(0);
    resetTlb(physical);
    expect(hits(physical)).toEqual([]);
  });

  it('translate nothing after their pages were invalidated, whatever is left of them', () => {
    const physical = new PhysicalMemory(1 << 20);
    fill(physical);
    for (const address of ADDRESSES) invalidateTlb(physical, Number(address));
    expect(hits(physical)).toEqual([]);
  });
});
