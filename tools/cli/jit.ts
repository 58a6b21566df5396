/** What the JIT tells of itself: `--jit-dump DIR` and `signalbox profile`. */
import fs from 'node:fs';
import path from 'node:path';
import { type ExitCause, type JitObserver, PAGE_SIZE } from '../../emulator/api.ts';
import type { Signalbox } from '../../kernel/signalbox.ts';
import { SymbolCache } from '../symbols.ts';
import { Failure } from './failure.ts';

type Counts = Map<number, number>;

const increment = <K>(counts: Map<K, number>, key: K): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

const byCount = <K>(counts: ReadonlyMap<K, number>): [K, number][] => [...counts].sort(([, a], [, b]) => b - a);

interface Translated {
  readonly entry: number;
  readonly guest: string;
  readonly code: string;
}

/** Gathers what happens. */
export class JitLog {
  readonly translated: Translated[] = [];
  /** How often regions were left for the interpreter, by the instruction that it executed. */
  readonly interpreted: Counts = new Map();
  /** How often for code elsewhere, by where it is. */
  readonly left: Counts = new Map();
  readonly causes = new Map<ExitCause, number>();
  readonly observer: JitObserver = {
    translated: (entry, guest, code) => this.translated.push({ entry, guest, code }),
    interpreted: (address, cause) => {
      increment(this.interpreted, address);
      increment(this.causes, cause);
    },
    left: (address) => increment(this.left, address),
  };

  /** Writes a file for each region, named by its entry, and for those made again a number. */
  write(folder: string): void {
    const seen = new Map<number, number>();
    try {
      fs.mkdirSync(folder, { recursive: true });
      for (const { entry, guest, code } of this.translated) {
        const again = seen.get(entry) ?? 0;
        seen.set(entry, again + 1);
        const name = `${entry.toString(16)}${again === 0 ? '' : `-${again}`}.txt`;
        fs.writeFileSync(path.join(folder, name), `${guest}\n${this.#countsOf(guest)}\n${code}`);
      }
    } catch (error) {
      throw new Failure(`--jit-dump ${folder}: ${(error as NodeJS.ErrnoException).code}`);
    }
  }

  /** How often a region was left at one of its instructions. Regions that share an instruction share the count. */
  #countsOf(guest: string): string {
    const addresses = new Set(
      guest.match(/^ {2}(-> the interpreter at )?[0-9a-f]+/gm)?.map((line) => line.split(' ').at(-1)!),
    );
    const lines = [...addresses].flatMap((address) => {
      const count = this.interpreted.get(Number.parseInt(address, 16));
      return count === undefined ? [] : [`left for the interpreter at ${address}: ${count}`];
    });
    return `${lines.join('\n')}\n`;
  }
}

/** Instructions between two looks at where the program is; a prime, so that no loop keeps step. */
const INTERVAL = 9973;
const SHOWN = 20;

/** Runs to the end, looking every so many instructions where the program is; gives counts by symbol. */
export const runSampled = async (box: Signalbox): Promise<Map<string, number>> => {
  const symbols = new SymbolCache((file) => box.readFile(file));
  const counts = new Map<string, number>();
  for (;;) {
    const stop = await box.runUntil({ instructions: INTERVAL });
    if (stop.kind !== 'instructions') return counts;
    const task = box.machine.current;
    // Code without symbols, or made at run time: pages are as good as functions.
    const page = stop.rip - (stop.rip % PAGE_SIZE);
    const name = symbols.find(task, stop.rip)?.name ?? `page ${page.toString(16)} of ${task.executable}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
};

export interface Exit {
  readonly address: string;
  readonly symbol: string;
  readonly count: number;
}

/** Where instructions went, and why translated code was left; most frequent first. */
export interface Profile {
  readonly instructions: number;
  readonly regions: number;
  /** Shares of the instructions by function, by samples. */
  readonly functions: readonly { readonly name: string; readonly share: number }[];
  /** How often regions were left for the interpreter, by why. */
  readonly causes: Readonly<Partial<Record<ExitCause, number>>>;
  /** The same by the instruction that the interpreter executed. */
  readonly interpreted: readonly Exit[];
  /** How often regions were left for code elsewhere, by where that is. */
  readonly left: readonly Exit[];
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((a, b) => a + b, 0);

/** Symbols are those of the first program. */
export const profileOf = (box: Signalbox, samples: ReadonlyMap<string, number>, log: JitLog): Profile => {
  const symbols = new SymbolCache((file) => box.readFile(file));
  const total = sum(samples.values());
  const exits = (counts: Counts): Exit[] =>
    byCount(counts).map(([address, count]) => ({
      address: `0x${address.toString(16)}`,
      symbol: symbols.text(box.program, address),
      count,
    }));
  return {
    instructions: box.machine.cpu.instructions,
    regions: log.translated.length,
    functions: byCount(samples).map(([name, count]) => ({ name, share: count / total })),
    causes: Object.fromEntries(byCount(log.causes)),
    interpreted: exits(log.interpreted),
    left: exits(log.left),
  };
};

/** The profile as text, without what is rare. */
export const profileText = (profile: Profile): string => {
  const lines = (list: readonly Exit[]): string[] =>
    list
      .slice(0, SHOWN)
      .map(({ address, symbol, count }) => `${String(count).padStart(12)}  ${address} ${symbol}`.trimEnd());
  const totalOf = (list: readonly Exit[]): number => sum(list.map(({ count }) => count));
  return [
    `${profile.instructions} instructions, ${profile.regions} regions`,
    ...profile.functions.slice(0, SHOWN).map(({ name, share }) => `${(100 * share).toFixed(1).padStart(11)}%  ${name}`),
    `left for the interpreter, by cause: ${totalOf(profile.interpreted)}`,
    ...Object.entries(profile.causes).map(([cause, count]) => `${String(count).padStart(12)}  ${cause}`),
    'left for the interpreter, by the instruction it executed',
    ...lines(profile.interpreted),
    `left for code elsewhere, by where that is: ${totalOf(profile.left)}`,
    ...lines(profile.left),
    '',
  ].join('\n');
};

/** Writes the whole profile as JSON. Throws `Failure` where it cannot. */
export const writeProfile = (file: string, profile: Profile): void => {
  try {
    fs.writeFileSync(file, `${JSON.stringify(profile, null, 2)}\n`);
  } catch (error) {
    throw new Failure(`--json ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
};
