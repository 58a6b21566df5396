/**
 * The part of the interpreter that is not made from rows: jumps between blocks and what ends them, as WebAssembly functions
 * which generated code calls. Translation and slow accesses are in `translate.ts`.
 */
import { STATE } from '../state.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import { type FunctionWriter, ModuleWriter, type Signature } from '../wasm/writer.ts';
import { EXIT, FIXED_HANDLER, HANDLER, RUNTIME } from './contract.ts';
import { pushCachedBlock, pushLinkable, pushRegion } from './jump-cache.ts';
import { LINK, MOST_FALLEN, RECORD } from './records.ts';
import { addTranslation, storeState32 } from './translate.ts';

const { i32 } = TYPE;

/**
 * Adds `jump`, of a signature that begins as `RUNTIME.jump` does. It goes on at the block for `target`, which the jump cache
 * tells and a link then leads to, or leaves for TypeScript to find it. `link`: the parameter for the link, null if there is none.
 */
export const addJump = (m: ModuleWriter, signature: Signature, link: number | null): void => {
  const f = m.function(signature, 'jump');
  const [target, remaining] = [0, 1];
  const record = f.local(i32);
  const left = f.local(i32);
  const entry = pushCachedBlock(f, target);
  f.set(record);
  f.get(record);
  if (link === null) {
    f.if();
    // A region asks for its budget itself, but for none at all.
    const region = f.local(i32);
    pushRegion(f, entry);
    f.tee(region);
    f.i32(0);
    f.get(remaining);
    f.i32(0);
    f.op(OP.i32GtS);
    f.op(OP.select);
    f.if();
    f.get(record);
    f.get(remaining);
    f.get(region);
    f.returnCallIndirect(HANDLER);
    f.end();
  } else {
    f.i32(0);
    f.op(OP.i32Ne);
    f.get(link);
    f.op(OP.i32Eqz);
    pushLinkable(f, entry);
    f.op(OP.i32Or);
    f.op(OP.i32And);
    f.if();
    f.get(link);
    f.if();
    f.get(link);
    f.get(record);
    f.memory(OP.i32Store);
    f.end();
  }
  f.get(remaining);
  f.get(record);
  f.memory(OP.i32Load16u, RECORD.count);
  f.op(OP.i32Sub);
  f.set(left);
  f.get(left);
  f.i32(0);
  f.op(OP.i32GeS);
  f.if();
  coolDown(f, record);
  f.if();
  f.get(record);
  f.get(left);
  f.get(record);
  f.memory(OP.i32Load, RECORD.handler);
  f.returnCallIndirect(HANDLER);
  f.end();
  leave(f, target, remaining, () => f.i32(0), EXIT.hot);
  f.end();
  leave(f, target, remaining, () => f.i32(0), EXIT.budget);
  f.end();
  leave(f, target, remaining, () => (link === null ? f.i32(0) : f.get(link)), EXIT.resolve);
};

const leave = (f: FunctionWriter, target: number, remaining: number, pushRecord: () => void, code: number): void => {
  f.i32(0);
  f.get(target);
  f.memory(OP.i64Store, STATE.rip);
  storeState32(f, STATE.remaining, () => f.get(remaining));
  storeState32(f, STATE.currentRecord, pushRecord);
  f.i32(code);
  f.op(OP.return);
};

/** Counts an entry of the block whose first record is in the local; pushes how many are left until it is hot. */
const coolDown = (f: FunctionWriter, record: number): void => {
  const heat = f.local(i32);
  f.get(record);
  f.get(record);
  f.memory(OP.i32Load, RECORD.heat);
  f.i32(1);
  f.op(OP.i32Sub);
  f.tee(heat);
  f.memory(OP.i32Store, RECORD.heat);
  f.get(heat);
};

/** Counts that control ran into the block whose first record is in the local, as far as one byte goes. */
const countFallen = (f: FunctionWriter, record: number): void => {
  const fallen = f.local(i32);
  f.get(record);
  f.get(record);
  f.memory(OP.i32Load8u, RECORD.fallen);
  f.tee(fallen);
  f.get(fallen);
  f.i32(MOST_FALLEN);
  f.op(OP.i32LtU);
  f.op(OP.i32Add);
  f.memory(OP.i32Store8, RECORD.fallen);
};

/** Emits a jump through a link field of the record in local 0; budget in local 1. Ends the function. */
export const emitFollowLink = (f: FunctionWriter, linkOffset: number, pushTarget: () => void): void => {
  const to = f.local(i32);
  const left = f.local(i32);
  f.get(0);
  f.memory(OP.i32Load, linkOffset);
  f.set(to);
  f.get(to);
  f.i32(LINK.lookup);
  f.op(OP.i32GtU);
  f.if();
  f.get(1);
  f.get(to);
  f.memory(OP.i32Load16u, RECORD.count);
  f.op(OP.i32Sub);
  f.set(left);
  f.get(left);
  f.i32(0);
  f.op(OP.i32GeS);
  f.if();
  if (linkOffset === RECORD.taken) {
    coolDown(f, to);
    f.if();
  } else {
    countFallen(f, to);
  }
  f.get(to);
  f.get(left);
  f.get(to);
  f.memory(OP.i32Load, RECORD.handler);
  f.returnCallIndirect(HANDLER);
  if (linkOffset === RECORD.taken) {
    f.end();
    f.i32(0);
    pushTarget();
    f.memory(OP.i64Store, STATE.rip);
    storeState32(f, STATE.remaining, () => f.get(1));
    storeState32(f, STATE.currentRecord, () => f.i32(0));
    f.i32(EXIT.hot);
    f.op(OP.return);
  }
  f.end();
  f.end();
  pushTarget();
  f.get(1);
  // An unresolved link is filled in by TypeScript; otherwise the jump cache decides (a linked block over budget misses or leaves there).
  f.get(0);
  f.i32(linkOffset);
  f.op(OP.i32Add);
  f.i32(0);
  f.get(to);
  f.op(OP.i32Eqz);
  f.op(OP.select);
  f.returnCallImport('jump', RUNTIME.jump);
};

/** The runtime module; `env` gives memory, table and `codeWrite(frame)`. */
export const buildRuntime = (): Uint8Array => {
  const m = new ModuleWriter();
  m.import('codeWrite', { params: [i32], results: [] });
  addTranslation(m);
  addJump(m, RUNTIME.jump, 2);
  const enter = m.function(HANDLER, 'enter');
  enter.get(0);
  enter.get(1);
  enter.get(0);
  enter.memory(OP.i32Load, RECORD.handler);
  enter.callIndirect(HANDLER);
  return m.finish();
};

/** The fixed handlers, placed in the table from `FIXED_HANDLER.goOn` on. */
export const buildFixedHandlers = (): Uint8Array => {
  const m = new ModuleWriter();
  m.import('jump', RUNTIME.jump);
  const goOn = m.function(HANDLER);
  emitFollowLink(goOn, RECORD.taken, () => {
    goOn.get(0);
    goOn.memory(OP.i64Load, RECORD.immediate);
  });
  const stop = m.function(HANDLER);
  stop.i32(0);
  stop.get(0);
  stop.memory(OP.i64Load, RECORD.immediate);
  stop.memory(OP.i64Store, STATE.rip);
  storeState32(stop, STATE.remaining, () => stop.get(1));
  stop.i32(EXIT.budget);
  const stale = m.function(HANDLER);
  storeState32(stale, STATE.remaining, () => stale.get(1));
  storeState32(stale, STATE.currentRecord, () => stale.get(0));
  stale.i32(EXIT.stale);
  m.placeInTable(FIXED_HANDLER.goOn);
  return m.finish();
};
