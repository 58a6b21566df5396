/**
 * The guest's pages in unicorn's own memory: loaded when they are touched, read-only until they are written to, copied
 * back when whoever else looks.
 *
 * Invariants:
 *  - A loaded page is mapped in the current address space, and its frame is marked as code, so that every write by others
 *    is announced and unloads it.
 *  - A frame is loaded at one address at a time.
 *  - Pages that are not dirty hold what their frame holds.
 *  - Few pages are loaded at a time: a thousand mappings take unicorn seconds.
 */
import { PAGE_SIZE } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import { constant, type UnicornEngine, type UnicornModule } from './api.ts';

const MOST_PAGES = 400;

interface Page {
  readonly frame: number;
  dirty: boolean;
}

export class LoadedPages {
  readonly #engine: UnicornEngine;
  readonly #physical: PhysicalMemory;
  readonly #readOnly: number;
  readonly #all: number;
  /** By address. */
  readonly #pages = new Map<number, Page>();
  readonly #byFrame = new Map<number, number>();

  constructor(module: UnicornModule, engine: UnicornEngine, physical: PhysicalMemory) {
    this.#engine = engine;
    this.#physical = physical;
    this.#readOnly = constant(module, 'PROT_READ') | constant(module, 'PROT_EXEC');
    this.#all = constant(module, 'PROT_ALL');
  }

  get size(): number {
    return this.#pages.size;
  }

  /** Makes a page readable, or writable, which `frame` is mapped at. */
  load(address: number, frame: number, writable: boolean): void {
    let page = this.#pages.get(address);
    if (page !== undefined && page.frame !== frame) {
      this.unload(address);
      page = undefined;
    }
    if (page === undefined) {
      const elsewhere = this.#byFrame.get(frame);
      if (elsewhere !== undefined) this.unload(elsewhere);
      if (this.#pages.size >= MOST_PAGES) this.unloadAll();
      this.#engine.mem_map(address, PAGE_SIZE, writable ? this.#all : this.#readOnly);
      this.#engine.mem_write(address, this.#physical.u8.slice(frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE));
      this.#engine.ctl_remove_cache(address, address + PAGE_SIZE);
      page = { frame, dirty: writable };
      this.#pages.set(address, page);
      this.#byFrame.set(frame, address);
      this.#physical.markCode(frame);
    } else if (writable && !page.dirty) {
      this.#engine.mem_protect(address, PAGE_SIZE, this.#all);
      page.dirty = true;
    }
  }

  isDirty(frame: number): boolean {
    const address = this.#byFrame.get(frame);
    return address !== undefined && this.#pages.get(address)!.dirty;
  }

  /** Copies written pages to their frames; `changed` hears of those. They are read-only again. */
  copyBack(changed: (frame: number) => void): void {
    for (const [address, page] of this.#pages) {
      if (!page.dirty) continue;
      this.#physical.u8.set(this.#engine.mem_read(address, PAGE_SIZE), page.frame * PAGE_SIZE);
      this.#engine.mem_protect(address, PAGE_SIZE, this.#readOnly);
      page.dirty = false;
      changed(page.frame);
    }
  }

  /** Forgets a page, if it is loaded, with what was written to it since it was last copied back. */
  unload(address: number): void {
    const page = this.#pages.get(address);
    if (page === undefined) return;
    if (page.dirty) this.#physical.u8.set(this.#engine.mem_read(address, PAGE_SIZE), page.frame * PAGE_SIZE);
    this.#engine.mem_unmap(address, PAGE_SIZE);
    this.#pages.delete(address);
    this.#byFrame.delete(page.frame);
  }

  unloadFrame(frame: number): void {
    const address = this.#byFrame.get(frame);
    if (address !== undefined) this.unload(address);
  }

  unloadRange(start: number, end: number): void {
    for (const address of [...this.#pages.keys()])
      if (address + PAGE_SIZE > start && address < end) this.unload(address);
  }

  unloadAll(): void {
    for (const address of [...this.#pages.keys()]) this.unload(address);
  }
}
