/** The writer of a region's function: temporary locals that are used again, and no calls. */
import type { ValueType } from '../wasm/opcodes.ts';
import { FunctionWriter, type ModuleWriter, type Signature } from '../wasm/writer.ts';

export class RegionWriter extends FunctionWriter {
  #free = new Map<ValueType, number[]>();
  #used: { type: ValueType; local: number }[] = [];
  /** Called instead of a call: leaves the region. Arguments on the stack are dropped. */
  leave: () => void = () => {};
  /** May emit code in the place of a call instead. */
  inline: (name: string) => boolean = () => false;

  constructor(module: ModuleWriter, signature: Signature, exportName?: string) {
    super(module, signature);
    module.add(this, exportName);
  }

  /** A temporary: it may get another meaning after `recycle`. */
  override local(type: ValueType): number {
    const local = this.#free.get(type)?.pop() ?? super.local(type);
    this.#used.push({ type, local });
    return local;
  }

  /** A local for the whole function. */
  fixed(type: ValueType): number {
    return super.local(type);
  }

  /** All temporaries are free again: at the end of an instruction. */
  recycle(): void {
    for (const { type, local } of this.#used) {
      const free = this.#free.get(type);
      if (free === undefined) this.#free.set(type, [local]);
      else free.push(local);
    }
    this.#used.length = 0;
  }

  /** What needs a call is left to the interpreter: code behind is never reached, so the stack may hold anything. */
  override callImport(name: string, _signature: Signature): void {
    if (!this.inline(name)) this.leave();
  }
}
