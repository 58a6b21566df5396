/**
 * Instruction-set extensions: what a row may ask for, where CPUID announces it (SDM Vol. 2A, CPUID, by the names of the
 * instruction pages' "CPUID Feature Flag" columns), from which level on, and its name in Linux's /proc/cpuinfo.
 */
import type { Row } from './row.ts';

/** How much a CPU announces: the levels of the System V ABI, x86-64-v1 to -v3; v3 has all else that is built, too. */
export const CPU_LEVELS = ['v1', 'v2', 'v3'] as const;
export type CpuLevel = (typeof CPU_LEVELS)[number];

/** A register of a CPUID leaf in which features are announced. */
export type FeatureWord = '1:edx' | '1:ecx' | '7:ebx' | '7:ecx' | 'd.1:eax' | '80000001:edx' | '80000001:ecx';

export interface FeatureEntry {
  /** The first level with it. */
  readonly level: 1 | 2 | 3;
  readonly word: FeatureWord;
  readonly bit: number;
  /** As /proc/cpuinfo calls it (arch/x86/include/asm/cpufeatures.h). */
  readonly linux: string;
}

const entry = (level: 1 | 2 | 3, word: FeatureWord, bit: number, linux: string): FeatureEntry => ({
  level,
  word,
  bit,
  linux,
});

/** In the order of words and bits. */
export const FEATURES = {
  FPU: entry(1, '1:edx', 0, 'fpu'),
  TSC: entry(1, '1:edx', 4, 'tsc'),
  MSR: entry(1, '1:edx', 5, 'msr'),
  CX8: entry(1, '1:edx', 8, 'cx8'),
  CMOV: entry(1, '1:edx', 15, 'cmov'),
  CLFSH: entry(1, '1:edx', 19, 'clflush'),
  MMX: entry(1, '1:edx', 23, 'mmx'),
  FXSR: entry(1, '1:edx', 24, 'fxsr'),
  SSE: entry(1, '1:edx', 25, 'sse'),
  SSE2: entry(1, '1:edx', 26, 'sse2'),
  SYSCALL: entry(1, '80000001:edx', 11, 'syscall'),
  NX: entry(1, '80000001:edx', 20, 'nx'),
  RDTSCP: entry(2, '80000001:edx', 27, 'rdtscp'),
  LM: entry(1, '80000001:edx', 29, 'lm'),
  SSE3: entry(2, '1:ecx', 0, 'pni'),
  PCLMULQDQ: entry(3, '1:ecx', 1, 'pclmulqdq'),
  SSSE3: entry(2, '1:ecx', 9, 'ssse3'),
  FMA: entry(3, '1:ecx', 12, 'fma'),
  CMPXCHG16B: entry(2, '1:ecx', 13, 'cx16'),
  SSE4_1: entry(2, '1:ecx', 19, 'sse4_1'),
  SSE4_2: entry(2, '1:ecx', 20, 'sse4_2'),
  MOVBE: entry(3, '1:ecx', 22, 'movbe'),
  POPCNT: entry(2, '1:ecx', 23, 'popcnt'),
  AES: entry(3, '1:ecx', 25, 'aes'),
  XSAVE: entry(3, '1:ecx', 26, 'xsave'),
  AVX: entry(3, '1:ecx', 28, 'avx'),
  F16C: entry(3, '1:ecx', 29, 'f16c'),
  RDRAND: entry(3, '1:ecx', 30, 'rdrand'),
  'LAHF-SAHF': entry(2, '80000001:ecx', 0, 'lahf_lm'),
  LZCNT: entry(3, '80000001:ecx', 5, 'abm'),
  PREFETCHW: entry(3, '80000001:ecx', 8, '3dnowprefetch'),
  FSGSBASE: entry(3, '7:ebx', 0, 'fsgsbase'),
  BMI1: entry(3, '7:ebx', 3, 'bmi1'),
  AVX2: entry(3, '7:ebx', 5, 'avx2'),
  BMI2: entry(3, '7:ebx', 8, 'bmi2'),
  RDSEED: entry(3, '7:ebx', 18, 'rdseed'),
  ADX: entry(3, '7:ebx', 19, 'adx'),
  CLFLUSHOPT: entry(3, '7:ebx', 23, 'clflushopt'),
  CLWB: entry(3, '7:ebx', 24, 'clwb'),
  SHA: entry(3, '7:ebx', 29, 'sha_ni'),
  XSAVEOPT: entry(3, 'd.1:eax', 0, 'xsaveopt'),
  XSAVEC: entry(3, 'd.1:eax', 1, 'xsavec'),
  XGETBV1: entry(3, 'd.1:eax', 2, 'xgetbv1'),
  RDPID: entry(3, '7:ecx', 22, 'rdpid'),
} as const satisfies Record<string, FeatureEntry>;

/**
 * A row without one belongs to x86-64-v1, the baseline. The decoder knows the rows of announced features only, so that
 * an unannounced encoding is #UD - or what it meant before the feature came (TZCNT as REP BSF), by a row without it.
 */
export type Feature = keyof typeof FEATURES;
export type FeatureSet = ReadonlySet<Feature>;

const NAMES = Object.keys(FEATURES) as Feature[];

const upTo = (level: number): FeatureSet => new Set(NAMES.filter((name) => FEATURES[name].level <= level));

const SETS: Readonly<Record<CpuLevel, FeatureSet>> = { v1: upTo(1), v2: upTo(2), v3: upTo(3) };

/** The features which a CPU of this level announces. */
export const featuresOf = (level: CpuLevel): FeatureSet => SETS[level];

/** Everything that is built. */
export const ALL_FEATURES: FeatureSet = SETS.v3;

/** What the row needs and the set lacks. */
export const missingFeatures = (row: Row, features: FeatureSet): Feature[] => {
  const { feature } = row;
  if (feature === undefined) return [];
  const needed = typeof feature === 'string' ? [feature] : feature;
  return needed.filter((name) => !features.has(name));
};
