/** What was decoded of each frame, until it is written to: for executors that look at one instruction after the other. */
import { PAGE_SIZE } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';

/** Notes of type `T` about instructions, by frame and linear address. Every frame with notes is marked as code. */
export class DecodedCode<T extends { readonly address: number }> {
  readonly #physical: PhysicalMemory;
  readonly #frames = new Map<number, Map<number, T>>();

  constructor(physical: PhysicalMemory) {
    this.#physical = physical;
  }

  /** Of the instruction at an address that is mapped to the frame. */
  find(frame: number, address: number): T | undefined {
    const known = this.#frames.get(frame)?.get(address % PAGE_SIZE);
    return known?.address === address ? known : undefined;
  }

  add(frame: number, note: T): void {
    let page = this.#frames.get(frame);
    if (page === undefined) {
      page = new Map();
      this.#frames.set(frame, page);
      this.#physical.markCode(frame);
    }
    page.set(note.address % PAGE_SIZE, note);
  }

  /** Its bytes change. The mark stays: others may want to hear of writes to it too. */
  forget(frame: number): void {
    this.#frames.delete(frame);
  }

  clear(): void {
    for (const frame of this.#frames.keys()) this.#physical.unmarkCode(frame);
    this.#frames.clear();
  }
}
