/** Control words, environment, the stack's administration, waiting (SDM Vol. 1, 8.3.9 to 8.3.11 and 8.1.10). */
import { EXTENDED80, FINITE, unpack, ZERO } from '../../float/format.ts';
import { REG, X87_EXCEPTIONS, X87_STATUS } from '../../state.ts';
import type { HelperContext } from '../helper.ts';
import { type Row, row } from '../row.ts';
import { C1, type Fpu } from './fpu.ts';
import { type Operation, type ResultOperation, x87, x87With } from './operation.ts';

const DEFAULT_CONTROL = 0x37f;
const REGISTERS = 8;
const REGISTER_BYTES = 10;
/** Where there are several, they are accessed by 16 bits: only the start of the area has to be aligned. */
const PIECES = [0, 2, 4, 6, 8] as const;

const CONTROL = { control: true } as const;
const NO_WAIT = { control: true, noWait: true } as const;

const loadControl: Operation = (fpu, { address }) => {
  const value = Number(fpu.context.load(2, address));
  fpu.state.setX87Control(value, fpu.status);
};

const storeControl: Operation = (fpu, { address }) => fpu.context.store(2, address, BigInt(fpu.control));

const storeStatus: Operation = (fpu, { address }) => fpu.context.store(2, address, BigInt(fpu.status));

const readStatus: ResultOperation = (fpu) => fpu.status;

const clearExceptions: Operation = (fpu) => {
  fpu.status &= ~(X87_EXCEPTIONS | X87_STATUS.SF);
};

const initialise: Operation = (fpu) => {
  const { state } = fpu;
  fpu.top = 0;
  state.setX87Control(DEFAULT_CONTROL, 0);
  state.setWord('ftw', 0);
  state.setWord('fop', 0);
  state.setQuad('fip', 0n);
  state.setQuad('fdp', 0n);
};

// --- environment ------------------------------------------------------------------------------------------------------

/** Values of a register's two tag bits (SDM Vol. 1, 8.1.7). */
const TAG = { valid: 0, zero: 1, special: 2, empty: 3 } as const;

const tagOf = (bits: bigint): number => {
  const { kind, denormal } = unpack(EXTENDED80, bits, false);
  if (kind === ZERO) return TAG.zero;
  return kind === FINITE && !denormal ? TAG.valid : TAG.special;
};

/** The tag word with two bits for each physical register. */
const fullTags = (fpu: Fpu): number => {
  let tags = 0;
  for (let n = 0; n < REGISTERS; n++) {
    const tag = fpu.isEmpty(n) ? TAG.empty : tagOf(fpu.st(n));
    tags |= tag << (2 * ((fpu.top + n) & 7));
  }
  return tags;
};

/** One bit for each register that is not empty. */
const abridge = (tags: number): number => {
  let abridged = 0;
  for (let n = 0; n < REGISTERS; n++) if (((tags >> (2 * n)) & 3) !== TAG.empty) abridged |= 1 << n;
  return abridged;
};

/** The unused upper halves of the words of the 32-bit format. */
const FILL = 0xffff0000;

/**
 * FNSTENV's words in the format of 32-bit protected mode, which 64-bit mode has too (SDM Vol. 1, figure 8-9), and with an
 * operand size of 16 in that of 16-bit protected mode (figure 8-11). The selectors are zero: processors lose them in each
 * switch of tasks in 64-bit mode, or never had them.
 */
const environment = (fpu: Fpu, size: 16 | 32): number[] => {
  const { state } = fpu;
  const [ip, dp] = [state.quad('fip'), state.quad('fdp')].map((p) => Number(BigInt.asUintN(size, p)));
  const words = [fpu.control, fpu.status, fullTags(fpu)];
  if (size === 16) return [...words, ip!, 0, dp!, 0];
  return [...words.map((word) => (FILL | word) >>> 0), ip!, state.word('fop') << 16, dp!, FILL];
};

const ENVIRONMENT_WORDS = 7;

const at = (address: bigint, offset: number): bigint => BigInt.asUintN(64, address + BigInt(offset));

/**
 * Finds out whether an area, which has at most two pages, can be written. Its begin goes first and then its end, as
 * processors do it, which shows in cr2; the begin alone has to be aligned, to `size` bytes.
 */
const probe = (context: HelperContext, address: bigint, size: number, bytes: number): void => {
  context.probeWrite(address, size);
  context.probeWrite(at(address, bytes - 1), 1);
};

/** The same for reading. */
const probeRead = (context: HelperContext, address: bigint, size: number, bytes: number): void => {
  context.load(size, address);
  context.load(1, at(address, bytes - 1));
};

const loadEnvironment = (fpu: Fpu, address: bigint, size: 16 | 32): (() => void) => {
  const bytes = size / 8;
  const words = Array.from({ length: ENVIRONMENT_WORDS }, (_, n) => fpu.context.load(bytes, at(address, n * bytes)));
  const low = (n: number): number => Number(words[n]! & 0xffffn);
  return () => {
    const { state } = fpu;
    fpu.top = low(1) >> 11;
    state.setX87Control(low(0), low(1));
    state.setWord('ftw', abridge(low(2)));
    state.setWord('fop', size === 32 ? Number((words[4]! >> 16n) & 0x7ffn) : 0);
    state.setQuad('fip', words[3]!);
    state.setQuad('fdp', words[5]!);
  };
};

