/**
 * The segment descriptors which Linux lets 64-bit user code see (arch/x86/include/asm/segment.h), and what loading
 * their selectors does. There is no descriptor table in memory: privileged ones cannot be loaded, and no task has TLS
 * entries or an LDT. All bases are zero.
 */
import { CpuFault } from '../helper.ts';
import { VECTOR } from '../ops.ts';

interface Descriptor {
  /** What LAR gives: access byte in bits 15:8, flags in 23:20; bits 19:16, undefined, as processors give them. */
  readonly rights: number;
  readonly limit: number;
  readonly code: boolean;
  readonly writable: boolean;
  /** 64-bit code. */
  readonly long: boolean;
}

const flat = { limit: 0xffffffff, code: false, writable: false, long: false };

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

/** The descriptor of a selector that is not null, if CPL 3 may see it. */
export const visibleDescriptor = (selector: number): Descriptor | undefined =>
  selector & LDT ? undefined : DESCRIPTORS.get(selector >> 3);

const isNull = (selector: number) => (selector & ~RPL) === 0;

/** #GP with the selector, without its RPL, as error code; zero for a null selector. */
const refuse = (selector: number): never => {
  throw new CpuFault(VECTOR.GP, selector & ~RPL);
};

/** DS, ES, FS, GS: null, or a readable segment. */
export const checkDataSelector = (selector: number): void => {
  if (!isNull(selector) && !visibleDescriptor(selector)) refuse(selector);
};

/** SS: writable data, asked for with RPL 3; never null at CPL 3. */
export const checkStackSelector = (selector: number): void => {
  if (!visibleDescriptor(selector)?.writable || (selector & RPL) !== CPL) refuse(selector);
};

/**
 * CS of a far transfer: the 64-bit code segment. __USER32_CS, which processors accept, would lead to compatibility
 * mode, which this CPU does not have: it is refused like a segment that is not there. Returns need RPL 3, calls and
 * jumps do not.
 */
export const checkCodeSelector = (selector: number, isReturn: boolean): void => {
  if (!visibleDescriptor(selector)?.long || (isReturn && (selector & RPL) !== CPL)) refuse(selector);
};
