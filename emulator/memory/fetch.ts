/** Instruction fetch: bytes through the page tables, decoded. Shared by the executors. */
import { CpuFault } from '../isa/helper.ts';
import type { Instruction } from '../isa/instruction.ts';
import { VECTOR } from '../isa/ops.ts';
import type { GuestMemory } from './access.ts';
import { isCanonical } from './canonical.ts';
import { PAGE_SIZE } from './layout.ts';
import { PF_ERROR, USER_END } from './paging.ts';

const LONGEST = 15;

/** Frame numbers an instruction's bytes came from; `second` is 0 unless it crosses a page. */
export interface Fetched {
  readonly instruction: Instruction;
  readonly first: number;
  readonly second: number;
}

/**
 * Fetches and decodes one instruction. Throws `CpuFault`: #PF of the page that cannot be fetched (cr2 is set), #UD for an
 * invalid encoding, #GP for one of more than 15 bytes.
 */
export const fetchInstruction = (memory: GuestMemory, address: number): Fetched => {
  if (address >= USER_END) {
    // Jumps check their target, but a kernel may return to anything.
    if (!isCanonical(memory.state.rip64)) throw new CpuFault(VECTOR.GP);
    memory.state.cr2Wide = memory.state.rip64;
    throw new CpuFault(VECTOR.PF, PF_ERROR.fetch | PF_ERROR.user);
  }
  const first = memory.fetchFrame(address);
  const low = address % PAGE_SIZE;
  const { u8 } = memory.physical;
  const available = PAGE_SIZE - low;
  let result = memory.decoder.decode(u8, first + low, Math.min(available, LONGEST), address);
  let second = 0;
  if (result === 'truncated' && available < LONGEST) {
    second = memory.fetchFrame(address + available);
    const bytes = new Uint8Array(LONGEST);
    bytes.set(u8.subarray(first + low, first + PAGE_SIZE));
    bytes.set(u8.subarray(second, second + LONGEST - available), available);
    result = memory.decoder.decode(bytes, 0, LONGEST, address);
  }
  if (typeof result === 'string') throw new CpuFault(result === 'invalid' ? VECTOR.UD : VECTOR.GP);
  return { instruction: result, first: first / PAGE_SIZE, second: second / PAGE_SIZE };
};
