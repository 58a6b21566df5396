import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { RT_SIGFRAME, XSTATE } from '../../kernel/abi/sigframe.ts';
import { SIG } from '../../kernel/abi/signal.ts';
import { boot, type Signalbox } from '../../kernel/index.ts';
import { compile, hashOf, toolchain } from '../../test/native/build.ts';
import { labelBytes } from './bytes.ts';
import { parseSignal } from './command.ts';
import { runToFrame } from './debug.ts';
import { describeFrame } from './describe.ts';
import type { ByteLine, FrameReport } from './facts.ts';
import { extendedText, mxcsrText, pageFaultText } from './flags.ts';
import { COLOURED, frameJson, frameText, PLAIN } from './text.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const demo = readFileSync(here('../../guest/prebuilt/demo'));

const machineWith = (name: string, program: Uint8Array): Promise<Signalbox> =>
  boot({ program: `/${name}`, files: { [`/${name}`]: { file: program, mode: 0o755 } }, deterministic: { seed: 0 } });

const reportOf = async (box: Signalbox, signal?: number, nth = 1): Promise<FrameReport> => {
  const { report, outcome } = await runToFrame(box, { signal, nth });
  if (report === null) throw new Error(outcome);
  return report;
};

/** Offsets that no line covers, or that more than one does. */
const gaps = (lines: readonly ByteLine[], size: number): number[] => {
  const covered = new Uint8Array(size);
  for (const line of lines) for (let i = 0; i < line.size; i++) covered[line.offset + i]!++;
  return [...covered.keys()].filter((offset) => covered[offset] !== 1);
};

describe('the frame of the demo', () => {
  let report: FrameReport;
  beforeAll(async () => {
    report = await reportOf(await machineWith('demo', demo));
  });

  it('is shown as recorded', async () => {
    await expect(`${frameText(report, PLAIN).join('\n')}\n`).toMatchFileSnapshot(here('demo.golden.txt'));
  });

  it('is JSON as recorded, and the same facts', async () => {
    const json = frameJson(report);
    await expect(`${json}\n`).toMatchFileSnapshot(here('demo.golden.json'));
    const read = JSON.parse(json) as { frame: { lines: { path: string; value: string; bytes: string }[] } };
    const line = read.frame.lines.find(({ path }) => path === 'info.si_value');
    expect(line).toMatchObject({ value: '0x2a', bytes: '2a00000000000000' });
  });

  it('has a label for every byte', () => {
    expect(gaps(report.frame.lines, report.frame.size)).toEqual([]);
    expect(report.frame.lines.at(-1)).toMatchObject({ kind: 'red zone', size: 128 });
  });

  it('tells what happened', () => {
    expect(report.signal).toEqual({ number: 10, name: 'SIGUSR1', code: -1, codeName: 'SI_QUEUE' });
    expect(report.cause).toMatchObject({ by: 'process', pid: 1001, who: 'process 1001 (demo), its child' });
    expect(report.interrupted.call).toMatchObject({ name: 'read', returned: 'ERESTARTSYS', restarts: true });
    expect(report.interrupted.instruction).toBe('syscall');
    expect(report.handler.address.name).toBe('on_signal');
    expect(report.return).toMatchObject({ kind: 'sigreturn', edits: [] });
    const rip = report.registers.find(({ name }) => name === 'rip')!;
    expect(rip.before - rip.after!).toBe(2n);
    expect(rip.entry).toBe(report.handler.address.address);
  });

  it('has the same words in colour', () => {
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    const plain = frameText(report, COLOURED).map((line) => line.replaceAll(escapes, '').trimEnd());
    expect(plain).toEqual(frameText(report, PLAIN));
  });
});

it('is described at a stop of runUntil too, from the frame alone', async () => {
  const box = await machineWith('demo', demo);
  const stop = await box.runUntil({ handler: SIG.SIGUSR1 });
  if (stop.kind !== 'handler') throw new Error(stop.kind);
  const report = describeFrame(box.machine, box.task(stop.pid), stop.frame, stop.info, () => '');
  expect(gaps(report.frame.lines, report.frame.size)).toEqual([]);
  expect(report.interrupted.call).toBeNull();
  expect(report.return).toBeNull();
  expect(report.headline).toContain('sigqueue(3) with the value 42');
  const saved = report.frame.lines.find(({ path }) => path === 'uc.uc_mcontext.rip')!;
  expect(report.registers.find(({ name }) => name === 'rip')!.before).toBe(BigInt(saved.value.split(' ')[0]!));
});

it('says what happened instead when no handler is entered', async () => {
  const box = await machineWith('demo', demo);
  const { report, outcome } = await runToFrame(box, { signal: SIG.SIGSEGV, nth: 1 });
  expect(report).toBeNull();
  expect(outcome).toBe('the program exited with status 0; handlers entered: SIGUSR1 once');
});

