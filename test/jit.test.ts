/** Programs under the JIT, however it translates and whenever it has to leave: the interpreter tells what is right. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CpuKind, type JitOptions, REG_NAMES } from '../emulator/api.ts';
import { boot } from '../kernel/index.ts';
import { observe } from '../kernel/observers.ts';

const DEMO = readFileSync(new URL('../guest/prebuilt/demo', import.meta.url));

const SLICES = [1, 2, 3, 5, 11, 23, 50] as const;

const bootDemo = async (cpu: CpuKind, jit: JitOptions = {}) => {
  let output = '';
  const box = await boot({
    program: DEMO,
    name: 'demo',
    onOutput: (_stream, bytes) => {
      output += new TextDecoder().decode(bytes);
    },
    cpu,
    jit,
    deterministic: { seed: 1 },
  });
  // System calls and signals, each with the count of instructions and the registers there.
  const events: string[] = [];
  const note = (what: string) => {
    const { state, instructions } = box.machine.cpu;
    events.push(
      `${instructions} ${what} at ${state.rip64.toString(16)}: ${REG_NAMES.map((_, n) => state.get(n)).join(' ')}`,
    );
  };
  observe(box.machine.observers, {
    syscallEntry: (_task, number) => note(`call ${number}`),
    signalTaken: (_task, info) => note(`signal ${info.signo}`),
  });
  const result = () => ({ output, events, instructions: box.report().instructions, end: box.end });
  return { box, result };
};

const runDemo = async (cpu: CpuKind, jit: JitOptions = {}) => {
  const { box, result } = await bootDemo(cpu, jit);
  const { kind } = await box.runUntil({ instructions: 10_000_000 });
  return { kind, ...result() };
};

describe('a program under the JIT', () => {
  it('does and counts what it does in the other executors, translated at once or when it is hot', async () => {
    const expected = await runDemo('interpreter');
    expect(expected.kind).toBe('exit');
    expect(expected.events.length).toBeGreaterThan(20);
    expect(await runDemo('reference')).toEqual(expected);
    for (const threshold of [0, 1, 20, 3000]) expect(await runDemo('jit', { threshold })).toEqual(expected);
  }, 120_000);

  it('does so whenever it has to leave: after few instructions', async () => {
    const expected = await runDemo('interpreter');
    for (const slice of SLICES) {
      expect(await runDemo('jit', { threshold: 2, slice }), `slices of ${slice}`).toEqual(expected);
    }
  }, 240_000);

  it('does so with room for hardly any translation', async () => {
    const expected = await runDemo('interpreter');
    expect(await runDemo('jit', { threshold: 1, cacheBytes: 5000 })).toEqual(expected);
  }, 60_000);

  it('does so when it is stopped anywhere, and what was translated is forgotten', async () => {
    const expected = await runDemo('interpreter');
    const { box, result } = await bootDemo('jit', { threshold: 1 });
    for (let n = 1; ; n++) {
      const { kind } = await box.runUntil({ instructions: 97 * n });
      if (kind === 'exit') break;
      if (n % 5 === 0) box.restore(box.snapshot());
      // Breakpoints that nothing reaches; setting them throws all code away.
      if (n % 7 === 0) await box.runUntil({ breakpoint: 0x10, instructions: 1 });
    }
    expect({ kind: 'exit', ...result() }).toEqual(expected);
  }, 60_000);

  it('does the same after going back, with the code translated that it had not reached then', async () => {
    const { box, result } = await bootDemo('jit', { threshold: 2 });
    const start = box.snapshot();
    await box.runUntil({ instructions: 10_000_000 });
    const first = structuredClone(result());
    box.restore(start);
    await box.runUntil({ instructions: 10_000_000 });
    const second = result();
    expect(second.instructions).toBe(first.instructions);
    expect(second.end).toEqual(first.end);
    // A snapshot puts back the machine, not what observers noted.
    expect(second.events.slice(first.events.length)).toHaveLength(first.events.length);
    expect(second.output).toBe(first.output + first.output);
  }, 60_000);
});
