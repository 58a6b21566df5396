/**
 * Translation of addresses in generated code: the TLB, the walk of the page tables on a miss, and accesses that cross pages.
 *
 * Invariants:
 *  - A TLB entry is the address of a page, negated (64 bits), and (frame offset - page address) mod 2^32. It lies where bits
 *    26:12 of the address say; an empty one has an address that belongs elsewhere (`tlb.ts`).
 *  - Every filled entry's index is in the filled list, so that a flush clears only those.
 *  - A write entry exists only for frames without decoded code.
 */
import { LOWER_HALF_END } from '../memory/canonical.ts';
import { LINEAR, PAGE_SHIFT, PAGE_SIZE, TLB_BITS, TLB_ENTRY_BITS } from '../memory/layout.ts';
import { PTE } from '../memory/paging.ts';
import { STATE } from '../state.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import type { FunctionWriter, ModuleWriter } from '../wasm/writer.ts';
import { RUNTIME } from './contract.ts';
import { addFillLarge, forgetLeave, largeTable, noteLargeMiss, pushLargeMiss, pushMayBeLarge } from './large.ts';
import { fillEntry, pushHost, pushMiss } from './look.ts';

const { i32, i64 } = TYPE;

const FAULT = { pf: 14, gp: 13 } as const;

/** Numbers of functions in their module, as `addTranslation` adds them. */
const LOCAL = { translateRead: 0, translateWrite: 1, fillLargeRead: 2, fillLargeWrite: 3 } as const;

/** Pushes the offset in a table of the entry for the address in local `address`. */
const pushTlbSlot = (f: FunctionWriter, address: number): void => {
  f.get(address);
  f.op(OP.i32WrapI64);
  f.i32(PAGE_SHIFT - TLB_ENTRY_BITS);
  f.op(OP.i32ShrU);
  f.i32(((1 << TLB_BITS) - 1) << TLB_ENTRY_BITS);
  f.op(OP.i32And);
};

/** Finds the entry for the address in local `address`, leaves it in `slot`, and pushes 1 if it does not translate all of the access. */
export const pushTlbMiss = (f: FunctionWriter, table: number, slot: number, address: number, bytes: number): void => {
  pushTlbSlot(f, address);
  f.set(slot);
  pushMiss(f, table, slot, address, bytes, PAGE_SIZE);
};

/** Stores 32 bits in a field of the CPU state. */
export const storeState32 = (f: FunctionWriter, address: number, push: () => void): void => {
  f.i32(0);
  push();
  f.memory(OP.i32Store, address);
};

/** Records a fault and returns `result`. */
const fault = (f: FunctionWriter, vector: number, pushError: () => void, address: number): void => {
  storeState32(f, STATE.exceptionVector, () => f.i32(vector));
  storeState32(f, STATE.exceptionError, pushError);
  if (vector === FAULT.pf) {
    f.i32(0);
    f.get(address);
    f.memory(OP.i64Store, STATE.cr2);
  }
  storeState32(f, STATE.faultPending, () => f.i32(1));
};

/** Leaves the page's frame (byte offset) in a local, from its entry in the page tables; or returns with a fault. */
const walk = (
  f: FunctionWriter,
  write: boolean,
  address: number,
  frame: number,
  onEntry: (slot: number) => void,
): void => {
  const error = write ? 2 | 4 : 4;
  const pte = f.local(i32);
  const slot = f.local(i32);
  f.i32(0);
  f.memory(OP.i32Load, STATE.cr3);
  f.set(frame);
  for (let level = 3; level >= 0; level--) {
    f.get(frame);
    f.get(address);
    f.i64(BigInt(12 + 9 * level));
    f.op(OP.i64ShrU);
    f.op(OP.i32WrapI64);
    f.i32(511);
    f.op(OP.i32And);
    f.i32(3);
    f.op(OP.i32Shl);
    f.op(OP.i32Add);
    f.set(slot);
    f.get(slot);
    f.memory(OP.i32Load);
    f.set(pte);
    f.get(pte);
    f.i32(PTE.present);
    f.op(OP.i32And);
    f.op(OP.i32Eqz);
    f.if();
    fault(f, FAULT.pf, () => f.i32(error), address);
    f.i32(-1);
    f.op(OP.return);
    f.end();
    f.get(pte);
    f.i32(-4096);
    f.op(OP.i32And);
    f.set(frame);
  }
  if (write) {
    f.get(pte);
    f.i32(PTE.write);
    f.op(OP.i32And);
    f.op(OP.i32Eqz);
    f.if();
    fault(f, FAULT.pf, () => f.i32(error | 1), address);
    f.i32(-1);
    f.op(OP.return);
    f.end();
  }
  f.get(slot);
  f.get(pte);
  f.i32(write ? PTE.accessed | PTE.dirty : PTE.accessed);
  f.op(OP.i32Or);
  f.memory(OP.i32Store);
  if (write) {
    f.get(frame);
    f.i32(12);
    f.op(OP.i32ShrU);
    f.memory(OP.i32Load8u, LINEAR.frameFlags);
    f.if();
    f.get(frame);
    f.i32(12);
    f.op(OP.i32ShrU);
    f.callImport('codeWrite', { params: [i32], results: [] });
    f.end();
  }
  onEntry(slot);
};