describe('which handler', () => {
  const ledger = readFileSync(here('../../guest/prebuilt/ledger'));
  const first = async (options: Parameters<typeof runToFrame>[1]) => {
    const { report, outcome } = await runToFrame(await machineWith('ledger', ledger), options);
    if (report === null) throw new Error(outcome);
    return report;
  };

  it('is chosen by its name, or by its address', async () => {
    const byName = await first({ nth: 1, handler: 'on_inner' });
    expect(byName.signal.name).toBe('SIGUSR2');
    const address = `0x${byName.handler.address.address.toString(16)}`;
    expect(await first({ nth: 1, handler: address })).toEqual(byName);
  });

  it('is chosen by thread, or by process', async () => {
    const inThread = await first({ nth: 1, pid: 1003 });
    expect(inThread.handler.address.name).toBe('on_notice');
    expect((await first({ nth: 1, pid: 1000, signal: SIG.SIGUSR2 })).handler.address.name).toBe('on_inner');
    expect((await first({ nth: 2, pid: 1000, signal: SIG.SIGUSR2 })).handler.address.name).toBe('on_notice');
  });

  it('is chosen by what it interrupts', async () => {
    const at = await first({ nth: 1, at: 'fault_on_alternate_stack' });
    expect(at.signal.name).toBe('SIGSEGV');
    expect((await first({ nth: 1, at: at.interrupted.rip.name })).headline).toBe(at.headline);
    await expect(first({ nth: 1, at: 'main' })).rejects.toThrow('handlers entered: SIGUSR1 4 times');
  });

  it('is shown with those that it is nested in, innermost first', async () => {
    const { outer, frame } = await first({ nth: 1, handler: 'on_inner' });
    expect(outer).toHaveLength(1);
    expect(outer[0]).toMatchObject({ signal: 'SIGUSR1', handler: { name: 'on_outer' }, stack: 'normal' });
    expect(outer[0]!.address).toBeGreaterThan(frame.address);
    // The one on the alternate stack was left by longjmp before.
    expect((await first({ nth: 1, handler: 'on_outer' })).outer).toEqual([]);
  });

  it('is shown with the room below its frame', async () => {
    const { stack, frame } = await first({ nth: 1, signal: SIG.SIGSEGV });
    expect(stack).toMatchObject({ kind: 'alternate', headroom: Number(frame.address - stack.low) });
    expect(stack.high - stack.low).toBe(16_384n);
    expect(stack.frames).toBe(Math.floor(stack.headroom / frame.size));
    const normal = (await first({ nth: 1, handler: 'on_outer' })).stack;
    expect(normal).toMatchObject({ kind: 'normal' });
    expect(normal.high - normal.low).toBe(8n << 20n);
  });
});

