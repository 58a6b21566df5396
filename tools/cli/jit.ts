/** What the JIT tells of itself: `--jit-dump DIR` and `signalbox profile`. */
import fs from 'node:fs';
import path from 'node:path';
import type { JitObserver } from '../../emulator/api.ts';
import type { Signalbox } from '../../kernel/signalbox.ts';
import { SymbolCache } from '../symbols.ts';
import { Failure } from './failure.ts';

type Counts = Map<number, number>;

const increment = (counts: Counts, address: number): void => {
  counts.set(address, (counts.get(address) ?? 0) + 1);
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
  readonly observer: JitObserver = {
    translated: (entry, guest, code) => this.translated.push({ entry, guest, code }),
    interpreted: (address) => increment(this.interpreted, address),
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
    const name = symbols.find(task, stop.rip)?.name ?? `${stop.rip.toString(16)} in ${task.executable}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
};

/** The profile as text: where instructions went, and why translated code was left. */
export const profileText = (box: Signalbox, samples: ReadonlyMap<string, number>, log: JitLog): string => {
  const symbols = new SymbolCache((file) => box.readFile(file));
  const total = [...samples.values()].reduce((a, b) => a + b, 0);
  const sum = (counts: Counts): number => [...counts.values()].reduce((a, b) => a + b, 0);
  const place = (address: number): string => `${address.toString(16)} ${symbols.text(box.program, address)}`.trim();
  const exits = (title: string, counts: Counts): string[] => [
    `${title}: ${sum(counts)}`,
    ...byCount(counts)
      .slice(0, SHOWN)
      .map(([address, count]) => `${String(count).padStart(12)}  ${place(address)}`),
  ];
  return [
    `${box.machine.cpu.instructions} instructions, ${log.translated.length} regions`,
    ...byCount(samples)
      .slice(0, SHOWN)
      .map(([name, count]) => `${((100 * count) / total).toFixed(1).padStart(11)}%  ${name}`),
    ...exits('left for the interpreter, by the instruction it executed', log.interpreted),
    ...exits('left for code elsewhere, by where that is', log.left),
    '',
  ].join('\n');
};
