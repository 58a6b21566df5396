/**
 * Instructions that are not announced and have no row, by family, and what capstone shows though a CPU refuses it. Whatever
 * is in neither list must decode.
 */
import type { Instruction } from '../../emulator/isa/instruction.ts';
import { whyRefused } from '../coverage/absent.ts';
import type { Disassembled } from './capstone.ts';

const EVEX = 0x62;
const XOP = 0x8f;
/** The first byte behind legacy prefixes. */
const firstByte = (bytes: Uint8Array): number =>
  bytes.find((byte) => ![0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3].includes(byte)) ?? 0;

type Test = (i: Disassembled, bytes: Uint8Array) => boolean;

const named =
  (pattern: RegExp): Test =>
  ({ mnemonic }) =>
    pattern.test(mnemonic);

const FAMILIES: Readonly<Record<string, Test>> = {
  'AVX-512': ({ mnemonic }, bytes) => firstByte(bytes) === EVEX || /^k[a-z]+[bwdq]$/.test(mnemonic),
  'VAES and VPCLMULQDQ of 256 bits': ({ mnemonic, op_str }) =>
    /^v(aes|pclmul)/.test(mnemonic) && op_str.includes('ymm'),
  GFNI: named(/^v?gf2p8/),
  'XOP of AMD': ({ mnemonic }, bytes) => firstByte(bytes) === XOP && mnemonic !== 'pop',
  'SSE4a of AMD': named(/^(extrq|insertq|movnts[sd])$/),
  '3DNow! of AMD': ({ mnemonic, op_str }) =>
    /\bmm[0-7]\b/.test(op_str) && /^(pf|pi2f|pmulhrw|pavgusb|pswapd)/.test(mnemonic),
  'AMD only': named(/^(clzero|monitorx|mwaitx)$/),
  privileged: named(
    /^(vmrun|vmload|vmsave|vmmcall|stgi|clgi|skinit|invlpga|invpcid|xsaves(64)?|xrstors(64)?|sysexitq?|wbnoinvd)$/,
  ),
  'VIA PadLock': named(/^x(store|crypt|sha)/),
};

/** The family that an instruction without row belongs to, or undefined: then a row is missing. */
export const absentFamily = (i: Disassembled, bytes: Uint8Array): string | undefined =>
  Object.entries(FAMILIES).find(([, belongs]) => belongs(i, bytes))?.[0] ?? whyRefused(i.mnemonic);

/** What capstone decodes and the SDM calls #UD; it occurs where data stands among the instructions. */
export const isRefusedByCpus = ({ mnemonic, op_str }: Disassembled): boolean =>
  // LOCK without a memory destination.
  (mnemonic.startsWith('lock ') && !/^[a-z ]*ptr /.test(op_str)) ||
  // Loading CS; debug and control registers that do not exist.
  (mnemonic === 'mov' && /^(cs,|[cd]r\d+,)|, [cd]r\d+$/.test(op_str));

/** Second encodings of FXCH, FCOM, FCOMP and FSTP. */
const X87_ALIASES = new Set(['DD C8+i', 'DF C8+i', 'DC D0+i', 'DC D8+i', 'DE D0+i', 'DF D0+i', 'DF D8+i']);

/** What capstone does not decode though a CPU does; it occurs where data stands among the instructions. */
export const isUnknownToCapstone = (ours: Instruction, bytes: Uint8Array): boolean =>
  // Hint NOPs 0F 19..1F other than those in use.
  ours.row.mnemonic === 'NOP' ||
  X87_ALIASES.has(ours.row.encoding) ||
  // MOVSXD with an address-size prefix.
  (ours.row.mnemonic === 'MOVSXD' && bytes.includes(0x67));
