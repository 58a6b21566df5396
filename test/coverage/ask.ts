/** Whether a processor, or an executor, takes some bytes for an instruction. */
import { VECTOR } from '../../emulator/api.ts';
import { type Case, COMPLETED, MAP, type Outcome, STOP_BY } from '../cpu/case.ts';
import { Executor } from '../cpu/execute.ts';
import { runNatively } from '../cpu/native.ts';
import { initialX87 } from '../cpu/x87.ts';
import type { Probe } from './probes.ts';

/** `length` is known where the instruction just completed. */
export interface Answer {
  readonly accepted: boolean;
  readonly length: number | undefined;
}

const CODE_OFFSET = 0x400;
const OPERANDS = BigInt(MAP.data + 0x800);
const STACK = BigInt(MAP.data + 0x1000);
const [RCX, RSP] = [1, 4];
const gpr = new BigUint64Array(16).fill(OPERANDS);
gpr[RCX] = 1n;
gpr[RSP] = STACK;
const ymm = new BigUint64Array(64);

const caseOf = (bytes: Uint8Array): Case => ({
  id: 'probe',
  bytes,
  codeOffset: CODE_OFFSET,
  gpr,
  rflags: 0x202,
  mxcsr: 0x1f80,
  ymm,
  x87: initialX87,
  patches: [],
  // A jump may lead anywhere.
  stopBy: STOP_BY.step,
  segments: true,
  loadsTrapFlag: false,
  breaks: false,
});

const answerOf = (outcome: Outcome): Answer => {
  const length = Number(outcome.rip) - MAP.code - CODE_OFFSET;
  const completed = outcome.vector === COMPLETED && length > 0 && length <= 15;
  return { accepted: outcome.vector !== VECTOR.UD, length: completed ? length : undefined };
};

/** What is not executed on a host: it would make a system call of the runner or of its operating system. */
export const isNotAsked = ({ map, opcode, modrm }: Probe): boolean =>
  map === '0F' && (opcode === 0x05 || opcode === 0x34 || (opcode === 0x01 && (modrm === 0xc1 || modrm === 0xd9)));

export const askHost = (runner: string, probes: readonly Probe[]): Answer[] =>
  runNatively(
    runner,
    probes.map((probe) => caseOf(probe.bytes)),
  ).map(answerOf);

export class Ours {
  readonly #executor = new Executor('reference');

  ask(probe: Probe): Answer {
    return answerOf(this.#executor.run(caseOf(probe.bytes)));
  }
}