const storeEnvironment = (fpu: Fpu, address: bigint, size: 16 | 32): void => {
  const bytes = size / 8;
  for (const [n, word] of environment(fpu, size).entries()) {
    fpu.context.store(bytes, at(address, n * bytes), BigInt(word));
  }
};

const fnstenv =
  (size: 16 | 32): Operation =>
  (fpu, { address }) => {
    probe(fpu.context, address, size / 8, (ENVIRONMENT_WORDS * size) / 8);
    storeEnvironment(fpu, address, size);
    fpu.state.setX87Control(fpu.control | X87_EXCEPTIONS, fpu.status);
  };

const fldenv =
  (size: 16 | 32): Operation =>
  (fpu, { address }) => {
    probeRead(fpu.context, address, size / 8, (ENVIRONMENT_WORDS * size) / 8);
    loadEnvironment(fpu, address, size)();
  };

const fnsave =
  (size: 16 | 32): Operation =>
  (fpu, { address }) => {
    const { context } = fpu;
    const start = (ENVIRONMENT_WORDS * size) / 8;
    probe(context, address, size / 8, start + REGISTERS * REGISTER_BYTES);
    storeEnvironment(fpu, address, size);
    for (let n = 0; n < REGISTERS; n++) {
      const place = start + n * REGISTER_BYTES;
      for (const piece of PIECES) {
        context.store(2, at(address, place + piece), BigInt.asUintN(16, fpu.st(n) >> BigInt(8 * piece)));
      }
    }
    initialise(fpu, { register: 0, address, extra: 0n });
  };

const frstor =
  (size: 16 | 32): Operation =>
  (fpu, { address }) => {
    const { context } = fpu;
    const start = (ENVIRONMENT_WORDS * size) / 8;
    probeRead(context, address, size / 8, start + REGISTERS * REGISTER_BYTES);
    const apply = loadEnvironment(fpu, address, size);
    const registers = Array.from({ length: REGISTERS }, (_, n) => {
      const place = start + n * REGISTER_BYTES;
      return PIECES.reduce(
        (bits, piece) => bits | (context.load(2, at(address, place + piece)) << BigInt(8 * piece)),
        0n,
      );
    });
    apply();
    const tags = fpu.state.word('ftw');
    for (const [n, bits] of registers.entries()) fpu.setSt(n, bits);
    fpu.state.setWord('ftw', tags);
  };

/** Rows differ by operand size. */
const bySize = (operation: (size: 16 | 32) => Operation, options: { control: true; noWait?: true }) => {
  const [small, large] = [x87(operation(16), options), x87(operation(32), options)];
  return ((o, i) => (i.operandSize === 16 ? small : large)(o, i)) satisfies Row['semantics'];
};

// --- the stack ----------------------------------------------------------------------------------------------------------

const rotate =
  (by: number): Operation =>
  (fpu) => {
    fpu.top += by;
    fpu.setConditions(C1, 0);
  };

const free =
  (pops: boolean): Operation =>
  (fpu, { register }) => {
    fpu.setConditions(C1, 0);
    fpu.free(register);
    if (pops) fpu.pop();
  };

const nothing: Operation = () => {};

export const controlRows: readonly Row[] = [
  row('D9 /5', 'FLDCW', 'Mw', x87(loadControl, CONTROL)),
  row('D9 /7', 'FNSTCW', 'Mw', x87(storeControl, NO_WAIT)),
  row('DD /7', 'FNSTSW', 'Mw', x87(storeStatus, NO_WAIT)),
  row(
    'DF E0',
    'FNSTSW',
    'AX',
    x87With(readStatus, (o, status) => o.setRegister(16, REG.rax, o.truncate(64, 16, status)), NO_WAIT),
  ),
  row('D9 /4', 'FLDENV', 'M', bySize(fldenv, CONTROL)),
  row('D9 /6', 'FNSTENV', 'M', bySize(fnstenv, NO_WAIT)),
  row('DD /4', 'FRSTOR', 'M', bySize(frstor, CONTROL)),
  row('DD /6', 'FNSAVE', 'M', bySize(fnsave, NO_WAIT)),
  row('DB E2', 'FNCLEX', '', x87(clearExceptions, NO_WAIT)),
  row('DB E3', 'FNINIT', '', x87(initialise, NO_WAIT)),
  // What enabled and disabled interrupts of the 8087 and set the 80287's mode does nothing since.
  row('DB E0', 'FNENI', '', x87(nothing, NO_WAIT)),
  row('DB E1', 'FNDISI', '', x87(nothing, NO_WAIT)),
  row('DB E4', 'FNSETPM', '', x87(nothing, NO_WAIT)),
  row('9B', 'FWAIT', '', x87(nothing, CONTROL)),
  row('D9 D0', 'FNOP', '', x87(nothing)),
  row('D9 F6', 'FDECSTP', '', x87(rotate(-1))),
  row('D9 F7', 'FINCSTP', '', x87(rotate(1))),
  row('DD C0+i', 'FFREE', 'STi', x87(free(false))),
  // Documented by AMD alone, executed by all.
  row('DF C0+i', 'FFREEP', 'STi', x87(free(true))),
];
