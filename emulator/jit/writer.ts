/** The writer of a region's function: temporary locals that are used again, and no calls. */

import { HANDLER } from '../interpreter/contract.ts';
import { TYPE, type ValueType } from '../wasm/opcodes.ts';
import { FunctionWriter, ModuleWriter, type Signature } from '../wasm/writer.ts';

/** Their numbers go down by one. */
const TYPES = [TYPE.i32, TYPE.i64, TYPE.f32, TYPE.f64, TYPE.v128] as const;

export class RegionWriter extends FunctionWriter {
  /** By type. */
  #free: number[][] = TYPES.map(() => []);
  #used: number[][] = TYPES.map(() => []);
  /** Called instead of a call: leaves the region. Arguments on the stack are dropped. */
  leave: () => void = () => {};

  constructor(module: ModuleWriter, signature: Signature, exportName?: string) {
    super(module, signature);
    module.add(this, exportName);
  }

  /** A temporary: it may get another meaning after `recycle`. */
  override local(type: ValueType): number {
    const n = TYPE.i32 - type;
    const local = this.#free[n]!.pop() ?? super.local(type);
    this.#used[n]!.push(local);
    return local;
  }

  /** A local for the whole function. */
  fixed(type: ValueType): number {
    return super.local(type);
  }

  /** All temporaries are free again: at the end of an instruction. */
  recycle(): void {
    for (let n = 0; n < TYPES.length; n++) {
      const used = this.#used[n]!;
      const free = this.#free[n]!;
      for (let i = 0; i < used.length; i++) free.push(used[i]!);
      used.length = 0;
    }
  }

  /** What needs a call is left to the interpreter: code behind is never reached, so the stack may hold anything. */
  override callImport(_name: string, _signature: Signature): void {
    this.leave();
  }
}

/** Writes nothing: for what an instruction's function does to the emitter. */
export class NullWriter extends RegionWriter {
  constructor() {
    super(new ModuleWriter(), HANDLER);
  }

  override op(): void {}
  override simd(): void {}
  override i32(): void {}
  override i64(): void {}
  override get(): void {}
  override set(): void {}
  override tee(): void {}
  override memory(): void {}
  override simdMemory(): void {}
  override if(): void {
    this.open++;
  }
  override else(): void {}
  override block(): void {
    this.open++;
  }
  override loop(): void {
    this.open++;
  }
  override end(): void {
    this.open--;
  }
  override br(): void {}
  override brIf(): void {}
  override unlikely(): void {}
}
