/** The interpreter's abstract operations, complete: control transfer and helpers; and the function of one form. */
import type { HelperName } from '../isa/helpers.ts';
import type { Instruction, TargetOperand } from '../isa/instruction.ts';
import { type Ops, VECTOR, type Vector } from '../isa/ops.ts';
import { LINEAR } from '../memory/layout.ts';
import { REG, RFLAGS, STATE } from '../state.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import type { ModuleWriter, Signature } from '../wasm/writer.ts';
import { EXIT, HANDLER, RUNTIME } from './contract.ts';
import { FloatEmitter } from './float.ts';
import { RECORD } from './records.ts';
import { emitFollowLink } from './runtime.ts';
import type { Value } from './values.ts';

const { i32, i64 } = TYPE;

/** Signature of helpers as imports. */
export const HELPER: Signature = { params: [i64, i64, i64, i64], results: [i64] };

export class InterpreterOps extends FloatEmitter implements Ops<Value, Value, Value> {
  nextRip(): Value {
    this.f.get(0);
    this.f.memory(OP.i64Load, RECORD.next);
    return this.pop(i64);
  }

  thisRip(): Value {
    const next = this.nextRip();
    this.f.get(0);
    this.f.memory(OP.i64Load8u, RECORD.length);
    return this.sub(64, next, this.pop(i64));
  }

  modrm(): Value {
    this.f.get(0);
    this.f.memory(OP.i64Load8u, RECORD.modrm);
    return this.pop(i64);
  }

  nonCanonical(address: Value): Value {
    const sixteen = this.int(64, 16);
    return this.ne(64, this.shrS(64, this.shl(64, address, sixteen), sixteen), address);
  }

  jump(target: Value): void {
    const { f } = this;
    this.raiseIf(this.nonCanonical(target), VECTOR.GP);
    if (this.insn.row.mnemonic !== 'RET') this.#noteJump(target);
    this.push(target);
    f.get(1);
    f.i32(0);
    f.returnCallImport('jump', RUNTIME.jump);
  }

  branch(_target: TargetOperand): void {
    emitFollowLink(this.f, RECORD.taken, () => {
      this.f.get(0);
      this.f.memory(OP.i64Load, RECORD.immediate);
    });
  }

  branchIf(c: Value, target: TargetOperand): void {
    this.if(c, () => this.branch(target));
  }

  again(): void {
    this.#storeRip(this.thisRip());
    this.exit(EXIT.look);
  }

  raise(vector: Vector, errorCode = 0): void {
    this.#storeException(vector, errorCode);
    this.exit(EXIT.fault);
  }

  raiseIf(c: Value, vector: Vector, errorCode = 0): void {
    this.if(c, () => this.raise(vector, errorCode));
  }

  trap(vector: Vector): void {
    this.#storeException(vector, 0);
    this.#storeRip(this.nextRip());
    this.exit(EXIT.trap);
  }

  syscall(): void {
    const next = this.nextRip();
    const flags = this.and(64, this.readFlags(), this.int(64, ~RFLAGS.RF));
    this.setRegister(64, REG.rcx, next);
    this.setRegister(64, REG.r11, flags);
    this.#storeRip(next);
    this.exit(EXIT.syscall);
  }

  call(name: HelperName, ...args: Value[]): Value {
    this.saveContext();
    for (let n = 0; n < 4; n++) this.push(args[n] ?? this.int(64, 0));
    this.f.callImport(`helper:${name}`, HELPER);
    return this.pop(i64);
  }

  /** Ends the function: on to the next record, through the fall-through link, or out. */
  finish(): void {
    const { f } = this;
    if (this.mustLook) {
      this.#storeRip(this.nextRip());
      this.exit(EXIT.look);
      f.op(OP.unreachable);
      return;
    }
    if (this.insn.row.ends) {
      emitFollowLink(f, RECORD.fallthrough, () => {
        f.get(0);
        f.memory(OP.i64Load, RECORD.next);
      });
      return;
    }
    f.get(0);
    f.i32(RECORD.size);
    f.op(OP.i32Add);
    f.get(1);
    f.get(0);
    f.memory(OP.i32Load, RECORD.size + RECORD.handler);
    f.returnCallIndirect(HANDLER);
  }

  /** Leaves behind where a computed jump goes: who translates it wants to know. */
  #noteJump(target: Value): void {
    const { f } = this;
    f.i32(0);
    f.memory(OP.i32Load, STATE.jumpRing);
    const at = this.pop(i32);
    this.push(at);
    this.push(this.nextRip());
    f.memory(OP.i64Store, LINEAR.jumpRing);
    this.push(at);
    this.push(target);
    f.memory(OP.i64Store, LINEAR.jumpRing + 8);
    f.i32(0);
    this.push(this.and(32, this.add(32, at, this.int(32, 16)), this.int(32, LINEAR.jumpRingEnd - LINEAR.jumpRing - 1)));
    f.memory(OP.i32Store, STATE.jumpRing);
  }

  #storeRip(value: Value): void {
    this.f.i32(0);
    this.push(value);
    this.f.memory(OP.i64Store, STATE.rip);
  }

  #storeException(vector: number, errorCode: number): void {
    this.f.i32(0);
    this.f.i32(vector);
    this.f.memory(OP.i32Store, STATE.exceptionVector);
    this.f.i32(0);
    this.f.i32(errorCode);
    this.f.memory(OP.i32Store, STATE.exceptionError);
  }
}

/** Adds to a module the function for the form of which `insn` is one example. */
export const emitForm = (m: ModuleWriter, example: Instruction): void => {
  // Operands are told apart by identity, and the decoder shares objects between equal registers.
  const insn: Instruction = { ...example, operands: example.operands.map((op) => ({ ...op })) };
  const o = new InterpreterOps(m.function(HANDLER), insn);
  insn.row.semantics(o, insn);
  o.finish();
};