describe('the bytes of any frame', () => {
  const XSTATE_END = RT_SIGFRAME.size + 63 + XSTATE.size;

  it('are labelled without gaps, in order', () => {
    const frames = fc.record({
      // From the frame's end to the extended state, and from there to the red zone or the top of the alternate stack.
      below: fc.integer({ min: 0, max: 63 }),
      above: fc.integer({ min: 0, max: 79 }),
      redZone: fc.boolean(),
      siginfo: fc.boolean(),
      hasState: fc.boolean(),
      signo: fc.integer({ min: 1, max: 64 }),
      code: fc.oneof(fc.integer({ min: -60, max: 200 }), fc.integer()),
      content: fc.uint8Array({ minLength: XSTATE_END, maxLength: XSTATE_END }),
    });
    fc.assert(
      fc.property(frames, ({ below, above, redZone, siginfo, hasState, signo, code, content }) => {
        const stateEnd = RT_SIGFRAME.size + (hasState ? below + XSTATE.size : 0);
        const size = stateEnd + above + (redZone ? 128 : 0);
        const bytes = new Uint8Array(size);
        bytes.set(content.subarray(0, size));
        const lines = labelBytes(
          {
            bytes,
            address: 0x7ffe0008,
            fpstateAt: hasState ? RT_SIGFRAME.size + below : null,
            xstate: XSTATE,
            rspAt: redZone ? size : null,
            siginfo,
            signo,
            code,
          },
          ({ text, doc }) => ({ value: text, meaning: doc }),
        );
        expect(gaps(lines, size)).toEqual([]);
        expect(lines.map(({ bytes: raw }) => raw).join('')).toBe(Buffer.from(bytes).toString('hex'));
        expect(lines.every(({ path, kind }) => (path === '') === !/field|unwritten/.test(kind))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

const compiler = toolchain() !== null;
describe(`frames of compiled programs${compiler ? '' : ' (skipped: no compiler)'}`, () => {
  const reportFor = async (area: string, signal?: number, nth?: number) => {
    const source = here(`../../guest/${area}.c`);
    const variant = { name: '-O1', libc: 'glibc', flags: ['-O1', '-w'], libs: [] } as const;
    const name = area.replace('/', '-');
    const exe = await compile(source, `frame-${name}`, hashOf(readFileSync(source, 'utf8')), variant);
    const report = await reportOf(await machineWith(name, readFileSync(exe)), signal, nth);
    expect(gaps(report.frame.lines, report.frame.size)).toEqual([]);
    return report;
  };

  it.skipIf(!compiler)('on an alternate stack end at its top', async () => {
    const report = await reportFor('signal/altstack');
    expect(report.handler.stack).toBe('alternate');
    expect(report.frame.lines.at(-1)).toMatchObject({ kind: 'alignment' });
    const sp = report.frame.lines.find(({ path }) => path === 'uc.uc_stack.ss_sp')!;
    const size = report.frame.lines.find(({ path }) => path === 'uc.uc_stack.ss_size')!;
    expect(BigInt(sp.value.split(' ')[0]!) + BigInt(size.value)).toBe(report.frame.end);
  });

  it.skipIf(!compiler)('of faults name the access and the instruction', async () => {
    const report = await reportFor('signal/siginfo_segv');
    expect(report.cause).toMatchObject({ by: 'processor', how: 'read at 0x0: nothing is mapped there' });
    expect(report.interrupted.call).toBeNull();
    expect(report.interrupted.instruction).toMatch(/\[0\]/);
    expect(report.return?.kind).toBe('abandoned');
    const err = report.frame.lines.find(({ path }) => path === 'uc.uc_mcontext.err')!;
    expect(err.meaning).toBe('error code of #PF: read, user mode, page not present');
  });

  it.skipIf(!compiler)('which the handler edits say what it changed', async () => {
    const report = await reportFor('signal/frame_edit');
    const rip = report.return?.edits.find(({ path }) => path === 'uc.uc_mcontext.rip');
    const after = report.registers.find(({ name }) => name === 'rip')!.after!;
    expect(rip).toMatchObject({ after: `0x${after.toString(16)}`, effect: 'restored' });
  });

  it.skipIf(!compiler)('which rt_sigreturn refuses say why', async () => {
    // Each mode of the program is tried twice; the first leaves the frame as it is.
    const outcomes = [];
    for (const nth of [1, 3, 5, 9, 11, 13, 17, 19, 21, 23]) {
      const { return: end } = await reportFor('signal/frame_broken', SIG.SIGUSR1, nth);
      outcomes.push([end!.kind, end!.refused, end!.edits.map(({ effect }) => effect).join('; ')]);
    }
    expect(outcomes).toEqual([
      ['sigreturn', null, ''],
      ['refused', 'the extended state is not aligned to 16', 'the extended state comes from there'],
      ['refused', 'the extended state cannot be read', 'the extended state comes from there'],
      ['refused', 'mxcsr has reserved bits', 'refused: reserved bits'],
      ['refused', 'rip 0x800000000000 is not canonical', 'refused: not canonical'],
      ['sigreturn', null, 'restored, and nothing is mapped there: the next instruction faults'],
      ['refused', 'cs is 0x1233, no segment of user code', 'refused: no such segment'],
      ['refused', "ss is 0x1233, no segment for the user's stack", 'refused: no such segment'],
      ['refused', 'XSTATE_BV has an unknown component', 'says which components are restored, and which are reset'],
      ['refused', 'XCOMP_BV is not zero', 'refused: must be zero'],
    ]);
  });

  it.skipIf(!compiler)('of interrupted sleeps say that these fail', async () => {
    const report = await reportFor('signal/restart_nanosleep', SIG.SIGALRM);
    expect(report.interrupted.call).toMatchObject({ returned: 'ERESTART_RESTARTBLOCK', restarts: false });
    const rax = report.frame.lines.find(({ path }) => path === 'uc.uc_mcontext.rax')!;
    expect(rax.meaning).toMatch(/nanosleep \(-EINTR\)$/);
  });
});

describe('words', () => {
  it('for signals on the command line', () => {
    expect(['USR1', 'sigusr1', '10', 'SIGRTMIN', 'RTMIN+3', 'SIGRT_3'].map(parseSignal)).toEqual([
      10, 10, 10, 32, 35, 35,
    ]);
    for (const wrong of ['0', '65', 'FOO', 'RTMIN+33', '']) expect(() => parseSignal(wrong)).toThrow();
  });

  it('for flags', () => {
    expect(mxcsrText(0x1f80)).toBe('all exceptions masked; rounds to nearest');
    expect(mxcsrText(0x7d84)).toBe('not masked: division by zero; rounds to zero; raised: division by zero');
    expect(pageFaultText(7n)).toBe('write, user mode, page protected');
    expect(pageFaultText(0x14n)).toBe('instruction fetch, user mode, page not present');
  });

  it('for numbers of the x87', () => {
    expect(extendedText(0x3fff8000000000000000n)).toBe('1');
    expect(extendedText(0xc000c000000000000000n)).toBe('-3');
    expect(extendedText(0n)).toBe('0');
    expect(extendedText(0x7fff8000000000000000n)).toBe('infinity');
    expect(extendedText(0xffffc000000000000000n)).toBe('not a number');
  });
});