/** translateRead and translateWrite: TLB, then a walk of the page tables (`memory/paging.ts` has the same walk). */
const translate = (m: ModuleWriter, write: boolean): void => {
  const f = m.function(RUNTIME.translateRead, write ? 'translateWrite' : 'translateRead');
  const table = write ? LINEAR.tlbWrite : LINEAR.tlbRead;
  const address = 0;
  const slot = f.local(i32);
  const large = f.local(i32);
  const frame = f.local(i32);
  const filled = f.local(i32);
  const error = write ? 2 | 4 : 4;
  pushTlbMiss(f, table, slot, address, 1);
  f.op(OP.i32Eqz);
  f.if();
  pushHost(f, table, slot, address);
  f.op(OP.return);
  f.end();
  // Above the lower half: non-canonical is #GP, the upper half is never mapped for users.
  f.get(address);
  f.i64(LOWER_HALF_END);
  f.op(OP.i64GeU);
  f.if();
  f.get(address);
  f.i64(16n);
  f.op(OP.i64Shl);
  f.i64(16n);
  f.op(OP.i64ShrS);
  f.get(address);
  f.op(OP.i64Ne);
  f.if();
  fault(f, FAULT.gp, () => f.i32(-1), address);
  f.else();
  fault(f, FAULT.pf, () => f.i32(error), address);
  f.end();
  f.i32(-1);
  f.op(OP.return);
  f.end();
  pushLargeMiss(f, table, large, address, 1);
  f.op(OP.i32Eqz);
  f.if();
  noteLargeMiss(f);
  pushHost(f, largeTable(table), large, address);
  f.set(frame);
  f.else();
  walk(f, write, address, frame, (pageEntry) => {
    pushMayBeLarge(f, address, frame);
    f.if();
    f.get(address);
    f.get(pageEntry);
    f.get(frame);
    f.callLocal(write ? LOCAL.fillLargeWrite : LOCAL.fillLargeRead);
    f.end();
  });
  f.end();
  fillEntry(f, table, slot, address, frame, PAGE_SIZE);
  f.i32(0);
  f.memory(OP.i32Load, STATE.tlbFilledCount);
  f.set(filled);
  f.get(filled);
  f.i32(FILLED_LIMIT);
  f.op(OP.i32LtU);
  f.if();
  f.get(filled);
  f.i32(1);
  f.op(OP.i32Shl);
  f.get(slot);
  f.i32(TLB_ENTRY_BITS);
  f.op(OP.i32ShrU);
  if (write) {
    f.i32(0x8000);
    f.op(OP.i32Or);
  }
  f.memory(OP.i32Store16, LINEAR.tlbFilled);
  storeState32(f, STATE.tlbFilledCount, () => {
    f.get(filled);
    f.i32(1);
    f.op(OP.i32Add);
  });
  f.end();
  forgetLeave(f);
  pushHost(f, table, slot, address);
};

/** Entries of the filled list; a count that reaches it means "all of both tables". */
export const FILLED_LIMIT = (LINEAR.tlbFilledEnd - LINEAR.tlbFilled) / 2;

/** Stack: 1 if the `bytes` (local) bytes at `address` (local) cross a page. */
const pushCrosses = (f: FunctionWriter, address: number, bytes: number): void => {
  f.get(address);
  f.op(OP.i32WrapI64);
  f.i32(4095);
  f.op(OP.i32And);
  f.get(bytes);
  f.op(OP.i32Add);
  f.i32(4096);
  f.op(OP.i32GtU);
};

/** Last byte's address in `last`; records a #GP and returns 1 on the stack if the range leaves the canonical lower half. */
const spansCanonicalEnd = (f: FunctionWriter, address: number, bytes: number, last: number): void => {
  f.get(address);
  f.get(bytes);
  f.op(OP.i64ExtendI32U);
  f.op(OP.i64Add);
  f.i64(1n);
  f.op(OP.i64Sub);
  f.set(last);
  f.get(address);
  f.i64(LOWER_HALF_END);
  f.op(OP.i64LtU);
  f.get(last);
  f.i64(LOWER_HALF_END);
  f.op(OP.i64GeU);
  f.op(OP.i32And);
};

/** The first byte of the page after the one of `address`: what a fault on the second page reports. */
const pushSecondPage = (f: FunctionWriter, last: number): void => {
  f.get(last);
  f.i64(-4096n);
  f.op(OP.i64And);
};

