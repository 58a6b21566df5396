/**
 * CPUID, RDTSC, and the instructions that only a kernel may use: at CPL 3 they are #GP(0) (SDM Vol. 3A, 5.9).
 *
 * SGDT, SIDT, SLDT, SMSW and STR are among them, since Linux sets CR4.UMIP; that it then emulates some of them with
 * made-up values is the kernel's affair, not the CPU's. Not here, and so #UD, is what CPUID does not announce:
 * RDTSCP, SYSENTER, MONITOR, RDFSBASE and kin, virtualisation; RSM and MWAIT are #UD at CPL 3 anyway.
 */
import { REG } from '../../state.ts';
import { VECTOR } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';

const { rax, rcx, rdx } = REG;

const cpuid: Semantics = (o) => {
  o.call('cpuid', o.register(64, rax), o.register(64, rcx));
};

const rdtsc: Semantics = (o) => {
  const count = o.call('rdtsc');
  o.setRegister(32, rax, o.truncate(64, 32, count));
  o.setRegister(32, rdx, o.truncate(64, 32, o.shrU(64, count, o.int(64, 32))));
};

const privileged: Semantics = (o) => o.raise(VECTOR.GP, 0);

const forbidden = (encoding: string, mnemonic: string, operands = ''): Row =>
  row(encoding, mnemonic, operands, privileged, { ends: true });

const CONTROL_REGISTERS = [0, 2, 3, 4] as const;

export const system: readonly Row[] = [
  row('0F A2', 'CPUID', '', cpuid),
  row('0F 31', 'RDTSC', '', rdtsc),
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
  forbidden('0F 00 /0', 'SLDT', 'Rv/Mw'),
  forbidden('0F 00 /1', 'STR', 'Rv/Mw'),
  forbidden('0F 00 /2', 'LLDT', 'Ew'),
  forbidden('0F 00 /3', 'LTR', 'Ew'),
  forbidden('0F 01 /0', 'SGDT', 'Ms'),
  forbidden('0F 01 /1', 'SIDT', 'Ms'),
  forbidden('0F 01 /2', 'LGDT', 'Ms'),
  forbidden('0F 01 /3', 'LIDT', 'Ms'),
  forbidden('0F 01 /4', 'SMSW', 'Rv/Mw'),
  forbidden('0F 01 /6', 'LMSW', 'Ew'),
  forbidden('0F 01 /7', 'INVLPG', 'Mb'),
  forbidden('0F 01 F8', 'SWAPGS'),
  forbidden('0F 06', 'CLTS'),
  forbidden('0F 07', 'SYSRET'),
  forbidden('0F 08', 'INVD'),
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
