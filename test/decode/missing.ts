/**
 * Instructions that may have no row yet, by family, and what capstone shows though a CPU refuses it. Whatever is in
 * neither list must decode.
 */
import type { Instruction } from '../../emulator/isa/instruction.ts';
import type { Disassembled } from './capstone.ts';

const words = (text: string): Set<string> => new Set(text.split(/\s+/));

const SSE3_TO_SSE42 = words(`
  addsubpd addsubps haddpd haddps hsubpd hsubps lddqu movddup movshdup movsldup monitor mwait
  pabsb pabsw pabsd palignr phaddd phaddsw phaddw phsubd phsubsw phsubw pmaddubsw pmulhrsw pshufb psignb psignd psignw
  blendpd blendps blendvpd blendvps dppd dpps extractps insertps movntdqa mpsadbw packusdw pblendvb pblendw pcmpeqq
  pextrb pextrd pextrq pextrw phminposuw pinsrb pinsrd pinsrq pmaxsb pmaxsd pmaxud pmaxuw pminsb pminsd pminud pminuw
  pmovsxbd pmovsxbq pmovsxbw pmovsxdq pmovsxwd pmovsxwq pmovzxbd pmovzxbq pmovzxbw pmovzxdq pmovzxwd pmovzxwq
  pmuldq pmulld ptest roundpd roundps roundsd roundss crc32 pcmpestri pcmpestrm pcmpgtq pcmpistri pcmpistrm popcnt`);
/** PEXTRW to a general register is SSE2; to memory it is SSE4.1. */
const isSse2Pextrw = (i: Disassembled): boolean => i.mnemonic === 'pextrw' && !i.op_str.includes('ptr');

const BIT_MANIPULATION = words(
  'andn bextr blcfill blsi blsmsk blsr bzhi mulx pdep pext rorx sarx shlx shrx adcx adox movbe',
);
const CRYPTOGRAPHY = words(`
  aesdec aesdeclast aesenc aesenclast aesimc aeskeygenassist pclmulqdq rdrand rdseed
  sha1msg1 sha1msg2 sha1nexte sha1rnds4 sha256msg1 sha256msg2 sha256rnds2`);
const STATE = words(`
  xgetbv xsetbv xsave xsave64 xsavec xsavec64 xsaveopt xsaveopt64 xsaves xsaves64 xrstor xrstor64 xrstors xrstors64
  rdfsbase rdgsbase wrfsbase wrgsbase rdpkru wrpkru rdtscp rdpid clflushopt clwb cldemote`);
const TRANSACTIONS = words('xabort xbegin xend xtest');
const SHADOW_STACKS = words('incsspd incsspq saveprevssp rstorssp setssbsy clrssbsy wrssd wrssq wrussd wrussq');
const VIRTUALISATION =
  /^(vmread|vmwrite|vmcall|vmlaunch|vmresume|vmxoff|vmxon|vmptrld|vmptrst|vmclear|vmrun|vmload|vmsave|vmmcall|invept|invvpid)$/;

const TRANSCENDENTAL = words('fsin fcos fsincos fptan fpatan f2xm1 fyl2x fyl2xp1');

const FAMILIES: Readonly<Record<string, (i: Disassembled) => boolean>> = {
  'transcendental x87': ({ mnemonic }) => TRANSCENDENTAL.has(mnemonic),
  'MMX and 3DNow!': ({ mnemonic, op_str }) => /\bmm[0-7]\b/.test(op_str) || mnemonic === 'emms' || mnemonic === 'femms',
  'SSE3 to SSE4.2': (i) => (SSE3_TO_SSE42.has(i.mnemonic) || i.mnemonic === 'fisttp') && !isSse2Pextrw(i),
  virtualisation: ({ mnemonic }) => VIRTUALISATION.test(mnemonic),
  'AVX to AVX-512': ({ mnemonic }) => /^[vk]/.test(mnemonic) && mnemonic !== 'verr' && mnemonic !== 'verw',
  'bit manipulation': ({ mnemonic }) => BIT_MANIPULATION.has(mnemonic),
  cryptography: ({ mnemonic }) => CRYPTOGRAPHY.has(mnemonic),
  'extended state': ({ mnemonic }) => STATE.has(mnemonic),
  transactions: ({ mnemonic }) => TRANSACTIONS.has(mnemonic),
  'VIA PadLock': ({ mnemonic }) => /^x(store|crypt|sha)/.test(mnemonic),
  'shadow stacks': ({ mnemonic }) => SHADOW_STACKS.has(mnemonic),
};

/** The later family that an instruction without row belongs to, or undefined: then a row is missing. */
export const laterFamily = (i: Disassembled): string | undefined =>
  Object.entries(FAMILIES).find(([, belongs]) => belongs(i))?.[0];

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
