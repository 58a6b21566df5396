/**
 * Random code as a program of its own: bytes, or pieces of real code with errors put in, in memory that it may overwrite. It
 * has to end the same way in every executor: by the same signal at the same instruction with the same registers.
 */

import type { CpuKind } from '../../emulator/api.ts';
import { REG_NAMES } from '../../emulator/api.ts';
import { SIG, signalName } from '../../kernel/abi/signal.ts';
import { putGuestFile } from '../../kernel/guest-files.ts';
import { Machine } from '../../kernel/machine.ts';
import { memoryHost } from '../../kernel/memory-host.ts';
import { copyFromUser } from '../../kernel/mm/user.ts';
import { observe } from '../../kernel/observers.ts';
import { kernelInfo, sendSignal } from '../../kernel/signal/send.ts';
import type { Task } from '../../kernel/task/task.ts';
import type { Random } from './random.ts';

/** Code and data are one segment, readable, writable and executable; its last page ends the mapping. */
const BASE = 0x400000;
const HEADER = 120;
const SIZE = 4 * 4096;
const CODE_AT = 0x1000;
/** Where registers point. */
const DATA_AT = 0x2000;
const CODE_SIZE = 256;

/** What a program may execute. */
const INSTRUCTIONS = 3000;

/** An ELF file of one segment with all registers set before the code. */
export const program = (code: Uint8Array, random: Random): Uint8Array => {
  const file = new Uint8Array(SIZE);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 62, true); // EM_X86_64
  view.setUint32(20, 1, true);
  view.setUint32(32, 64, true); // e_phoff
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true); // PT_LOAD
  view.setUint32(68, 7, true); // rwx
  view.setBigUint64(80, BigInt(BASE), true);
  view.setBigUint64(96, BigInt(SIZE), true);
  view.setBigUint64(104, BigInt(SIZE), true);
  view.setBigUint64(112, 4096n, true);
  for (let at = HEADER; at < CODE_AT - CODE_SIZE; at++) file[at] = random.below(256);

  // mov r64, imm64 for each register but rsp, then the code, which may run across a page's end.
  const prologue: number[] = [];
  for (let n = 0; n < 16; n++) {
    if (n === 4) continue;
    const value = new Uint8Array(8);
    new DataView(value.buffer).setBigUint64(0, registerValue(random), true);
    prologue.push(n < 8 ? 0x48 : 0x49, 0xb8 + (n & 7), ...value);
  }
  const start = CODE_AT - random.below(prologue.length + CODE_SIZE);
  view.setBigUint64(24, BigInt(BASE + start), true); // e_entry
  file.set(prologue, start);
  file.set(code, start + prologue.length);
  for (let at = DATA_AT; at < SIZE; at++) file[at] = random.below(5) === 0 ? random.below(256) : 0;
  return file;
};

const registerValue = (random: Random): bigint => {
  switch (random.below(5)) {
    case 0:
      return BigInt(random.below(256));
    case 1:
      return random.oneOf([0n, (1n << 64n) - 1n, 1n << 63n, 1n << 47n, 0x7fffffffn, 0x80000000n, 0xffff800000000000n]);
    case 2:
      return BigInt(BASE + CODE_AT - CODE_SIZE + random.below(3 * CODE_SIZE));
    default:
      return BigInt(BASE + DATA_AT + random.below(SIZE - DATA_AT));
  }
};

/** Random bytes, with prefixes and opcode maps more often than chance has them. */
export const randomCode = (random: Random): Uint8Array => {
  const code = random.bytes(CODE_SIZE);
  const common = [0x0f, 0x66, 0xf2, 0xf3, 0x48, 0x4c, 0x41, 0xf0, 0x64, 0x65, 0x67, 0xc4, 0xc5, 0xeb, 0x74, 0xe2];
  for (let n = random.below(60); n > 0; n--) code[random.below(CODE_SIZE)] = random.oneOf(common);
  return code;
};

/** A piece of an executable with some bits and bytes changed, moved or doubled. */
export const mutatedCode = (text: Uint8Array, random: Random): Uint8Array => {
  const from = random.below(text.length - CODE_SIZE);
  const code = text.slice(from, from + CODE_SIZE);
  for (let n = random.below(8); n > 0; n--) {
    const at = random.below(CODE_SIZE);
    switch (random.below(4)) {
      case 0:
        code[at] = code[at]! ^ (1 << random.below(8));
        break;
      case 1:
        code[at] = random.below(256);
        break;
      case 2:
        code.copyWithin(at, at + 1);
        break;
      default:
        code.copyWithin(at, random.below(CODE_SIZE - 16), CODE_SIZE);
    }
  }
  return code;
};

/** A machine that runs one such program after another. */
export class CodeMachine {
  readonly #machine: Machine;
  #seen: string[] = [];

  constructor(cpu: CpuKind) {
    const machine = new Machine({
      host: memoryHost(),
      cpu,
      jit: { threshold: 1 },
      memory: 64 << 20,
      limits: { maxTasks: 50, fileBytes: 16 << 20 },
      deterministic: { seed: 0 },
    });
    this.#machine = machine;
    observe(machine.observers, {
      signalTaken: (task, info) => {
        const where = info.kind === 'fault' ? ` at ${info.address.toString(16)}` : '';
        this.#seen.push(`${signalName(info.signo)} code ${info.code}${where}: ${this.#state(task)}`);
      },
      syscallEntry: (task, number) => this.#seen.push(`call ${number} ${task.instructions}`),
    });
  }

  #state(task: Task): string {
    const { state } = this.#machine.cpu;
    const registers = REG_NAMES.map((name, n) => `${name} ${state.get(n).toString(16)}`);
    return `rip ${state.rip64.toString(16)} flags ${state.rflags.toString(16)} ${registers.join(' ')} ${this.#memory(task)}`;
  }

  /** A hash of the segment, or why there is none. */
  #memory(task: Task): string {
    let hash = 0;
    try {
      for (const byte of copyFromUser(task.mm, BASE, SIZE)) hash = Math.imul(hash ^ byte, 0x01000193);
    } catch {
      return 'unmapped';
    }
    return (hash >>> 0).toString(16);
  }

  /** Everything that tells one run from another, as text. Throws what the machine throws. */
  async run(file: Uint8Array): Promise<string> {
    const machine = this.#machine;
    this.#seen = [];
    putGuestFile(machine, '/program', { file, mode: 0o755 });
    const task = machine.start({ path: '/program', argv: ['/program'], env: [] });
    if (typeof task === 'number') throw new Error(`not started: ${task}`);
    const before = machine.cpu.instructions;
    const end = await machine.run({ until: 'all', instructions: INSTRUCTIONS });
    const executed = machine.cpu.instructions - before;
    if (end.kind === 'instructions') this.#seen.push(`goes on: ${this.#state(machine.current)}`);
    for (const one of [...machine.tasks.values()]) {
      if (one === machine.init || one === machine.starter || one.exiting) continue;
      sendSignal(machine, kernelInfo(SIG.SIGKILL), one, false);
    }
    const last = await machine.run({ until: 'all', instructions: INSTRUCTIONS });
    if (last.kind !== 'exit') throw new Error(`does not die: ${last.kind}`);
    return `${end.kind} after ${executed}: ${task.exitCode.toString(16)}\n${this.#seen.join('\n')}`;
  }
}
