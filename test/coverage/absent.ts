/**
 * Encodings in which this CPU and a processor that has more differ, each with its reason. The processor is an AMD one of
 * 2022 (family 25, model 17), whose choices the rows follow otherwise.
 */
import type { Probe } from './probes.ts';

const REGISTER = 0xc0;
const reg = ({ modrm }: Probe): number => (modrm >> 3) & 7;
const isMemory = ({ modrm }: Probe): boolean => modrm < REGISTER;
const hasLock = ({ prefix }: Probe): boolean => prefix.includes('F0');

interface Rule {
  readonly what: string;
  readonly is: (p: Probe) => boolean;
}

/** Opcodes of a map. */
const at =
  (map: string, ...opcodes: number[]) =>
  (p: Probe): boolean =>
    p.map === map && opcodes.includes(p.opcode);
const between =
  (map: string, first: number, last: number) =>
  (p: Probe): boolean =>
    p.map === map && p.opcode >= first && p.opcode <= last;
const modrm =
  (first: number, last = first) =>
  (p: Probe): boolean =>
    at('0F', 0x01)(p) && p.modrm >= first && p.modrm <= last;

/** What the processor has and this CPU has not. */
const ABSENT: readonly Rule[] = [
  {
    what: 'AVX-512 mask register: not announced',
    is: (p) =>
      [between('VEX.0F', 0x41, 0x4b), between('VEX.0F', 0x90, 0x93), at('VEX.0F', 0x98, 0x99)].some((is) => is(p)) ||
      between('VEX.0F3A', 0x30, 0x33)(p),
  },
  { what: 'VAES with 256 bits: not announced', is: (p) => between('VEX.0F38', 0xdc, 0xdf)(p) && p.l === 1 },
  { what: 'VPCLMULQDQ with 256 bits: not announced', is: (p) => at('VEX.0F3A', 0x44)(p) && p.l === 1 },
  {
    what: 'GFNI: not announced',
    is: (p) =>
      [at('0F38', 0xcf), at('VEX.0F38', 0xcf), at('0F3A', 0xce, 0xcf), at('VEX.0F3A', 0xce, 0xcf)].some((is) => is(p)),
  },
  { what: 'SSE4a, of AMD only: not announced', is: (p) => at('0F', 0x78, 0x79)(p) || at('0F', 0x2b)(p) },
  { what: 'CLZERO, of AMD only: not announced', is: modrm(0xfc) },
  { what: 'MONITORX and MWAITX, of AMD only: not announced', is: modrm(0xfa, 0xfb) },
  { what: 'virtualisation of AMD (SVM): privileged, and not announced', is: modrm(0xd8, 0xdf) },
  { what: 'nested paging of AMD (SEV-SNP): privileged, and not announced', is: modrm(0xfe, 0xff) },
  { what: 'INVPCID: privileged, and not announced', is: (p) => at('0F38', 0x82)(p) && isMemory(p) },
  { what: 'XSAVES and XRSTORS: privileged, and not announced', is: (p) => at('0F', 0xc7)(p) && isMemory(p) },
  { what: 'SYSEXIT: privileged, and SYSENTER is not announced', is: at('0F', 0x35) },
  {
    what: 'MOV to and from control and debug registers with ModRM.mod below 3: privileged, #GP there and #UD here',
    is: (p) => between('0F', 0x20, 0x23)(p) && isMemory(p),
  },
  {
    what: 'LOCK MOV CR0, which AMD processors take for CR8: privileged',
    is: (p) => at('0F', 0x20, 0x22)(p) && hasLock(p) && reg(p) === 0,
  },
  {
    what: 'LOCK VERW, which AMD processors allow',
    is: (p) => at('0F', 0x00)(p) && hasLock(p) && isMemory(p) && reg(p) === 5,
  },
];

/** Where both take the bytes for an instruction, but the answers look different. */
const OTHERWISE: readonly Rule[] = [
  {
    what: 'near branches with 66: AMD processors make them 16 bits wide, Intel ones ignore it as this CPU does',
    is: (p) =>
      p.prefix.includes('66') &&
      (between('', 0x70, 0x7f)(p) ||
        between('', 0xe0, 0xe3)(p) ||
        at('', 0xc2, 0xc3, 0xe8, 0xe9, 0xeb, 0xff)(p) ||
        between('0F', 0x80, 0x8f)(p)),
  },
  {
    what: 'SGDT, SIDT, SLDT, STR and SMSW, which Linux emulates: it goes on without a single step',
    is: (p) => (at('0F', 0x00)(p) && reg(p) <= 1) || (at('0F', 0x01)(p) && [0, 1, 4].includes(reg(p))),
  },
];

/** Why the processor accepts an encoding which this CPU refuses, or undefined: then it should not refuse it. */
export const whyAbsent = (p: Probe): string | undefined => ABSENT.find(({ is }) => is(p))?.what;

/** Why the lengths differ. */
export const whyOtherwise = (p: Probe): string | undefined => OTHERWISE.find(({ is }) => is(p))?.what;

/** Instructions which a disassembler knows and that processor refuses as this CPU does. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^x(abort|begin|end|test)$/, 'transactions (RTM): not announced'],
  [/^encl[suv]$/, 'SGX: not announced'],
  [/^(vm|invept|invvpid|getsec)/, 'virtualisation of Intel: not announced'],
  [/^(monitor|mwait|clac|stac|rsm|pconfig)$/, 'privileged: #UD in user mode'],
  [/^(sysenter|sysexitq?)$/, 'SYSENTER: not announced'],
  [/^(rstorssp|setssbsy|saveprevssp|incssp[dq]|clrssbsy|wru?ss[dq])$/, 'shadow stacks (CET_SS): not announced'],
  [/^(rd|wr)pkru$/, 'protection keys (PKU): not announced'],
  [/^(tpause|umonitor|umwait)$/, 'WAITPKG: not announced'],
  [/^movdir/, 'MOVDIRI and MOVDIR64B: not announced'],
  [/^ptwrite$/, 'processor trace: not announced'],
  [/^femms$/, '3DNow!: not announced'],
  [/^vpermil2|^vfn?m(add|sub|addsub|subadd)[ps][sd]$/, 'FMA4 and XOP of AMD, gone from processors'],
];

export const whyRefused = (mnemonic: string): string | undefined =>
  REFUSED.find(([pattern]) => pattern.test(mnemonic))?.[1];

/** What `probes.ts` does not go into or the disassembler has no name for, and what it is. */
export const NOT_ENUMERATED: readonly (readonly [string, string])[] = [
  ['62', 'EVEX: AVX-512, not announced'],
  ['8F with ModRM.reg other than 0', 'XOP of AMD, gone from processors'],
  ['0F 0F', '3DNow! of AMD, gone from processors'],
  ['0F 01 FE and FF', 'nested paging of AMD (SEV-SNP): privileged, and not announced'],
  ['VEX maps other than 0F, 0F38 and 0F3A', 'nothing that is announced'],
];
