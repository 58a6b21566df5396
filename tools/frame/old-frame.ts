/** A frame of `--personality linux-0.11`: some words, each with a label. The kernel's half is `kernel/signal/linux-0.11.ts`. */
import { formatSigset, RED_ZONE } from '../../kernel/abi/sigframe.ts';
import { fromBits } from '../../kernel/abi/sigset.ts';
import { frameWords011 } from '../../kernel/signal/linux-0.11.ts';
import { peekUpTo } from '../../kernel/syscalls/format/guest.ts';
import type { Task } from '../../kernel/task/task.ts';
import type { ByteLine, Restores } from './facts.ts';
import { eflagsNames } from './flags.ts';
import { placeOf, placeText, type Symbolize } from './places.ts';

const WORD = 8;

/** Bytes of a frame whose action has these flags, with the red zone. */
export const oldFrameSize = (flags: number): number => frameWords011(flags).length * WORD + RED_ZONE;

const MEANINGS: Readonly<Record<string, string>> = {
  sa_restorer: 'return address of the handler; the restorer pops what follows, and there is no sigreturn',
  signr: 'the signal, argument of the handler when arguments were on the stack',
  blocked: 'the mask to restore, for which the restorer makes a system call: ssetmask(2) once',
  eflags: 'popped by POPF',
  old_rip: 'popped by RET: where the program goes on',
};

/** All of its bytes, in order of address, and what the restorer brings back. */
export const describeOldFrame = (
  task: Task,
  address: number,
  flags: number,
  symbolize: Symbolize,
): { lines: ByteLine[]; restores: Restores; rip: bigint } => {
  const names = frameWords011(flags);
  const size = oldFrameSize(flags);
  const bytes = new Uint8Array(size);
  bytes.set(peekUpTo(task.mm, address, size));
  const view = new DataView(bytes.buffer);
  const hex = (from: number, to: number) =>
    Array.from(bytes.subarray(from, to), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const word = (name: string) => view.getBigUint64(names.indexOf(name) * WORD, true);
  const lines: ByteLine[] = names.map((path, i) => {
    const offset = i * WORD;
    const value = view.getBigUint64(offset, true);
    const text =
      path === 'blocked'
        ? formatSigset(fromBits(value))
        : path === 'eflags'
          ? `0x${value.toString(16)} ${eflagsNames(value)}`
          : placeText(placeOf(task, value, symbolize));
    return {
      ...{ kind: 'field', offset, size: WORD, address: BigInt(address + offset), path, value: text },
      ...{ meaning: MEANINGS[path] ?? 'scratch register, popped', bytes: hex(offset, offset + WORD) },
    };
  });
  const end = names.length * WORD;
  lines.push({
    ...{ kind: 'red zone', offset: end, size: RED_ZONE, address: BigInt(address + end), path: '', value: '' },
    meaning:
      'belongs to the interrupted function; RET 128 skips it, for the ABI of 64 bits has it and that of 1991 had not',
    bytes: hex(end, size),
  });
  const rip = word('old_rip');
  const mask = names.includes('blocked') ? formatSigset(fromBits(word('blocked'))) : 'as it is: SA_NOMASK';
  return {
    lines,
    rip,
    restores: {
      ...{ mask, blockedNow: formatSigset(task.blocked), altstack: 'unknown to this kernel' },
      fpState: 'not in the frame: the handler has the program’s, and the program gets the handler’s',
      registers: `the scratch registers, flags and rip 0x${rip.toString(16)}; others are the handler's to preserve`,
    },
  };
};
