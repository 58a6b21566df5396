/** The JIT: the interpreter, with regions of translated code in the place of blocks that are entered often. */
import type { CpuOptions, JitObserver } from '../cpu.ts';
import { EXIT } from '../interpreter/contract.ts';
import { InterpreterCpu } from '../interpreter/cpu.ts';
import { MOST_FALLEN } from '../interpreter/records.ts';
import { LARGE_MISSES, LEAVES, SampleReader } from '../interpreter/samples.ts';
import { CpuFault } from '../isa/helper.ts';
import { fetchInstruction } from '../memory/fetch.ts';
import { PAGE_SIZE } from '../memory/layout.ts';
import { STATE } from '../state.ts';
import { codeText } from '../wasm/text.ts';
import { RegionCache, type Translation } from './cache.ts';
import { accessesMemory, type ExitCause, exitCause } from './cause.ts';
import { discover, type Region, type RegionLimits } from './cfg.ts';
import { MARK } from './contract.ts';
import { writeFloatConstants } from './float-mode.ts';
import { jumpTargets } from './profile.ts';
import { listRegion } from './region.ts';
import { buildRegionRuntime } from './runtime.ts';
import { Steps } from './steps.ts';

const THRESHOLD = 20_000;
/** Blocks that were entered less than this part as often as makes one hot stay outside of regions. */
const SELDOM = 1 / 256;
/** Some five thousand regions of the usual length. */
const CACHE_BYTES = 512 << 20;
const LIMITS: RegionLimits = { instructions: 300, pages: 8, calls: 1, targets: 16 };

/**
 * Longest stay in generated code, in instructions: V8 puts optimised code in the place of a function only when it is
 * called again. The longer nothing was translated, the less there is to wait for: a stay may take that part of the time since.
 */
const SLICE = 200_000;
const LONGEST_SLICE = 4_000_000;
const SLICE_SHARE = 1 / 64;

/**
 * Samples of misses between two looks that are worth doing something: one access in 65 missed. With that many pages their entries of the
 * TLB do not stay in the host's nearest caches either; with fewer, looking in two places costs more than it saves.
 */
const LARGE_SAMPLES = 12;
/** The same of instructions at which a region was left: that took a twentieth of the time. */
const LEAVE_SAMPLES = 6;
/** So many of the samples make an instruction one to translate otherwise. */
const VOTES = 3;

export class JitCpu extends InterpreterCpu {
  override readonly kind = 'jit';
  readonly #cache: RegionCache;
  readonly #steps: Steps;
  readonly #observer: JitObserver | undefined;
  readonly #largeMisses = new SampleReader(LARGE_MISSES);
  readonly #leaves = new SampleReader(LEAVES);
  /** Translates what has not run yet. */
  readonly #eager: boolean;
  /** How often a block was entered that belongs into a region. */
  readonly #least: number;
  /** Instructions after which something was translated last; none if slices are to stay as they are. */
  #translatedAt = 0;

  constructor(options: CpuOptions) {
    super(options);
    const { threshold = THRESHOLD, cacheBytes = CACHE_BYTES, slice, observer } = options.jit ?? {};
    this.#observer = observer;
    this.slice = slice ?? SLICE;
    if (slice !== undefined) this.#translatedAt = Number.POSITIVE_INFINITY;
    writeFloatConstants(this.physical);
    const runtime = this.forms.link(buildRegionRuntime(observer !== undefined));
    this.enterInterpreted = runtime.enterInterpreted as typeof this.enterInterpreted;
    const { blocks } = this;
    const cache = new RegionCache(
      blocks,
      (bytes) => this.forms.link(bytes, runtime),
      this.forms,
      this.physical,
      cacheBytes,
    );
    this.#cache = cache;
    const steps = new Steps(this.memory);
    this.#steps = steps;
    if (observer !== undefined) {
      cache.onTranslated = (region, f) => observer.translated(region.entry, listRegion(region), codeText(f));
    }
    this.#eager = threshold <= 1;
    this.#least = Math.min(MOST_FALLEN, Math.floor(threshold * SELDOM));
    blocks.heat = threshold;
    blocks.onBlock = (block) => {
      if (threshold === 0) this.onHot(block.address);
      else cache.install(block);
    };
    blocks.onInvalidate = (frame) => {
      steps.invalidateFrame(frame);
      cache.invalidateFrame(frame);
    };
    blocks.onClear = () => {
      steps.clear();
      cache.clear();
    };
  }

  protected override onHot(address: number): void {
    const { cr2Wide } = this.state;
    const within = this.#frameOf(address, (frame) => this.#cache.isWithin(frame, address));
    this.#translate(address, within);
    // Looking at pages that cannot be fetched leaves no trace.
    this.state.cr2Wide = cr2Wide;
  }

