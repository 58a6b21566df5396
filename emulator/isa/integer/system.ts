/**
 * CPUID, the clock, random numbers, what a kernel says of itself, and the instructions that only it may use: at CPL 3
 * those are #GP(0) (SDM Vol. 3A, 5.9).
 *
 * Not here, and so #UD, is what CPUID does not announce: SYSENTER, MONITOR, virtualisation, transactions, SERIALIZE,
 * protection keys, shadow stacks (but for what of them is a NOP without); RSM and MWAIT are #UD at CPL 3 anyway.
 */
import { REG } from '../../state.ts';
import type { MemoryOperand } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { operand, resize, widthOf } from './common.ts';

const { rax, rcx, rdx } = REG;

const cpuid: Semantics = (o) => {
  o.call('cpuid', o.register(64, rax), o.register(64, rcx));
};

const rdtsc: Semantics = (o) => {
  const count = o.call('rdtsc');
  o.setRegister(32, rax, o.truncate(64, 32, count));
  o.setRegister(32, rdx, o.truncate(64, 32, o.shrU(64, count, o.int(64, 32))));
};

/** TSC_AUX, where Linux keeps `node << 12 | processor`: there is one of each, of number 0. */
const TSC_AUX = 0;

const rdtscp: Semantics = (o, i) => {
  rdtsc(o, i);
  o.setRegister(32, rcx, o.int(32, TSC_AUX));
};

const rdpid: Semantics = (o, i) => o.write(operand(i.operands, 0), o.int(64, TSC_AUX));

/** RDRAND and RDSEED never run dry: CF is always set. */
const random: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  o.write(target, resize(o, 64, widthOf(target), o.call('random')));
  const [yes, no] = [o.condition(true), o.condition(false)];
  o.setFlags({ cf: yes, of: no, sf: no, zf: no, af: no, pf: no });
};

/** An operand-size prefix is one here, though others of the prefixes tell other instructions. */
const randomRows = (digit: number, name: 'RDRAND' | 'RDSEED'): Row[] => [
  row(`NP 0F C7 /${digit}`, name, 'Rv', random, { feature: name }),
  row(`66 REX.W0 0F C7 /${digit}`, name, 'Rw', random, { feature: name }),
  row(`66 REX.W 0F C7 /${digit}`, name, 'Rq', random, { feature: name }),
];

/**
 * What SGDT, SIDT, SLDT, STR and SMSW show. CR4.UMIP forbids them to user code, and then Linux plays them with values made
 * up (fixup_umip_exception of arch/x86/kernel/umip.c); here they give those at once.
 */
const UMIP = {
  gdtBase: 0xfffffffffffe0000n,
  idtBase: 0xffffffffffff0000n,
  limit: 0,
  ldt: 0,
  taskRegister: 0x40,
  cr0: 0x80050033,
} as const;

const storeTable =
  (base: bigint): Semantics =>
  <V, C, X>(o: Ops<V, C, X>, i: Parameters<Semantics>[1]) => {
    const address = o.linearAddress(i.operands[0] as MemoryOperand);
    const baseAddress = o.add(64, address, o.int(64, 2));
    o.loadForWrite(16, address);
    o.loadForWrite(64, baseAddress);
    o.store(16, address, o.int(16, UMIP.limit));
    o.store(64, baseAddress, o.int(64, base));
  };

/** To memory as 16 bits; of a register no more changes than the operand size, which is how Linux does it. */
const storeWord =
  (value: number): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    if (target.kind === 'mem') return o.write(target, o.int(16, value & 0xffff));
    const size = i.operandSize;
    const low = o.int(64, size === 16 ? value & 0xffff : value);
    const above = o.int(64, BigInt.asUintN(64, -1n << BigInt(size)));
    o.write(target, size === 64 ? low : o.or(64, o.and(64, o.read(target), above), low));
  };

const privileged: Semantics = (o) => o.raise(VECTOR.GP, 0);

const forbidden = (encoding: string, mnemonic: string, operands = ''): Row =>
  row(encoding, mnemonic, operands, privileged, { ends: true });

const CONTROL_REGISTERS = [0, 2, 3, 4] as const;

export const system: readonly Row[] = [
  row('0F A2', 'CPUID', '', cpuid),
  row('0F 31', 'RDTSC', '', rdtsc),
  row('0F 01 F9', 'RDTSCP', '', rdtscp, { feature: 'RDTSCP' }),
  row('F3 0F C7 /7', 'RDPID', 'Rq', rdpid, { feature: 'RDPID' }),
  ...randomRows(6, 'RDRAND'),
  ...randomRows(7, 'RDSEED'),
  forbidden('F4', 'HLT'),
  forbidden('FA', 'CLI'),
  forbidden('FB', 'STI'),
  forbidden('E4', 'IN', 'AL,Ib'),
  forbidden('E5', 'IN', 'eAX,Ib'),
  forbidden('E6', 'OUT', 'Ib,AL'),
  forbidden('E7', 'OUT', 'Ib,eAX'),
  forbidden('EC', 'IN', 'AL,DX'),
  forbidden('ED', 'IN', 'eAX,DX'),
  forbidden('EE', 'OUT', 'DX,AL'),
  forbidden('EF', 'OUT', 'DX,eAX'),
  row('6C', 'INSB', 'Yb,DX', privileged, { ends: true, repeats: true }),
  row('6D', 'INSW/INSD', 'Yz,DX', privileged, { ends: true, repeats: true }),
  row('6E', 'OUTSB', 'DX,Xb', privileged, { ends: true, repeats: true }),
  row('6F', 'OUTSW/OUTSD', 'DX,Xz', privileged, { ends: true, repeats: true }),
  row('0F 00 /0', 'SLDT', 'Rq/Mw', storeWord(UMIP.ldt)),
  row('0F 00 /1', 'STR', 'Rq/Mw', storeWord(UMIP.taskRegister)),
  forbidden('0F 00 /2', 'LLDT', 'Ew'),
  forbidden('0F 00 /3', 'LTR', 'Ew'),
  row('0F 01 /0', 'SGDT', 'Ms', storeTable(UMIP.gdtBase)),
  row('0F 01 /1', 'SIDT', 'Ms', storeTable(UMIP.idtBase)),
  forbidden('0F 01 /2', 'LGDT', 'Ms'),
  forbidden('0F 01 /3', 'LIDT', 'Ms'),
  row('0F 01 /4', 'SMSW', 'Rq/Mw', storeWord(UMIP.cr0)),
  forbidden('0F 01 /6', 'LMSW', 'Ew'),
  forbidden('0F 01 /7', 'INVLPG', 'Mb'),
  forbidden('0F 01 F8', 'SWAPGS'),
  forbidden('0F 06', 'CLTS'),
  forbidden('0F 07', 'SYSRET'),
  forbidden('0F 08', 'INVD'),
  // With F3, WBNOINVD.
  forbidden('0F 09', 'WBINVD'),
  // The ModRM byte of these always means registers; control registers that do not exist are #UD.
  ...CONTROL_REGISTERS.map((n) => forbidden(`0F 20 /${n}`, `MOV_FROM_CR${n}`, 'Rq')),
  ...CONTROL_REGISTERS.map((n) => forbidden(`0F 22 /${n}`, `MOV_TO_CR${n}`, 'Rq')),
  forbidden('0F 21 /r', 'MOV_FROM_DR', 'Rq'),
  forbidden('0F 23 /r', 'MOV_TO_DR', 'Rq'),
  forbidden('0F 30', 'WRMSR'),
  forbidden('0F 32', 'RDMSR'),
  forbidden('0F 33', 'RDPMC'),
];
