/** When our decoder and capstone say the same: length and text must be equal but for the naming listed here. */
import { describeMnemonic, describeOperand } from '../../emulator/decode/index.ts';
import type { Instruction } from '../../emulator/isa/instruction.ts';
import type { Disassembled } from './capstone.ts';

/** Prefixes that do nothing here, which capstone shows: BND, NOTRACK, and REP before RET and others. */
const IGNORED_PREFIX = /^(bnd|notrack|repz|xacquire|xrelease|data16|addr32) /;

/** capstone's name to ours. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  movabs: 'mov',
  sal: 'shl',
  xlatb: 'xlat',
  retfq: 'retf',
  ljmp: 'jmp',
  lcall: 'call',
  jecxz: 'jrcxz',
  // A hint NOP until CET is there.
  rdsspd: 'nop',
  rdsspq: 'nop',
  wait: 'fwait',
  fcompi: 'fcomip',
  fucompi: 'fucomip',
  feni8087_nop: 'fneni',
  fdisi8087_nop: 'fndisi',
  fsetpm: 'fnsetpm',
};

/** CMPccSS and its like by the predicate in the immediate; those from 8 on with VEX only. */
const PREDICATES = [
  ...[
    'eq',
    'lt',
    'le',
    'unord',
    'neq',
    'nlt',
    'nle',
    'ord',
    'eq_uq',
    'nge',
    'ngt',
    'false',
    'neq_oq',
    'ge',
    'gt',
    'true',
  ],
  ...['eq_os', 'lt_oq', 'le_oq', 'unord_s', 'neq_us', 'nlt_uq', 'nle_uq', 'ord_s'],
  ...['eq_us', 'nge_uq', 'ngt_uq', 'false_os', 'neq_os', 'ge_oq', 'gt_oq', 'true_us'],
];
const WITH_PREDICATE = new RegExp(`^(v?cmp)(${PREDICATES.join('|')})(ss|sd|ps|pd)$`);

const SIZE_OF_MEMORY = /\b(byte|word|dword|fword|qword|tbyte|xword|xmmword|ymmword)? ?ptr /;
/** Their memory operand has no size of its own, or one that capstone gets wrong (COMISD reads 64 bits). */
const SIZE_IS_OPEN = new Set(
  [
    'jmp',
    'call',
    'lss',
    'lfs',
    'lgs',
    'nop',
    'comisd',
    'comiss',
    'sgdt',
    'sidt',
    'lgdt',
    'lidt',
    'invlpg',
    'clflush',
    'fldenv',
    'fnstenv',
    'frstor',
    'fnsave',
    'fbld',
    'fbstp',
    'xsave',
    'xsavec',
    'xsaveopt',
    'xrstor',
  ].concat(
    // Gathers: of an element, or of all of them.
    ['vpgatherdd', 'vpgatherdq', 'vpgatherqd', 'vpgatherqq', 'vgatherdps', 'vgatherdpd', 'vgatherqps', 'vgatherqpd'],
    ['prefetchnta', 'prefetcht0', 'prefetcht1', 'prefetcht2', 'prefetchw', 'prefetch'],
  ),
);

const splitOperands = (text: string): string[] => (text === '' ? [] : text.split(', '));

/** The number an operand's text is, or undefined. */
const numberOf = (text: string): bigint | undefined => {
  if (!/^-?(0x[0-9a-f]+|\d+)$/.test(text)) return undefined;
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
};

const NO_BASE = /\b[cdes]s:/;

/** The index register that is none is shown by capstone; without base the displacement is then the address. */
const withoutRiz = (text: string): string =>
  text
    .replace(/\[(?:riz|eiz)(?:\*\d)? ([+-]) (0x[0-9a-f]+|\d)\]/, (_, sign, value) => {
      const address = BigInt.asUintN(64, sign === '-' ? -BigInt(value) : BigInt(value));
      return `[${address < 10n ? address : `0x${address.toString(16)}`}]`;
    })
    .replace(/( \+ )?[er]iz(\*\d)?/, '');

