/** Names for addresses of a task: functions, and the areas of its memory. */

import { decode, describe, MAX_INSTRUCTION_LENGTH } from '../../emulator/decode/index.ts';
import { RT_SIGFRAME } from '../../kernel/abi/sigframe.ts';
import { VM, vmaAt } from '../../kernel/mm/vma.ts';
import { peekUpTo } from '../../kernel/syscalls/format/guest.ts';
import type { Task } from '../../kernel/task/task.ts';
import type { Place } from './facts.ts';

/** Gives a function for an address of the task's program, `''` for none: `SymbolCache.text`. */
export type Symbolize = (task: Task, address: number) => string;

/** No canonical user address lies beyond. */
const USER_LIMIT = 1n << 47n;

/** Where a frame lies, so that addresses within it can be named. */
export interface FrameRange {
  readonly address: number;
  readonly fpstate: number;
  /** Bytes of the extended state there. */
  readonly fpstateSize: number;
}

const nameInFrame = (at: number, { address, fpstate, fpstateSize }: FrameRange): string => {
  if (at < address || at >= fpstate + fpstateSize) return '';
  if (at === fpstate) return '&fpstate';
  const field = RT_SIGFRAME.fields.find(({ offset }) => address + offset === at);
  return field === undefined
    ? `frame+0x${(at - address).toString(16)}`
    : field.offset === 0
      ? '&frame'
      : `&${field.name}`;
};

/** Where an address lies. */
export const placeOf = (task: Task, address: bigint, symbolize: Symbolize, frame?: FrameRange): Place => {
  if (address >= USER_LIMIT) return { address, name: '' };
  return { address, name: nameOf(task, Number(address), symbolize, frame) };
};

const nameOf = (task: Task, at: number, symbolize: Symbolize, frame: FrameRange | undefined): string => {
  const { mm } = task;
  const vma = vmaAt(mm, at);
  if (vma === undefined) return '';
  if (vma.flags & VM.EXEC) {
    const symbol = symbolize(task, at);
    if (symbol !== '') return symbol;
  }
  if (mm.startStack >= vma.start && mm.startStack < vma.end) {
    return frame === undefined ? '[stack]' : nameInFrame(at, frame) || '[stack]';
  }
  if (at >= mm.startBrk && at < mm.brk) return '[heap]';
  const inFrame = frame === undefined ? '' : nameInFrame(at, frame);
  if (inFrame !== '') return inFrame;
  if (vma.file === null) return vma.mapping?.object?.name ?? '[anonymous]';
  const file = vma.file.path.slice(vma.file.path.lastIndexOf('/') + 1);
  return `${file}+0x${(vma.offset + at - vma.start).toString(16)}`;
};

/** `0x401301 on_signal`. */
export const placeText = ({ address, name }: Place): string => {
  const text = `0x${address.toString(16)}`;
  return name === '' ? text : `${text} ${name}`;
};

/** The instruction at an address, `''` when there is none. */
export const instructionAt = (task: Task, address: bigint): string => {
  if (address >= USER_LIMIT) return '';
  const bytes = peekUpTo(task.mm, Number(address), MAX_INSTRUCTION_LENGTH);
  const result = decode(bytes, 0, bytes.length, Number(address));
  return typeof result === 'object' ? describe(result) : '';
};
