import { describe, expect, it } from 'vitest';
import { cpuid, cpuid1Edx } from './cpuid.ts';
import { ALL_FEATURES, CPU_LEVELS, FEATURES, type Feature, featuresOf } from './features.ts';
import { rows } from './index.ts';

const REGISTERS = { eax: 0, ebx: 1, ecx: 2, edx: 3 } as const;

/** The bit of CPUID in which the feature is announced. */
const isShown = (name: Feature, features: ReadonlySet<Feature>): boolean => {
  const { word, bit } = FEATURES[name];
  const [, leaf, subleaf, register] = /^(\w+?)(?:\.(\d))?:(\w+)$/.exec(word)!;
  const registers = cpuid(features, Number.parseInt(leaf!, 16), Number(subleaf ?? 0));
  return ((registers[REGISTERS[register as keyof typeof REGISTERS]]! >>> bit) & 1) === 1;
};

describe('CPUID', () => {
  it.each(CPU_LEVELS)('shows the features of %s and no others', (level) => {
    const features = featuresOf(level);
    for (const name of Object.keys(FEATURES) as Feature[]) {
      // Leaf 13 is there with XSAVE only.
      expect([name, isShown(name, features)]).toEqual([name, features.has(name)]);
    }
    expect(cpuid1Edx(features)).toBe(cpuid(features, 1, 0)[3]);
  });

  it('announces nothing that has no row, and has a row for no more', () => {
    const needed = new Set(rows.flatMap(({ feature }) => (feature === undefined ? [] : [feature].flat())));
    for (const name of needed) expect(ALL_FEATURES.has(name)).toBe(true);
    const rowless = [...ALL_FEATURES].filter((name) => !needed.has(name) && FEATURES[name].level > 1);
    // XGETBV with ECX = 1 is a row of XSAVE.
    expect(rowless).toEqual(['XGETBV1']);
  });

  it('gives each level what the ABI wants of it', () => {
    const of = (level: 2 | 3) => [...ALL_FEATURES].filter((name) => FEATURES[name].level === level);
    expect(of(2)).toEqual(
      expect.arrayContaining(['CMPXCHG16B', 'LAHF-SAHF', 'POPCNT', 'SSE3', 'SSE4_1', 'SSE4_2', 'SSSE3']),
    );
    expect(of(3)).toEqual(
      expect.arrayContaining(['AVX', 'AVX2', 'BMI1', 'BMI2', 'F16C', 'FMA', 'LZCNT', 'MOVBE', 'XSAVE']),
    );
    expect([...featuresOf('v2')].every((name) => ALL_FEATURES.has(name))).toBe(true);
  });

  it('enables in XCR0 what can be saved', () => {
    expect(cpuid(ALL_FEATURES, 0xd, 0)).toEqual([7, 832, 832, 0]);
    expect(cpuid(ALL_FEATURES, 0xd, 1)).toEqual([7, 832, 0, 0]);
    expect(cpuid(ALL_FEATURES, 0xd, 2)).toEqual([256, 576, 0, 0]);
    expect(cpuid(ALL_FEATURES, 0xd, 3)).toEqual([0, 0, 0, 0]);
    const withoutAvx = new Set([...ALL_FEATURES].filter((name) => name !== 'AVX'));
    expect(cpuid(withoutAvx, 0xd, 0)).toEqual([3, 576, 576, 0]);
    expect(cpuid(withoutAvx, 0xd, 2)).toEqual([0, 0, 0, 0]);
    const osxsave = 1 << 27;
    expect(cpuid(ALL_FEATURES, 1, 0)[2] & osxsave).toBe(osxsave);
    expect(cpuid(featuresOf('v2'), 1, 0)[2] & osxsave).toBe(0);
  });

  it('tells of caches and processors, and of nothing beyond its leaves', () => {
    const sizeOf = (subleaf: number) => {
      const [, ebx, ecx] = cpuid(ALL_FEATURES, 4, subleaf);
      return ((ebx >>> 22) + 1) * ((ebx & 0xfff) + 1) * (ecx + 1);
    };
    expect([0, 1, 2].map(sizeOf)).toEqual([32 << 10, 32 << 10, 1 << 20]);
    expect(cpuid(ALL_FEATURES, 4, 3)).toEqual([0, 0, 0, 0]);
    expect(cpuid(ALL_FEATURES, 0xb, 0)).toEqual([0, 1, 0x100, 0]);
    expect(cpuid(ALL_FEATURES, 0xb, 1)).toEqual([0, 0, 1, 0]);
    for (const leaf of [0xe, 0x14, 0x40000000, 0x80000009]) expect(cpuid(ALL_FEATURES, leaf, 0)).toEqual([0, 0, 0, 0]);
  });
});
