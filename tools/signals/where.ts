/** Places in programs, with their callers as far as the stack shows them. */
import { VM, vmaAt } from '../../kernel/mm/vma.ts';
import { peek, peekUpTo } from '../../kernel/syscalls/format/guest.ts';
import type { Task } from '../../kernel/task/task.ts';
import { placeOf, type Symbolize } from '../frame/places.ts';
import type { Where } from './entries.ts';

/** How much of the stack is looked through for one return address, in bytes, and how many callers are named. */
const REACH = 1024;
const MAX_CALLERS = 4;
/** Longest CALL through memory without a segment: REX, FF, ModRM, SIB, disp32. */
const LONGEST_CALL = 8;

/** Opcode of CALL rel32, and of the group that has CALL r/m64 as its /2. */
const CALL_REL32 = 0xe8;
const GROUP5 = 0xff;

const functionOf = (symbol: string): string => symbol.replace(/\+0x[0-9a-f]+$/, '');

/** The target of the CALL that ends at `address`; 0 for one through a register or memory, null if there is none. */
const calledBefore = (task: Task, address: number): number | null => {
  const vma = vmaAt(task.mm, address);
  if (vma === undefined || (vma.flags & VM.EXEC) === 0) return null;
  const code = peek(task.mm, address - LONGEST_CALL, LONGEST_CALL);
  if (code === null) return null;
  if (code[LONGEST_CALL - 5] === CALL_REL32) {
    return address + new DataView(code.buffer, code.byteOffset).getInt32(LONGEST_CALL - 4, true);
  }
  // Two bytes for a register, three with a short displacement, six relative to rip, seven with SIB.
  for (const length of [2, 3, 6, 7]) {
    const at = LONGEST_CALL - length;
    if (code[at] === GROUP5 && ((code[at + 1]! >> 3) & 7) === 2) return 0;
  }
  return null;
};

/** The nearest return address from `from` on, best one into which the function `name` was called. */
const findReturn = (task: Task, from: number, name: string, nameOf: (address: number) => string) => {
  const bytes = peekUpTo(task.mm, from, REACH);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let nearest: { readonly address: number; readonly next: number } | null = null;
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    if (view.getUint16(at + 6, true) !== 0) continue;
    const address = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
    const target = calledBefore(task, address);
    if (target === null) continue;
    const found = { address, next: from + at + 8 };
    if (target !== 0 && nameOf(target) === name) return found;
    nearest ??= found;
  }
  return nearest;
};

/** Where the current task is: `rip` and its callers from `rsp` upwards. */
export const whereIs = (task: Task, rip: number, rsp: number, symbolize: Symbolize): Where => {
  const nameOf = (address: number): string => placeOf(task, BigInt(address), symbolize).name;
  const symbol = nameOf(rip);
  const callers: string[] = [];
  let name = functionOf(symbol);
  let from = rsp;
  while (callers.length < MAX_CALLERS && name !== 'main' && name !== '_start') {
    const found = findReturn(task, from, name, nameOf);
    if (found === null) break;
    const caller = nameOf(found.address);
    name = functionOf(caller);
    callers.push(caller);
    from = found.next;
  }
  return { address: `0x${rip.toString(16)}`, symbol, callers };
};

/** `raise+0x1f < main+0x30`, shortest first: at most the place and three callers. */
export const whereText = ({ address, symbol, callers }: Where): string => [symbol || address, ...callers].join(' < ');
