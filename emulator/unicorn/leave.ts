/**
 * What the adapter leaves to the reference executor: whatever leads to the kernel or tells what the CPU is, what needs a
 * privilege (unicorn runs at CPL 0), and what unicorn does otherwise than a processor, without saying so.
 */
import type { Instruction } from '../isa/instruction.ts';

/** Near branches. Other rows that end a block trap, fault, or change more than rip. */
const BRANCH = /^(J[A-Z]+|CALL|RET|LOOP(E|NE)?)$/;

const KERNELS =
  /^(PUSHF|POPF|CPUID|RDTSC|RDTSCP|RDPID|RDRAND|RDSEED|XGETBV|XSETBV|[RW][DR][FG]SBASE|SLDT|STR|SGDT|SIDT|SMSW|LAR|LSL|VERR|VERW)$/;

/** State that is kept on our side only: x87, MMX, and the control word of SSE. */
const KEPT = /^(EMMS|FWAIT|F?X(SAVE|RSTOR)\w*|FXSAVE|FXRSTOR|FN\w+|LDMXCSR|STMXCSR)$/;

const X87_FIRST = 0xd8;
const X87_LAST = 0xdf;

const mnemonicOf = ({ row }: Instruction): string => row.mnemonic.split('/')[0]!;

/** Whether unicorn is not to be asked about the instruction, whatever its operands hold. */
export const isLeft = (i: Instruction): boolean => {
  const { row, operands } = i;
  const mnemonic = mnemonicOf(i);
  if (row.ends === true && (!BRANCH.test(mnemonic) || row.operands === 'Mp')) return true;
  if (KERNELS.test(mnemonic) || KEPT.test(mnemonic)) return true;
  const first = Number.parseInt(row.encoding.split(' ')[0]!, 16);
  if (row.encoding.length > 0 && first >= X87_FIRST && first <= X87_LAST) return true;
  return operands.some(({ kind }) => kind === 'st' || kind === 'mmx' || kind === 'segment');
};

/** Whether it computes with vector registers: exceptions of SSE, and alignment, are not unicorn's business. */
export const isVector = ({ operands }: Instruction): boolean => operands.some(({ kind }) => kind === 'vector');
