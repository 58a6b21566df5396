import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { root } from '../native/cases.ts';

/** Runs in the page: boots a program given as bytes, stops at its first handler, goes back, and runs to the end. */
const SCRIPT = `(async () => {
  const box = await signalbox.boot({ program: Uint8Array.from(bytes), cpu, stdin: 'unread' });
  const start = box.snapshot();
  const stop = await box.runUntil({ handler: true });
  box.restore(start);
  const end = await box.run();
  return JSON.stringify([stop.signo, end.kind, box.stdout]);
})()`;

describe('the library', () => {
  it.each(['jit', 'interpreter', 'reference'])('runs where there is nothing but the language (%s)', async (cpu) => {
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: ['dist/index.js'],
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'signalbox',
      platform: 'neutral',
      logLevel: 'silent',
    });
    const bytes = [...readFileSync(`${root}guest/prebuilt/example`)];
    // Of a browser's or Node's own globals there is none here: no timers, no console, no text decoder.
    const context = vm.createContext({ bytes, cpu });
    vm.runInContext(outputFiles[0]!.text, context);
    const result = JSON.parse(await (vm.runInContext(SCRIPT, context) as Promise<string>));
    expect(result).toEqual([10, 'exit', 'handled 10\nhandled 12\n']);
  });
});