  #translate(address: number, cut: boolean): void {
    const region = this.#discover(address, cut);
    if (region === null) return;
    this.#prove(this.#cache.add(region, cut));
    if (this.#translatedAt < this.instructions) {
      this.#translatedAt = this.instructions;
      this.slice = SLICE;
    }
  }

  /** Instructions where regions were left again and again of late are translated otherwise. */
  protected override onLook(times: number): void {
    const unchanged = (this.instructions - this.#translatedAt) * SLICE_SHARE;
    if (unchanged > this.slice) this.slice = Math.floor(Math.min(LONGEST_SLICE, unchanged));
    const large = this.#largeMisses.frequent(this.physical, times * LARGE_SAMPLES, VOTES);
    const left = this.#leaves.frequent(this.physical, times * LEAVE_SAMPLES, VOTES);
    if (large.length === 0 && left.length === 0) return;
    const { cr2Wide } = this.state;
    const again = new Set<Translation>();
    const mark = (address: number, bits: number) =>
      this.#frameOf(address, (frame) => {
        for (const translation of this.#cache.mark(frame, address, bits)) again.add(translation);
        return true;
      });
    for (const address of large) mark(address, MARK.large);
    for (const address of left) if (this.#accesses(address)) mark(address, MARK.apart);
    for (const { address, frame, cut } of again) {
      if (this.#frameOf(address, (now) => now === frame)) this.#translate(address, cut);
    }
    this.state.cr2Wide = cr2Wide;
  }

  #accesses(address: number): boolean {
    try {
      return accessesMemory(fetchInstruction(this.memory, address).instruction);
    } catch (error) {
      if (error instanceof CpuFault) return false;
      throw error;
    }
  }

  #discover(address: number, within: boolean): Region | null {
    const isEntry = (frame: number, at: number) => this.#cache.find(frame, at) !== undefined;
    const stop = (at: number) =>
      at !== address &&
      (this.blocks.breakpoints.has(at) || (within && this.#frameOf(at, (frame) => isEntry(frame, at))));
    let went: ReturnType<typeof jumpTargets> | undefined;
    const profile = {
      runs: (frame: number, at: number) => {
        if (this.#eager) return true;
        const block = this.blocks.known(frame, at);
        return block !== undefined && this.blocks.entries(block) >= this.#least;
      },
      targets: (next: number) => {
        went ??= jumpTargets(this.physical);
        return went.get(next) ?? [];
      },
    };
    const region = discover(this.#steps, address, LIMITS, profile, stop);
    if (region === null || region.structure.reducible) return region;
    // Loops with several entries come from functions that return to several places more often than from the code itself.
    return discover(this.#steps, address, { ...LIMITS, calls: 0, targets: 0 }, profile, stop);
  }

  /** Whether the frame of an address is such; not if there is none. */
  #frameOf(address: number, is: (frame: number) => boolean): boolean {
    try {
      return is(this.memory.fetchFrame(address) / PAGE_SIZE);
    } catch (error) {
      if (error instanceof CpuFault) return false;
      throw error;
    }
  }

  protected override onLeft(address: number, code: number): void {
    const observer = this.#observer;
    if (observer === undefined) return;
    if (code === EXIT.left) observer.left(address);
    else observer.interpreted(address, this.#causeOf(address));
  }

  #causeOf(address: number): ExitCause {
    const { cr2Wide } = this.state;
    try {
      const { instruction } = fetchInstruction(this.memory, address);
      return exitCause(instruction, this.physical.u32[STATE.remaining / 4]!, LIMITS.instructions);
    } catch (error) {
      if (!(error instanceof CpuFault)) throw error;
      this.state.cr2Wide = cr2Wide;
      return 'edge of the region';
    }
  }

  protected override onUnproven(slot: number): void {
    const translation = this.#cache.bySlot(slot);
    if (translation !== undefined && !this.#prove(translation)) this.#cache.drop(translation);
  }

  /** Asks whether the pages of a region are mapped here as they were when it was made, and notes it. */
  #prove(translation: Translation): boolean {
    const { pages, tagSlot } = translation;
    const { cr2Wide } = this.state;
    try {
      for (const [page, frame] of pages) {
        if (this.memory.fetchFrame(page) !== frame * PAGE_SIZE) return false;
      }
    } catch (error) {
      if (!(error instanceof CpuFault)) throw error;
      return false;
    } finally {
      this.state.cr2Wide = cr2Wide;
    }
    for (const page of pages.keys()) this.space.executed.add(page / PAGE_SIZE);
    if (tagSlot !== 0) this.physical.u32[tagSlot / 4] = this.physical.u32[STATE.jumpKey / 4 + 1]!;
    return true;
  }

  protected override onTagsReset(): void {
    this.#cache.forgetTags();
  }
}
