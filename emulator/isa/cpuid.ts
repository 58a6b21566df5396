/**
 * CPUID: what this CPU says it can do - exactly what the rows implement, nothing else (SDM Vol. 2A, CPUID).
 */
import { FEATURES, type FeatureSet, type FeatureWord } from './features.ts';
import { xcr0Of, xsaveComponents, xsaveSize } from './xsave-size.ts';

const text = (s: string): number[] => {
  const words: number[] = [];
  for (let i = 0; i < s.length; i += 4) {
    words.push(
      s.charCodeAt(i) | (s.charCodeAt(i + 1) << 8) | (s.charCodeAt(i + 2) << 16) | (s.charCodeAt(i + 3) << 24),
    );
  }
  return words;
};

/**
 * glibc 2.36 reads leaf 1 of the vendors that it knows only, and its dynamic linker refuses a processor of any other, as it
 * sees none of the baseline's features. Of those it knows, leaves 2, 4 and 0xB are Intel's.
 */
export const CPU_VENDOR = 'GenuineIntel';
export const CPU_BRAND = 'signalbox x86-64 emulator';
const VENDOR = text(CPU_VENDOR);
const BRAND = text(CPU_BRAND.padEnd(48, '\0'));

/** Family 15, model and stepping 0. */
export const CPU_FAMILY = 15;
const SIGNATURE = CPU_FAMILY << 8;

/** What the kernel has switched on, and that there is no hardware below. */
const OSXSAVE = 1 << 27;
const HYPERVISOR = 1 << 31;

/** Bytes that CLFLUSH works on: a line of the caches which leaf 4 tells of. */
export const CACHE_LINE = 64;
const HIGHEST_LEAF = 0xd;
const HIGHEST_EXTENDED_LEAF = 0x80000008;

/** Bits of physical and linear addresses. */
export const ADDRESS_BITS = 48;

/**
 * Programs size their blocks by caches. There are none here, so these are such as most processors have:
 * type (1 data, 2 instructions, 3 both), level, ways, sets.
 */
const CACHES = [
  { type: 1, level: 1, ways: 8, sets: 64 },
  { type: 2, level: 1, ways: 8, sets: 64 },
  { type: 3, level: 2, ways: 16, sets: 1024 },
] as const;

/** Leaf 2: "see leaf 4". */
const SEE_LEAF_4 = 0xff01;
/** Leaf 0xB: a level of threads. */
const TOPOLOGY_SMT = 1;

type Registers = [eax: number, ebx: number, ecx: number, edx: number];
const NOTHING: Registers = [0, 0, 0, 0];

/** The announced features of one register. */
const word = (features: FeatureSet, which: FeatureWord): number => {
  let bits = 0;
  for (const name of features) {
    const { word: home, bit } = FEATURES[name];
    if (home === which) bits |= 1 << bit;
  }
  return bits;
};

/** CPUID.1:EDX, which Linux hands to programs as AT_HWCAP. */
export const cpuid1Edx = (features: FeatureSet): number => word(features, '1:edx');

const cache = (n: number): Registers => {
  const found = CACHES[n];
  if (found === undefined) return NOTHING;
  const selfInitialising = 1 << 8;
  return [
    found.type | (found.level << 5) | selfInitialising,
    (CACHE_LINE - 1) | ((found.ways - 1) << 22),
    found.sets - 1,
    0,
  ];
};

/** Leaf 0xD: the areas of XSAVE (standard) and XSAVEC (compacted), and where in it a component lies. */
const extendedState = (features: FeatureSet, subleaf: number): Registers => {
  const xcr0 = xcr0Of(features);
  if (xcr0 === 0) return NOTHING;
  if (subleaf === 0) return [xcr0, xsaveSize(xcr0), xsaveSize(xcr0), 0];
  if (subleaf === 1) return [word(features, 'd.1:eax'), features.has('XSAVEC') ? xsaveSize(xcr0) : 0, 0, 0];
  const component = xsaveComponents.find(({ bit }) => bit === subleaf);
  return component !== undefined && (xcr0 >> subleaf) & 1 ? [component.size, component.offset, 0, 0] : NOTHING;
};

/** The registers for a leaf. Leaves beyond the highest give zeros. */
export const cpuid = (features: FeatureSet, leaf: number, subleaf: number): Registers => {
  const brand = leaf - 0x80000002;
  if (brand >= 0 && brand < 3) return BRAND.slice(brand * 4, brand * 4 + 4) as Registers;
  switch (leaf) {
    case 0:
      return [HIGHEST_LEAF, VENDOR[0]!, VENDOR[2]!, VENDOR[1]!];
    case 1: {
      const ecx = word(features, '1:ecx') | (xcr0Of(features) === 0 ? 0 : OSXSAVE) | HYPERVISOR;
      return [SIGNATURE, (CACHE_LINE / 8) << 8, ecx, cpuid1Edx(features)];
    }
    case 2:
      return [SEE_LEAF_4, 0, 0, 0];
    case 4:
      return cache(subleaf);
    case 7:
      return subleaf === 0 ? [0, word(features, '7:ebx'), word(features, '7:ecx'), 0] : NOTHING;
    case 0xb:
      // One processor, of number 0; ECX repeats the subleaf.
      return [0, subleaf === 0 ? 1 : 0, (subleaf & 0xff) | (subleaf === 0 ? TOPOLOGY_SMT << 8 : 0), 0];
    case 0xd:
      return extendedState(features, subleaf);
    case 0x80000000:
      return [HIGHEST_EXTENDED_LEAF, 0, 0, 0];
    case 0x80000001:
      return [0, 0, word(features, '80000001:ecx'), word(features, '80000001:edx')];
    case 0x80000008:
      return [ADDRESS_BITS | (ADDRESS_BITS << 8), 0, 0, 0];
    default:
      return NOTHING;
  }
};