/** Byte offset of byte n of an access: first + n, or in the second page. */
const pushByteHost = (f: FunctionWriter, address: number, first: number, second: number, n: number): void => {
  f.get(first);
  f.get(n);
  f.op(OP.i32Add);
  f.get(second);
  f.get(address);
  f.op(OP.i32WrapI64);
  f.get(n);
  f.op(OP.i32Add);
  f.i32(4095);
  f.op(OP.i32And);
  f.op(OP.i32Add);
  f.get(address);
  f.op(OP.i32WrapI64);
  f.i32(4095);
  f.op(OP.i32And);
  f.get(n);
  f.op(OP.i32Add);
  f.i32(4096);
  f.op(OP.i32LtU);
  f.op(OP.select);
};

/**
 * Leaves in `first` and, if the access crosses a page, in `second` the byte offsets of its parts; on a fault runs `onFault`.
 */
const translateBoth = (
  f: FunctionWriter,
  translateOne: (typeof LOCAL)['translateRead' | 'translateWrite'],
  locals: { address: number; bytes: number; last: number; first: number; second: number },
  onFault: () => void,
): void => {
  const { address, bytes, last, first, second } = locals;
  spansCanonicalEnd(f, address, bytes, last);
  f.if();
  fault(f, FAULT.gp, () => f.i32(-1), address);
  onFault();
  f.end();
  f.get(address);
  f.callLocal(translateOne);
  f.set(first);
  f.get(first);
  f.i32(-1);
  f.op(OP.i32Eq);
  f.if();
  onFault();
  f.end();
  pushCrosses(f, address, bytes);
  f.if();
  pushSecondPage(f, last);
  f.callLocal(translateOne);
  f.set(second);
  f.get(second);
  f.i32(-1);
  f.op(OP.i32Eq);
  f.if();
  onFault();
  f.end();
  f.end();
};

const loadSlow = (m: ModuleWriter): void => {
  const f = m.function(RUNTIME.loadSlow, 'loadSlow');
  const [address, bytes] = [0, 1];
  const locals = { address, bytes, last: f.local(i64), first: f.local(i32), second: f.local(i32) };
  const value = f.local(i64);
  const n = f.local(i32);
  const host = f.local(i32);
  translateBoth(f, LOCAL.translateRead, locals, () => {
    f.i64(0n);
    f.op(OP.return);
  });
  // Byte by byte, highest first; bytes of the second page lie at second + (their offset in that page).
  f.get(bytes);
  f.set(n);
  f.loop();
  f.get(n);
  f.i32(1);
  f.op(OP.i32Sub);
  f.set(n);
  pushByteHost(f, address, locals.first, locals.second, n);
  f.set(host);
  f.get(value);
  f.i64(8n);
  f.op(OP.i64Shl);
  f.get(host);
  f.memory(OP.i64Load8u);
  f.op(OP.i64Or);
  f.set(value);
  f.get(n);
  f.brIf(0);
  f.end();
  f.get(value);
};

const storeSlow = (m: ModuleWriter): void => {
  const f = m.function(RUNTIME.storeSlow, 'storeSlow');
  const [address, bytes, value] = [0, 1, 2];
  const locals = { address, bytes, last: f.local(i64), first: f.local(i32), second: f.local(i32) };
  const n = f.local(i32);
  translateBoth(f, LOCAL.translateWrite, locals, () => f.op(OP.return));
  f.loop();
  pushByteHost(f, address, locals.first, locals.second, n);
  f.get(value);
  f.memory(OP.i64Store8);
  f.get(value);
  f.i64(8n);
  f.op(OP.i64ShrU);
  f.set(value);
  f.get(n);
  f.i32(1);
  f.op(OP.i32Add);
  f.set(n);
  f.get(n);
  f.get(bytes);
  f.op(OP.i32LtU);
  f.brIf(0);
  f.end();
};

const probeWrite = (m: ModuleWriter): void => {
  const f = m.function(RUNTIME.probeWrite, 'probeWrite');
  const [address, bytes] = [0, 1];
  const locals = { address, bytes, last: f.local(i64), first: f.local(i32), second: f.local(i32) };
  translateBoth(f, LOCAL.translateWrite, locals, () => {
    f.i32(-1);
    f.op(OP.return);
  });
  f.i32(0);
  f.get(locals.first);
  pushCrosses(f, address, bytes);
  f.op(OP.select);
};

/** Adds the functions to a module whose only import is `codeWrite`, as its first ones: they call each other by number (`LOCAL`). */
export const addTranslation = (m: ModuleWriter): void => {
  translate(m, false);
  translate(m, true);
  addFillLarge(m, false);
  addFillLarge(m, true);
  loadSlow(m);
  storeSlow(m);
  probeWrite(m);
};
