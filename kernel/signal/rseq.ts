/** Restartable sequences: what happens to a critical section that is left by force (kernel/rseq.c). */
import { USER_END } from '../../emulator/api.ts';
import { RSEQ, RSEQ_CS } from '../abi/rseq.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, getUserLong, putUser64, readStruct, UserFault, userSpan } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { forceSigsegv } from './force.ts';

const SIGNATURE_SIZE = 4;

/** What the thread's area names, checked (rseq_get_rseq_cs); null for nothing, false for what is no good. */
const criticalSection = (task: Task, address: number, signature: number) => {
  const pointer = getUserLong(task.mm, address);
  if (pointer === 0) return null;
  if (pointer >= USER_END) return false;
  const section = readStruct(task.mm, RSEQ_CS, pointer);
  const { start_ip: start, post_commit_offset: length, abort_ip: abort } = section;
  if (start >= USER_END || start + length >= USER_END || abort >= USER_END || section.version !== 0) return false;
  // The abort handler may not be part of what it ends.
  if (abort >= start && abort - start < length) return false;
  if (getUser32(task.mm, abort - SIGNATURE_SIZE) !== signature) return false;
  return section;
};

/** Sends the task to its abort handler if it was in a critical section; false if that cannot be known (rseq_ip_fixup). */
const fixupIp = (kernel: Kernel, task: Task): boolean => {
  const { address, signature } = task.rseq!;
  const at = address + RSEQ.offsets.rseq_cs;
  const section = criticalSection(task, at, signature);
  if (section === null) return true;
  if (section === false) return false;
  const { state } = kernel.cpu;
  const inside = state.rip >= section.start_ip && state.rip - section.start_ip < section.post_commit_offset;
  // Flags once kept some interruptions from ending a section; they are no longer known.
  if (inside && (section.flags !== 0 || getUser32(task.mm, address + RSEQ.offsets.flags) !== 0)) return false;
  putUser64(task.mm, at, 0n);
  if (inside) state.rip = section.abort_ip;
  return true;
};

/** The area, where it can be written to, as a byte offset in linear memory. It is aligned to its size, so it lies in one page. */
const areaOf = ({ mm, rseq }: Task): number => userSpan(mm, rseq!.address, RSEQ.size, true);

/** The one processor's number, its node, and that of the thread among those that run: all are 0. */
export const updateRseqCpu = (task: Task, area = areaOf(task)): void => {
  const { cpu_id_start, cpu_id, node_id, mm_cid } = RSEQ.offsets;
  const { u32 } = task.mm.kernel.physical;
  u32[(area + cpu_id_start) >>> 2] = 0;
  u32[(area + cpu_id) >>> 2] = 0;
  u32[(area + node_id) >>> 2] = 0;
  u32[(area + mm_cid) >>> 2] = 0;
};

/**
 * The thread ran before and something came between, or is about to: another thread, or `signo`'s handler. Done before it goes on
 * in user mode (__rseq_handle_notify_resume). An area that is no good is SIGSEGV.
 */
export const rseqHandleNotifyResume = (kernel: Kernel, task: Task, signo = 0): void => {
  task.rseqEvent = false;
  if (task.rseq === null || task.exiting) return;
  try {
    const area = areaOf(task);
    const section = (area + RSEQ.offsets.rseq_cs) >>> 2;
    const { u32 } = task.mm.kernel.physical;
    if ((u32[section]! | u32[section + 1]!) === 0) {
      updateRseqCpu(task, area);
      return;
    }
  } catch (thrown) {
    // Found again by what follows, after what comes before it.
    if (!(thrown instanceof UserFault)) throw thrown;
  }
  try {
    if (fixupIp(kernel, task)) {
      updateRseqCpu(task);
      return;
    }
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
  }
  forceSigsegv(kernel, task, signo);
};