/** A sentence about the disagreement, or undefined when there is none. */
export const disagreement = (theirs: Disassembled, ours: Instruction): string | undefined => {
  const ourText = ours.operands.map((op) => describeOperand(ours, op));
  const report = (): string =>
    `capstone: ${theirs.mnemonic} ${theirs.op_str} (${theirs.size} bytes), ` +
    `here: ${describeMnemonic(ours)} ${ourText.join(', ')} (${ours.length} bytes)`;
  if (ours.length !== theirs.size) return report();

  let ourName = describeMnemonic(ours);
  let name = theirs.mnemonic.replace(IGNORED_PREFIX, '');
  // REPNE before MOVS and its like repeats as REP does; capstone shows the prefix before some.
  const oddRepeat = /^repne (?=(movs|stos|lods|ins|outs))/;
  ourName = ourName.replace(oddRepeat, '');
  name = name.replace(oddRepeat, '');
  name = OTHER_NAMES[name] ?? name;
  const theirOperands = splitOperands(theirs.op_str).map(withoutRiz);
  // MPX is gone from CPUs: its instructions are hint NOPs.
  if (/^bnd(ldx|stx|mov|mk|cl|cu|cn)$/.test(name)) return ourName === 'nop' ? undefined : report();
  const predicate = WITH_PREDICATE.exec(name);
  if (predicate) {
    name = `${predicate[1]}${predicate[3]}`;
    theirOperands.push(PREDICATES.indexOf(predicate[2]!).toString());
  }
  // RCL and RCR by one: capstone leaves the 1 out.
  if ((name === 'rcl' || name === 'rcr') && theirOperands.length === 1) theirOperands.push('1');
  // Of two x87 registers capstone leaves ST(0) out where it can.
  if (theirOperands.length === 1 && ours.operands.length === 2 && ours.operands.every(({ kind }) => kind === 'st')) {
    theirOperands.splice(ourText.indexOf('st(0)'), 0, 'st(0)');
  }
  if (/^mov_(to|from)_[cd]r$/.test(ourName)) return name === 'mov' ? undefined : report();
  if (name !== ourName || theirOperands.length !== ourText.length) return report();

  for (const [n, text] of ourText.entries()) {
    const operand = ours.operands[n]!;
    let their = theirOperands[n]!;
    let our = text;
    if (SIZE_IS_OPEN.has(name) && operand.kind === 'mem') {
      their = their.replace(SIZE_OF_MEMORY, '');
      our = our.replace(SIZE_OF_MEMORY, '');
    }
    // MOV to a segment register reads 16 bits; capstone shows the whole register.
    if (name === 'mov' && n === 1 && ours.operands[0]!.kind === 'segment' && operand.kind === 'reg') {
      their = their.replace(
        /^[er]?(ax|cx|dx|bx|sp|bp|si|di)$|^(r\d+)[dw]?$/,
        (_, legacy, numbered) => legacy ?? `${numbered}w`,
      );
    }
    // They store a word and clear the rest of a register, which is 64 bits wide for us whatever the operand size.
    if (/^(sldt|str|smsw)$/.test(name) && operand.kind === 'reg') {
      their = their
        .replace(/^e?(ax|cx|dx|bx|sp|bp|si|di)$/, (_, legacy) => `r${legacy}`)
        .replace(/^(r\d+)[dw]$/, (_, numbered) => numbered);
    }
    // Segments without base are ignored, even behind FS or GS; capstone shows the last one.
    if (NO_BASE.test(their)) {
      their = their.replace(NO_BASE, '');
      our = our.replace(/\b[fg]s:/, '');
    }
    const value = numberOf(their);
    const agree =
      value !== undefined && (operand.kind === 'imm' || operand.kind === 'target')
        ? BigInt.asUintN(operand.width, value) === operand.value
        : their === our;
    if (!agree) return report();
  }
  return undefined;
};
