/**
 * The segment descriptors which Linux lets 64-bit user code see (arch/x86/include/asm/segment.h), and what loading
 * their selectors does. There is no descriptor table in memory: privileged ones cannot be loaded, and no task has an LDT.
 * Others come from outside: a thread may have data segments of its own (GDT_ENTRY_TLS_MIN on), which alone have a base.
 */
import { CpuFault } from '../helper.ts';
import { VECTOR } from '../ops.ts';

/** A data segment that the surroundings have put into the table, as its descriptor says. DPL is 3. */
export interface DataSegment {
  /** 32 bits. */
  readonly base: number;
  /** 20 bits, in bytes or in pages. */
  readonly limit: number;
  readonly pages: boolean;
  readonly writable: boolean;
  readonly expandDown: boolean;
  /** D/B, of 32-bit segments. */
  readonly big: boolean;
  /** AVL. */
  readonly available: boolean;
}

/** The one with this index; null where there is none. */
export type DataSegments = (index: number) => DataSegment | null;

interface Descriptor {
  readonly base: number;
  /** What LAR gives: access byte in bits 15:8, flags in 23:20; bits 19:16, undefined, as processors give them. */
  readonly rights: number;
  readonly limit: number;
  readonly code: boolean;
  readonly writable: boolean;
  /** 64-bit code. */
  readonly long: boolean;
}

const flat = { base: 0, limit: 0xffffffff, code: false, writable: false, long: false };

/** By index in the table. All have DPL 3 and are present and readable. */
const DESCRIPTORS: ReadonlyMap<number, Descriptor> = new Map([
  [4, { ...flat, rights: 0xcffb00, code: true }], // __USER32_CS
  [5, { ...flat, rights: 0xcff300, writable: true }], // __USER_DS
  [6, { ...flat, rights: 0xaffb00, code: true, long: true }], // __USER_CS
  // __CPUNODE_SEG: its limit is node << 12 | cpu.
  [15, { ...flat, rights: 0x40f500, limit: 0 }],
]);

const LDT = 4;
const RPL = 3;
const CPL = 3;

const descriptorOf = (segment: DataSegment): Descriptor => {
  const { base, limit, pages, writable, expandDown, big, available } = segment;
  // Accessed, data, DPL 3, present.
  const access = 0xf1 | (writable ? 2 : 0) | (expandDown ? 4 : 0);
  const flags = (available ? 1 : 0) | (big ? 4 : 0) | (pages ? 8 : 0);
  return {
    ...{ base, limit: pages ? limit * 4096 + 4095 : limit, code: false, writable, long: false },
    rights: (access << 8) | (limit & 0xf0000) | (flags << 20),
  };
};

/** The descriptor of a selector that is not null, if CPL 3 may see it. */
export const visibleDescriptor = (selector: number, segments: DataSegments): Descriptor | undefined => {
  if (selector & LDT) return undefined;
  const own = DESCRIPTORS.get(selector >> 3);
  if (own !== undefined) return own;
  const other = segments(selector >> 3);
  return other === null ? undefined : descriptorOf(other);
};

const isNull = (selector: number) => (selector & ~RPL) === 0;

/** Whether DS, ES, FS and GS may hold the selector: null, or a readable segment. */
export const isDataSelector = (selector: number, segments: DataSegments): boolean =>
  isNull(selector) || visibleDescriptor(selector, segments) !== undefined;

/** #GP with the selector, without its RPL, as error code; zero for a null selector. */
const refuse = (selector: number): never => {
  throw new CpuFault(VECTOR.GP, selector & ~RPL);
};

/** DS, ES, FS, GS. */
export const checkDataSelector = (selector: number, segments: DataSegments): void => {
  if (!isDataSelector(selector, segments)) refuse(selector);
};

/** SS: writable data, asked for with RPL 3; never null at CPL 3. */
export const checkStackSelector = (selector: number, segments: DataSegments): void => {
  if (!visibleDescriptor(selector, segments)?.writable || (selector & RPL) !== CPL) refuse(selector);
};

/** What FS and GS have for a base once they hold the selector. */
export const baseOf = (selector: number, segments: DataSegments): bigint =>
  isNull(selector) ? 0n : BigInt(visibleDescriptor(selector, segments)!.base);

/**
 * CS of a far transfer: the 64-bit code segment. __USER32_CS, which processors accept, would lead to compatibility
 * mode, which this CPU does not have: it is refused like a segment that is not there. Returns need RPL 3, calls and
 * jumps do not.
 */
export const checkCodeSelector = (selector: number, isReturn: boolean): void => {
  if (selector & LDT || !DESCRIPTORS.get(selector >> 3)?.long || (isReturn && (selector & RPL) !== CPL))
    refuse(selector);
};
