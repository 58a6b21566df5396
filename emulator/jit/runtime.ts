/** Functions that regions end in: back to the interpreter, in the middle of a region or before it, or to the kernel. */
import { EXIT, HANDLER, REST } from '../interpreter/contract.ts';
import { FlagEmitter } from '../interpreter/flags.ts';
import { pushCachedBlock } from '../interpreter/jump-cache.ts';
import { RECORD } from '../interpreter/records.ts';
import { addJump } from '../interpreter/runtime.ts';
import { LEAVES, noteSample } from '../interpreter/samples.ts';
import { storeState32 } from '../interpreter/translate.ts';
import { REG, STATE } from '../state.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import { type FunctionWriter, ModuleWriter } from '../wasm/writer.ts';
import { LEAVE } from './contract.ts';
import { SUBTRACTION } from './frame.ts';

const { i32, i64 } = TYPE;

/** Bits of `flagsAux` that carries give: CF and CF xor OF; AF. */
export const CARRY_BITS = 0xc0000000;
export const AF_BIT = 8;
export const PF_INVERTED_BIT = 2;

/** Where flags are, as locals. */
export interface FlagLocals {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly result: number;
}

/** Pushes `flagsAux`, as 64 bits, of the operation that `kind` (not 0) tells. */
export const pushAuxOfOperation = (f: FunctionWriter, flags: FlagLocals, local: (type: typeof i64) => number): void => {
  const carries = local(i64);
  const left = local(i64);
  const invertedIf = (from: number, subtraction: boolean): void => {
    const plainFirst = !subtraction;
    f.get(from);
    f.get(from);
    f.i64(-1n);
    f.op(OP.i64Xor);
    f.get(flags.kind);
    f.i32(SUBTRACTION);
    f.op(OP.i32And);
    if (!plainFirst) f.op(OP.i32Eqz);
    f.op(OP.select);
  };
  // Carries of a sum are a & b | (a | b) & ~r, borrows of a difference ~a & b | (~a | b) & r.
  invertedIf(flags.a, true);
  f.set(left);
  f.get(left);
  f.get(flags.b);
  f.op(OP.i64And);
  f.get(left);
  f.get(flags.b);
  f.op(OP.i64Or);
  invertedIf(flags.result, false);
  f.op(OP.i64And);
  f.op(OP.i64Or);
  f.set(carries);
  f.get(carries);
  f.i64(64n);
  f.get(flags.kind);
  f.i32(SUBTRACTION - 1);
  f.op(OP.i32And);
  f.op(OP.i64ExtendI32U);
  f.op(OP.i64Sub);
  f.op(OP.i64Shl);
  f.i64(32n);
  f.op(OP.i64ShrU);
  f.i64(BigInt(CARRY_BITS));
  f.op(OP.i64And);
  f.get(carries);
  f.i64(BigInt(AF_BIT));
  f.op(OP.i64And);
  f.op(OP.i64Or);
};

