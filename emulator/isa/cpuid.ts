/**
 * CPUID: what this CPU says it can do - exactly what the rows implement, nothing else (SDM Vol. 2A, CPUID).
 */

import { XCR0, XSAVE_SIZE } from './xsave-size.ts';

const text = (s: string): number[] => {
  const words: number[] = [];
  for (let i = 0; i < s.length; i += 4) {
    words.push(
      s.charCodeAt(i) | (s.charCodeAt(i + 1) << 8) | (s.charCodeAt(i + 2) << 16) | (s.charCodeAt(i + 3) << 24),
    );
  }
  return words;
};

const VENDOR = text('SignalboxCPU');
const BRAND = text('signalbox x86-64 emulator'.padEnd(48, '\0'));

/** CPUID.1:EDX. Not `fpu`, though the x87 is there: its transcendental functions are not. */
const FEATURES_EDX = {
  tsc: 1 << 4,
  cx8: 1 << 8,
  cmov: 1 << 15,
  clfsh: 1 << 19,
  fxsr: 1 << 24,
  sse: 1 << 25,
  sse2: 1 << 26,
} as const;

/** CPUID.1:ECX */
const FEATURES_ECX = { cx16: 1 << 13, xsave: 1 << 26, osxsave: 1 << 27, hypervisor: 1 << 31 } as const;

/** CPUID.80000001H:EDX */
const EXTENDED_EDX = { syscall: 1 << 11, nx: 1 << 20, lm: 1 << 29 } as const;

/** CPUID.80000001H:ECX */
const EXTENDED_ECX = { lahf64: 1 << 0 } as const;

const all = (bits: Record<string, number>) => Object.values(bits).reduce((a, b) => a | b, 0);

/** CPUID.1:EDX, which Linux hands to programs as AT_HWCAP. */
export const CPUID_1_EDX = all(FEATURES_EDX);

const CLFLUSH_SIZE = 8; // in units of 8 bytes
const HIGHEST_LEAF = 0xd;

/** [eax, ebx, ecx, edx] for a leaf. Leaves beyond the highest give zeros. */
export const cpuid = (leaf: number, subleaf: number): [number, number, number, number] => {
  const brand = leaf - 0x80000002;
  if (brand >= 0 && brand < 3) return BRAND.slice(brand * 4, brand * 4 + 4) as [number, number, number, number];
  switch (leaf) {
    case 0:
      return [HIGHEST_LEAF, VENDOR[0]!, VENDOR[2]!, VENDOR[1]!];
    case 1:
      return [0x00000f00, CLFLUSH_SIZE << 8, all(FEATURES_ECX), CPUID_1_EDX];
    case 0xd:
      return subleaf === 0 ? [XCR0, XSAVE_SIZE, XSAVE_SIZE, 0] : [0, 0, 0, 0];
    case 0x80000000:
      return [0x80000008, 0, 0, 0];
    case 0x80000001:
      return [0, 0, all(EXTENDED_ECX), all(EXTENDED_EDX)];
    case 0x80000008:
      return [48 | (48 << 8), 0, 0, 0]; // physical and linear address bits
    default:
      return [0, 0, 0, 0];
  }
};
