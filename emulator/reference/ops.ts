/**
 * The abstract operations on `bigint`: every value is computed at once, exactly, with eager flags. Slow and plain; the
 * oracle for the other executors.
 */
import { CpuFault, type Helper, type HelperName, helpers } from '../isa/helpers.ts';
import type { Instruction, TargetOperand } from '../isa/instruction.ts';
import { type Ops, VECTOR, type Vector } from '../isa/ops.ts';
import { isCanonical } from '../memory/canonical.ts';
import { REG, RFLAGS } from '../state.ts';
import { ReferenceVectors } from './vectors.ts';

/** How an instruction left, apart from going on with the next. */
export type Exit = 'next' | 'jump' | 'syscall' | 'trap';

export class ReferenceOps extends ReferenceVectors implements Ops<bigint, boolean, bigint> {
  /** The instruction being executed. */
  insn!: Instruction;
  exit: Exit = 'next';
  /** Where to when `exit` is 'jump'. */
  target = 0n;
  trapVector: Vector = 0;
  /** The instruction has done a part of its work that a fault does not take back. */
  resumable = false;

  /**
   * Runs one instruction's function; `exit` tells how it left. Throws `CpuFault`. `singleRound` is for repeated string
   * instructions.
   */
  execute(instruction: Instruction, singleRound = false): void {
    this.insn = instruction;
    this.exit = 'next';
    this.resumable = false;
    this.singleRound = singleRound;
    instruction.row.semantics(this, instruction);
  }

  partlyDone(): void {
    this.resumable = true;
  }

  nextRip(): bigint {
    return BigInt(this.insn.address + this.insn.length);
  }
  thisRip(): bigint {
    return BigInt(this.insn.address);
  }
  modrm(): bigint {
    return BigInt(this.insn.modrm);
  }
  nonCanonical(address: bigint): boolean {
    return !isCanonical(address);
  }
  jump(target: bigint): void {
    if (this.nonCanonical(target)) throw new CpuFault(VECTOR.GP);
    this.exit = 'jump';
    this.target = target;
  }
  branch(target: TargetOperand): void {
    this.jump(target.value);
  }
  branchIf(c: boolean, target: TargetOperand): void {
    if (c) this.jump(target.value);
  }
  again(): void {
    this.exit = 'jump';
    this.target = this.thisRip();
  }
  raise(vector: Vector, errorCode = 0): void {
    throw new CpuFault(vector, errorCode);
  }
  raiseIf(c: boolean, vector: Vector, errorCode = 0): void {
    if (c) throw new CpuFault(vector, errorCode);
  }
  trap(vector: Vector): void {
    this.exit = 'trap';
    this.trapVector = vector;
  }
  syscall(): void {
    const state = this.state;
    state.set(REG.rcx, this.nextRip());
    state.set(REG.r11, BigInt((state.rflags & ~RFLAGS.RF) >>> 0));
    this.exit = 'syscall';
  }
  call(name: HelperName, ...args: bigint[]): bigint {
    const [a = 0n, b = 0n, c = 0n, d = 0n] = args;
    return (helpers[name] as Helper)(this.memory, a, b, c, d);
  }
}