const leave = (m: ModuleWriter, observed: boolean): void => {
  const f = m.function(LEAVE.leave, 'leave');
  const flags: FlagLocals = { kind: 0, a: 1, b: 2, result: 3 };
  const [rip, remaining] = [4, 5];
  const record = f.local(i32);
  const left = f.local(i32);
  f.i32(0);
  f.get(flags.result);
  f.memory(OP.i64Store, STATE.flagsResult);
  f.get(flags.kind);
  f.if();
  pushAuxOfOperation(f, flags, (type) => f.local(type));
  f.set(flags.a);
  f.end();
  f.i32(0);
  f.get(flags.a);
  f.memory(OP.i64Store32, STATE.flagsAux);
  f.get(remaining);
  f.i32(REST);
  f.op(OP.i32LeS);
  f.i32(0);
  f.memory(OP.i32Load, STATE.moreBudget);
  f.op(OP.i32And);
  f.if();
  f.i32(0);
  f.get(rip);
  f.memory(OP.i64Store, STATE.rip);
  storeState32(f, STATE.remaining, () => f.get(remaining));
  storeState32(f, STATE.currentRecord, () => f.i32(0));
  f.i32(EXIT.rest);
  f.op(OP.return);
  f.end();
  f.get(remaining);
  f.i32(REST);
  f.op(OP.i32GtS);
  f.if();
  f.i32(0);
  f.get(rip);
  f.memory(OP.i64Store, STATE.leftAt);
  noteSample(f, LEAVES, () => f.get(rip));
  f.end();
  if (!observed) {
    pushCachedBlock(f, rip);
    f.tee(record);
    f.if();
    f.get(remaining);
    f.get(record);
    f.memory(OP.i32Load16u, RECORD.count);
    f.op(OP.i32Sub);
    f.set(left);
    f.get(left);
    f.i32(0);
    f.op(OP.i32GeS);
    f.if();
    f.get(record);
    f.get(left);
    f.get(record);
    f.memory(OP.i32Load, RECORD.interpreted);
    f.returnCallIndirect(HANDLER);
    f.end();
    f.end();
  }
  f.i32(0);
  f.get(rip);
  f.memory(OP.i64Store, STATE.rip);
  storeState32(f, STATE.remaining, () => f.get(remaining));
  storeState32(f, STATE.currentRecord, () => f.i32(0));
  f.i32(EXIT.interpret);
};

/** SYSCALL of a region. */
const syscall = (m: ModuleWriter): void => {
  const f = m.function(LEAVE.syscall, 'syscall');
  const [rip, remaining] = [0, 1];
  const o = new FlagEmitter(f);
  const flags = o.readFlags();
  f.i32(0);
  o.push(flags);
  f.memory(OP.i64Store, STATE.gpr + 8 * REG.r11);
  f.i32(0);
  f.get(rip);
  f.memory(OP.i64Store, STATE.gpr + 8 * REG.rcx);
  f.i32(0);
  f.get(rip);
  f.memory(OP.i64Store, STATE.rip);
  storeState32(f, STATE.remaining, () => f.get(remaining));
  storeState32(f, STATE.currentRecord, () => f.i32(0));
  f.i32(EXIT.regionSyscall);
};

const unproven = (m: ModuleWriter): void => {
  const f = m.function(LEAVE.unproven, 'unproven');
  const [record, remaining, tagSlot] = [0, 1, 2];
  storeState32(f, STATE.currentRecord, () => f.get(record));
  storeState32(f, STATE.regionSlot, () => f.get(tagSlot));
  storeState32(f, STATE.remaining, () => f.get(remaining));
  f.i32(EXIT.unproven);
};

/** In the place of `addJump`'s: tells TypeScript of every region that is left at its end. */
const observedJump = (m: ModuleWriter): void => {
  const f = m.function(LEAVE.jump, 'jump');
  const [target, remaining] = [0, 1];
  f.i32(0);
  f.get(target);
  f.memory(OP.i64Store, STATE.rip);
  storeState32(f, STATE.remaining, () => f.get(remaining));
  storeState32(f, STATE.currentRecord, () => f.i32(0));
  f.i32(EXIT.left);
};

/**
 * The module that exports what regions import, and `enterInterpreted` as `enter` of the interpreter's runtime. `observed`:
 * whoever leaves a region comes to TypeScript.
 */
export const buildRegionRuntime = (observed: boolean): Uint8Array => {
  const m = new ModuleWriter();
  leave(m, observed);
  if (observed) observedJump(m);
  else addJump(m, LEAVE.jump, null);
  syscall(m);
  unproven(m);
  const enter = m.function(HANDLER, 'enterInterpreted');
  enter.get(0);
  enter.get(1);
  enter.get(0);
  enter.memory(OP.i32Load, RECORD.interpreted);
  enter.callIndirect(HANDLER);
  return m.finish();
};
