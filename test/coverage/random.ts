/** Random bytes in the VEX maps and the three-byte maps, executed: all of the state must be the same as on the host. */
import { VECTOR } from '../../emulator/api.ts';
import { type Case, MAP, STOP_BY } from '../cpu/case.ts';
import { bytesText, differences } from '../cpu/compare.ts';
import { KINDS } from '../cpu/execute.ts';
import { runNatively } from '../cpu/native.ts';
import { integer, lane64, Random } from '../cpu/random.ts';
import { Executors } from '../cpu/session.ts';
import { initialX87 } from '../cpu/x87.ts';
import { whyAbsent } from './absent.ts';
import type { OpcodeMap, Probe } from './probes.ts';

const LENGTH = 15;
const CODE_OFFSET = 0x400;
const HARMLESS = [0x2e, 0x36, 0x3e, 0x26, 0x67, 0x64, 0x65];
const REFUSED_WITH_VEX = [0x66, 0xf2, 0xf3, 0xf0, 0x40, 0x48, 0x4f];
const PREFIXES = ['', '66', 'F3', 'F2'] as const;
const VEX_MAPS: readonly OpcodeMap[] = ['VEX.0F', 'VEX.0F38', 'VEX.0F3A'];

/** What was made, as far as reasons for differences look at it. */
interface Made {
  readonly case: Case;
  readonly probe: Probe;
}

/** ModRM, SIB, displacement and immediate; registers reach the data pages with small displacements only. */
const rest = (r: Random): number[] => {
  const modrm = r.below(256);
  const tail = Array.from({ length: 10 }, () => r.below(256));
  // Displacements of 32 bits: small ones, mostly.
  if (modrm >> 6 === 2 && r.chance(0.9)) tail.splice((modrm & 7) === 4 ? 1 : 0, 4, r.below(256), 0, 0, 0);
  return [modrm, ...tail];
};

const encode = (r: Random): { bytes: number[]; probe: Omit<Probe, 'bytes'> } => {
  const before = r.chance(0.15) ? [r.pick(HARMLESS)] : [];
  const opcode = r.below(256);
  const after = rest(r);
  const [pp, w, l] = [r.chance(0.5) ? 1 : r.below(4), r.below(2) as 0 | 1, r.below(2) as 0 | 1];
  const prefix = PREFIXES[pp]!;
  const common = { opcode, w, l, prefix, modrm: after[0]! };
  if (r.chance(0.25)) {
    const map = r.pick(['0F38', '0F3A'] as const);
    const mandatory = prefix === '' ? [] : [Number.parseInt(prefix, 16)];
    const rex = r.chance(0.5) || w ? [0x40 | (w << 3) | r.below(8)] : [];
    const last = map === '0F38' ? 0x38 : 0x3a;
    return { bytes: [...before, ...mandatory, ...rex, 0x0f, last, opcode, ...after], probe: { ...common, map } };
  }
  if (r.chance(0.02)) before.push(r.pick(REFUSED_WITH_VEX));
  const vvvv = (r.chance(0.5) ? 15 : r.below(16)) << 3;
  if (r.chance(0.25)) {
    const payload = (r.below(2) << 7) | vvvv | (l << 2) | pp;
    return { bytes: [...before, 0xc5, payload, opcode, ...after], probe: { ...common, w: 0, map: 'VEX.0F' } };
  }
  const number = r.chance(0.95) ? 1 + r.below(3) : r.below(32);
  const bytes = [...before, 0xc4, (r.below(8) << 5) | number, (w << 7) | vvvv | (l << 2) | pp, opcode, ...after];
  return { bytes, probe: { ...common, map: VEX_MAPS[number - 1] ?? 'VEX.0F' } };
};

const make = (seed: number, index: number): Made => {
  const r = new Random(seed, 0x5eed, index);
  const { bytes, probe } = encode(r);
  const gpr = BigUint64Array.from({ length: 16 }, () => {
    if (r.chance(0.2)) return integer(r);
    return BigInt((r.chance(0.5) ? MAP.high : MAP.data) + 32 * r.below(MAP.dataSize / 32));
  });
  const kind = r.pick(['single', 'double', 'integer'] as const);
  const ymm = BigUint64Array.from({ length: 64 }, () => (r.chance(0.1) ? BigInt(r.below(2048)) : lane64(r, kind)));
  const all = Uint8Array.from(bytes.slice(0, LENGTH));
  return {
    probe: { ...probe, bytes: all },
    case: {
      id: `random:${index}`,
      bytes: all,
      codeOffset: CODE_OFFSET,
      gpr,
      rflags: 0x202 | (r.next() & 0x8d5),
      mxcsr: 0x1f80,
      ymm,
      x87: initialX87,
      patches: [],
      stopBy: STOP_BY.step,
      segments: false,
      loadsTrapFlag: false,
      breaks: false,
    },
  };
};

const GATHERS = (p: Probe): boolean => p.map === 'VEX.0F38' && p.opcode >= 0x90 && p.opcode <= 0x93;

const BATCH = 8192;

export interface RandomResult {
  readonly asked: number;
  /** How many the host executed. */
  readonly executed: number;
  readonly wrong: readonly string[];
}

export const randomBytes = (runner: string, count: number, seed: number): RandomResult => {
  const result = { asked: 0, executed: 0, wrong: [] as string[] };
  for (let done = 0; done < count; done += BATCH) {
    const made = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) => make(seed, done + i));
    const outcomes = runNatively(
      runner,
      made.map((m) => m.case),
    );
    const executors = new Executors(KINDS);
    for (const [i, { case: c, probe }] of made.entries()) {
      const host = outcomes[i]!;
      result.asked++;
      if (host.vector !== VECTOR.UD) result.executed++;
      for (const kind of KINDS) {
        const ours = executors.run(kind, c);
        const report = (what: string) => result.wrong.push(`${bytesText(c.bytes)} (${c.id}), ${kind}: ${what}`);
        if (typeof ours === 'string') report(ours);
        else if (ours.vector === VECTOR.UD && host.vector !== VECTOR.UD && whyAbsent(probe) !== undefined) continue;
        // Stepping stops a gather between its elements.
        else if (GATHERS(probe) && host.vector !== ours.vector && host.vector !== VECTOR.UD) continue;
        // The runner's program lies there.
        else if (ours.vector === VECTOR.PF && ours.cr2 < BigInt(MAP.code)) continue;
        else {
          const found = differences(host, ours, 0);
          if (found.length > 0) report(found.map((d) => `${d.what} ${d.expected} / ${d.actual}`).join(', '));
        }
      }
    }
  }
  return result;
};
