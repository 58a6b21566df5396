/**
 * TAP and TUN interfaces. What programs on them write goes to other programs of the machine here, and to the host's own
 * network on a real Linux, where making interfaces takes root besides: so what calls answer was recorded there once, as root,
 * in tun_calls.expected.txt. SIGNALBOX_NATIVE_TUN=1 asks the host again.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CpuKind } from '../../emulator/api.ts';
import type { Outcome } from '../native/native.ts';
import { runInSignalbox } from '../native/signalbox.ts';
import { canBuild, guest, signalbox, spawned } from './cli.ts';

const expected = readFileSync(fileURLToPath(new URL('tun_calls.expected.txt', import.meta.url)), 'latin1');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/signalbox-tap-`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A pcap file of frames of so many bytes; their type is 0x0800. */
const pcap = (name: string, lengths: readonly number[]): string => {
  const parts: Buffer[] = [Buffer.alloc(24)];
  parts[0]!.writeUInt32LE(0xa1b2c3d4, 0);
  parts[0]!.writeUInt16LE(2, 4);
  parts[0]!.writeUInt32LE(1, 20);
  for (const length of lengths) {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(length, 8);
    head.writeUInt32LE(length, 12);
    const frame = Buffer.alloc(length);
    frame[12] = 8;
    parts.push(head, frame);
  }
  const path = `${folder}/${name}`;
  writeFileSync(path, Buffer.concat(parts));
  return path;
};

/** Interfaces are root's to make, whoever runs the tests. */
const asRoot = async (name: string, cpu: CpuKind): Promise<Outcome> =>
  runInSignalbox(await guest(name), { name, args: [], env: {}, stdin: '', cpu, level: 'v3' });

const EXECUTORS = ['jit', 'interpreter', 'reference'] as const;

describe.skipIf(!canBuild)('interfaces of programs', () => {
  it.each(EXECUTORS)('calls answer as on Linux (%s)', async (cpu) => {
    expect((await asRoot('tun_calls', cpu)).stdout).toBe(expected);
  });

  it.runIf(process.env.SIGNALBOX_NATIVE_TUN === '1')('and so they do on this host', async () => {
    expect((await spawned(await guest('tun_calls'), [])).stdout).toBe(expected);
  });

  it.each(EXECUTORS)('frames go from one to the others; a signal ends a read that waits (%s)', async (cpu) => {
    const outcome = await asRoot('tap_switch', cpu);
    expect(outcome.stderr).toBe('');
    expect(outcome.stdout.split('\n')).toEqual([
      'broadcast: 60',
      'with a header: 64, protocol 0800, "to all"',
      'cut: 20',
      'answer: 64',
      'the one who asked: 60, "answer"',
      'the third hears nothing: EAGAIN',
      'child got 60: "have one"',
      'parent got 60: "more, please"',
      'child got 60: "have one"',
      'parent got 60: "more, please"',
      'child got 60: "have one"',
      'parent got 60: "enough"',
      'interrupted: EINTR, 1 alarm',
      'restarted: 60, "late", 2 alarms',
      'packet: 44, protocol 0800',
      '',
    ]);
  });

  it('sums that a header asks for are filled in, and flows keep to their queues', async () => {
    const outcome = await signalbox(['run', await guest('tap_queues')]);
    expect(outcome.stdout.split('\n')).toEqual([
      '70 bytes, flags 0, the sum is right',
      'each flow keeps to its queue: yes; queues used: 3',
      'after one left: 0 and 16',
      '',
    ]);
  });

  it('a recording is read frame by frame', async () => {
    const file = pcap('two.pcap', [60, 1514]);
    const outcome = await signalbox(['run', '--tap', `tap7=${file}`, await guest('tap_read'), 'tap7', '2']);
    expect(outcome.stdout).toBe('tap7: 60 bytes, type 0800\ntap7: 1514 bytes, type 0800\n');
    expect(outcome.status).toBe(0);
  });
});

describe('recordings that are none', () => {
  const lines: readonly (readonly [what: string, option: () => string, line: RegExp])[] = [
    ['no such file', () => `tap0=${folder}/none`, /--tap .*none: no such file\n$/],
    ['a directory', () => `tap0=${folder}`, /: a directory, not a file\n$/],
    [
      'another kind of file',
      () => {
        writeFileSync(`${folder}/text`, 'this is not a recording of a network');
        return `tap0=${folder}/text`;
      },
      /the pcap file of tap0: not a pcap file: it begins with 0x74686973\n$/,
    ],
    [
      'one that was cut',
      () => {
        const path = pcap('cut.pcap', [100]);
        writeFileSync(path, readFileSync(path).subarray(0, 90));
        return `tap0=${path}`;
      },
      /packet 1, at byte 24, has 50 of its 100 bytes\n$/,
    ],
    ['the name of lo', () => `lo=${pcap('lo.pcap', [])}`, /lo: there is an interface of that name\n$/],
  ];
  it.each(lines)('%s', async (_, option, line) => {
    const outcome = await signalbox(['run', '--tap', option(), '/bin/true']);
    expect(outcome.stderr).toMatch(/^signalbox: [^\n]+\n$/);
    expect(outcome.stderr).toMatch(line);
    expect(outcome.status).not.toBe(0);
  });

  it('an option without a file', async () => {
    const outcome = await signalbox(['run', '--tap', 'tap0', '/bin/true']);
    expect(outcome.stderr).toContain('Write NAME=FILE.pcap');
    expect(outcome.status).not.toBe(0);
  });
});
