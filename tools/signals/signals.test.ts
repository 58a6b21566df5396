import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { boot, type Signalbox } from '../../kernel/index.ts';
import { chromeTrace } from './chrome.ts';
import type { Entry, Ledger } from './entries.ts';
import { ledgerJson, runWithLedger } from './show.ts';
import { ledgerLines } from './text.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const program = readFileSync(here('../../guest/prebuilt/ledger'));

const machine = (): Promise<Signalbox> =>
  boot({ program: '/ledger', files: { '/ledger': { file: program, mode: 0o755 } }, deterministic: { seed: 0 } });

const ledgerOf = async (options: { readonly only?: readonly number[]; readonly limit?: number } = {}) =>
  runWithLedger(await machine(), { program: '/ledger', args: [], ...options });

describe('the ledger of guest/e2e/ledger.c', () => {
  let ledger: Ledger;
  beforeAll(async () => {
    ledger = await ledgerOf();
  });

  const find = (name: string, call: RegExp): Entry => {
    const found = ledger.signals.find((entry) => entry.name === name && call.test(entry.by.call ?? entry.by.how));
    if (found === undefined) throw new Error(`no ${name} by ${call}`);
    return found;
  };
  const of = (name: string): Entry[] => ledger.signals.filter((entry) => entry.name === name);

  it('is shown as recorded', async () => {
    await expect(`${ledgerLines(ledger).join('\n')}\n`).toMatchFileSnapshot(here('ledger.golden.txt'));
  });

  it('is JSON that says its version, and holds the same', () => {
    const read = JSON.parse(ledgerJson(ledger)) as Ledger;
    expect(read).toEqual(ledger);
    expect(read).toMatchObject({ version: 1, deterministic: true, rest: [] });
    expect(read.signals.map(({ id }) => id)).toEqual(read.signals.map((_, i) => i + 1));
  });

  it('tells which call of another process sent a signal, and whether the interrupted one went on', () => {
    const [restarted, failed] = of('SIGUSR1').filter(({ by }) => by.who?.pid !== 1000);
    expect(restarted).toMatchObject({
      by: { by: 'process', call: 'kill(1000, SIGUSR1)', where: { symbol: expect.stringMatching(/^kill\+/) } },
      end: 'handler',
      handler: { symbol: 'on_read', flags: ['SA_RESTART'], ended: 'sigreturn', stack: 'normal' },
      restart: { code: 'ERESTARTSYS', outcome: 'restarted' },
    });
    expect(failed).toMatchObject({ handler: { flags: [] }, restart: { outcome: 'EINTR' } });
    expect(failed!.by.who!.pid).not.toBe(restarted!.by.who!.pid);
  });

  it('notices handlers left by longjmp, and the room on an alternate stack', () => {
    const [fault] = of('SIGSEGV');
    expect(fault).toMatchObject({ by: { by: 'processor' }, handler: { stack: 'alternate', ended: 'longjmp' } });
    expect(fault!.handler!.headroom).toBeGreaterThan(10_000);
    expect(fault!.handler!.headroom).toBeLessThan(16_384);
  });

  it('counts how deep handlers are nested', () => {
    expect(of('SIGUSR2')[0]!.handler).toMatchObject({ depth: 2, flags: ['SA_NODEFER'] });
  });

  it('names the change of the mask that held a signal back, and the one that let it through', () => {
    const held = ledger.signals.find(({ coalescedWith }) => coalescedWith !== null)!;
    const first = ledger.signals[held.coalescedWith! - 1]!;
    expect(held).toMatchObject({ name: 'SIGUSR1', fate: 'coalesced', end: 'never queued' });
    expect(first).toMatchObject({ fate: 'queued', end: 'handler', chosen: { who: null } });
    for (const { blocked } of [first, held]) {
      expect(blocked).toHaveLength(1);
      expect(blocked[0]!.how).toBe('rt_sigprocmask(SIG_BLOCK, [USR1], NULL, 8)');
      expect(blocked[0]!.where!.callers).toContainEqual(expect.stringMatching(/^hold_back\+/));
      expect(blocked[0]!.opened!.how).toBe('rt_sigprocmask(SIG_UNBLOCK, [USR1], NULL, 8)');
    }
  });

  it('tells what took a signal without a handler', () => {
    expect(of('SIGRT_3').map(({ end }) => end)).toEqual(['waited', 'signalfd', 'never queued', 'pending']);
    expect(of('SIGKILL')[0]).toMatchObject({ end: 'death', fate: 'stripped' });
  });

  it('says which thread was chosen, and why not the first', () => {
    const toThread = ledger.signals.find(({ taken }) => taken !== null && taken.tid !== taken.pid)!;
    expect(toThread).toMatchObject({ name: 'SIGUSR2', to: { scope: 'process', pid: 1000 } });
    expect(toThread.chosen).toEqual({
      who: { pid: 1000, tid: toThread.taken!.tid, name: 'ledger' },
      why: 'the main thread blocks it; this is the first that can take it',
    });
    expect(toThread.restart).toMatchObject({ call: 'pause()', outcome: 'EINTR' });
  });

  it('answers where lost signals went', () => {
    expect(ledger.lost).toEqual(
      ledger.signals.filter(({ end }) => /ing$|never|flushed|discarded/.test(end)).map(({ id }) => id),
    );
    expect(find('SIGURG', /^kill/)).toMatchObject({ fate: 'ignored', end: 'never queued' });
    expect(of('SIGHUP')[0]).toMatchObject({ end: 'discarded', endText: 'its disposition is SIG_IGN' });
    expect(of('SIGTSTP')[0]!.endText).toMatch(/SIGCONT came/);
    expect(of('SIGALRM')[0]!.endText).toMatch(/by rt_sigaction\(SIGALRM, \{sa_handler=SIG_IGN/);
    expect(find('SIGRT_3', /si_int=9/)).toMatchObject({ fate: 'refused', because: expect.stringMatching(/EAGAIN/) });
    expect(find('SIGTERM', /4000000/)).toMatchObject({ fate: 'failed', endText: 'ESRCH', to: null });
    expect(find('SIGTERM', /kill\(1000/)).toMatchObject({
      end: 'pending',
      endText: expect.stringMatching(/still blocked/),
    });
  });

  it('is a trace whose slices lie within each other and whose arrows have two ends', () => {
    interface Event {
      readonly name: string;
      readonly ph: string;
      readonly ts?: number;
      readonly dur?: number;
      readonly pid: number;
      readonly tid: number;
      readonly id?: number;
    }
    const { traceEvents } = JSON.parse(chromeTrace(ledger)) as { traceEvents: Event[] };
    const named = new Set(traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid }) => tid));
    for (const { ph, tid, ts, dur } of traceEvents) {
      if (ph === 'M') continue;
      expect(named).toContain(tid);
      expect(ts).toBeGreaterThanOrEqual(0);
      if (ph === 'X') expect(dur).toBeGreaterThan(0);
    }
    const taken = ledger.signals.filter((entry) => entry.taken !== null).map(({ id }) => id);
    const ends = (ph: string) => traceEvents.filter((event) => event.ph === ph).map(({ id }) => id);
    expect(ends('s')).toEqual(taken);
    expect(ends('f')).toEqual(taken);
    const handlers = traceEvents.filter(({ ph, name }) => ph === 'X' && / on_/.test(name));
    expect(handlers).toHaveLength(ledger.signals.filter(({ handler }) => handler !== null).length);
    const outer = handlers.find(({ name }) => name === 'SIGUSR1 on_outer')!;
    const inner = handlers.find(({ name }) => name === 'SIGUSR2 on_inner')!;
    expect(inner.ts).toBeGreaterThan(outer.ts!);
    expect(inner.ts! + inner.dur!).toBeLessThan(outer.ts! + outer.dur!);
  });
});

it('writes down the signals that are asked for, and no other', async () => {
  const { signals } = await ledgerOf({ only: [10] });
  expect(new Set(signals.map(({ name }) => name))).toEqual(new Set(['SIGUSR1']));
});

it('counts what is beyond the limit, each by its end', async () => {
  const all = await ledgerOf();
  const { signals, rest } = await ledgerOf({ limit: 3 });
  expect(signals).toEqual(all.signals.slice(0, 3));
  const counts = new Map<string, number>();
  for (const { name, end } of all.signals.slice(3))
    counts.set(`${name} ${end}`, (counts.get(`${name} ${end}`) ?? 0) + 1);
  expect(new Map(rest.map(({ name, end, count }) => [`${name} ${end}`, count]))).toEqual(counts);
});
