/** Classic BPF as seccomp allows it: checking a program, and running it on a call (net/core/filter.c, kernel/seccomp.c). */
import { BPF, BPF_MAXINSNS, BPF_MEMWORDS, SECCOMP_DATA } from '../abi/seccomp.ts';

export interface BpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

const { LD, LDX, ST, STX, ALU, JMP, RET, MISC, W, IMM, ABS, MEM, LEN, K, X, A } = BPF;

const ALU_OPERATIONS = [BPF.ADD, BPF.SUB, BPF.MUL, BPF.DIV, BPF.AND, BPF.OR, BPF.LSH, BPF.RSH, BPF.XOR];
const CONDITIONS = [BPF.JEQ, BPF.JGE, BPF.JGT, BPF.JSET];

/** All that seccomp_check_filter lets through. */
const ALLOWED: ReadonlySet<number> = new Set([
  ...[LD | W | ABS, LD | W | LEN, LDX | W | LEN, LD | IMM, LDX | IMM, LD | MEM, LDX | MEM, ST, STX],
  ...[RET | K, RET | A, MISC | BPF.TAX, MISC | BPF.TXA, ALU | BPF.NEG, JMP | BPF.JA],
  ...ALU_OPERATIONS.flatMap((operation) => [ALU | operation | K, ALU | operation | X]),
  ...CONDITIONS.flatMap((condition) => [JMP | condition | K, JMP | condition | X]),
]);

/** Whether each scratch word that is read was written on every way there (check_load_and_stores). */
const loadsAreStored = (program: readonly BpfInstruction[]): boolean => {
  const masks = new Uint16Array(program.length).fill(0xffff);
  let known = 0;
  for (const [pc, { code, jt, jf, k }] of program.entries()) {
    known &= masks[pc]!;
    if (code === ST || code === STX) {
      known |= 1 << k;
    } else if (code === (LD | MEM) || code === (LDX | MEM)) {
      if (!(known & (1 << k))) return false;
    } else if (code === (JMP | BPF.JA)) {
      masks[pc + 1 + k]! &= known;
      known = 0xffff;
    } else if ((code & 7) === JMP) {
      masks[pc + 1 + jt]! &= known;
      masks[pc + 1 + jf]! &= known;
      known = 0xffff;
    }
  }
  return true;
};

/** bpf_check_classic with seccomp's own rules: jumps go forward and stay inside, and the last instruction returns. */
export const isValidFilter = (program: readonly BpfInstruction[]): boolean => {
  if (program.length === 0 || program.length > BPF_MAXINSNS) return false;
  for (const [pc, { code, jt, jf, k }] of program.entries()) {
    if (!ALLOWED.has(code)) return false;
    const left = program.length - pc - 1;
    if (code === (ALU | BPF.DIV | K) && k === 0) return false;
    if ((code === (ALU | BPF.LSH | K) || code === (ALU | BPF.RSH | K)) && k >= 32) return false;
    const memory = code === (LD | MEM) || code === (LDX | MEM) || code === ST || code === STX;
    if (memory && k >= BPF_MEMWORDS) return false;
    if (code === (LD | W | ABS) && (k >= SECCOMP_DATA.size || k % 4 !== 0)) return false;
    if (code === (JMP | BPF.JA) ? k >= left : (code & 7) === JMP && (jt >= left || jf >= left)) return false;
  }
  return (program.at(-1)!.code & 7) === RET && loadsAreStored(program);
};

const alu = (operation: number, a: number, b: number): number => {
  switch (operation) {
    case BPF.ADD:
      return a + b;
    case BPF.SUB:
      return a - b;
    case BPF.MUL:
      return Math.imul(a, b);
    case BPF.DIV:
      return Math.floor(a / b);
    case BPF.AND:
      return a & b;
    case BPF.OR:
      return a | b;
    case BPF.XOR:
      return a ^ b;
    // By 32 and more there is nothing left.
    case BPF.LSH:
      return b > 31 ? 0 : a << b;
    case BPF.RSH:
      return b > 31 ? 0 : a >>> b;
    default:
      return -a;
  }
};

const holds = (condition: number, a: number, b: number): boolean => {
  switch (condition) {
    case BPF.JEQ:
      return a === b;
    case BPF.JGT:
      return a > b;
    case BPF.JGE:
      return a >= b;
    default:
      return (a & b) !== 0;
  }
};

/** The answer of a valid filter about `data`, unsigned 32 bits. Division by a zero X answers 0. */
export const runFilter = (program: readonly BpfInstruction[], data: DataView): number => {
  const memory = new Uint32Array(BPF_MEMWORDS);
  let accumulator = 0;
  let index = 0;
  for (let pc = 0; ; pc++) {
    const { code, jt, jf, k } = program[pc]!;
    const operand = code & X ? index : k;
    switch (code & 7) {
      case LD:
      case LDX: {
        const mode = code & 0xe0;
        const value =
          mode === ABS ? data.getUint32(k, true) : mode === LEN ? SECCOMP_DATA.size : mode === MEM ? memory[k]! : k;
        if ((code & 7) === LD) accumulator = value;
        else index = value;
        break;
      }
      case ST:
        memory[k] = accumulator;
        break;
      case STX:
        memory[k] = index;
        break;
      case ALU:
        if ((code & 0xf0) === BPF.DIV && operand === 0) return 0;
        accumulator = alu(code & 0xf0, accumulator, operand) >>> 0;
        break;
      case JMP:
        if ((code & 0xf0) === BPF.JA) pc += k;
        else pc += holds(code & 0xf0, accumulator, operand) ? jt : jf;
        break;
      case RET:
        return code & A ? accumulator : k;
      default:
        if (code & BPF.TXA) accumulator = index;
        else index = accumulator;
    }
  }
};
