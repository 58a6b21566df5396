/**
 * The three descriptors of segments that are a thread's own (arch/x86/kernel/tls.c). 64-bit code has no call to set them, a
 * tracer has. Programs load them into segment registers.
 */
import { type DataSegment, isDataSelector } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { GDT_ENTRY_TLS, USER_DESC, USER_DESC_FLAG } from '../abi/ptrace.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { readStruct, writeStruct } from '../mm/user.ts';
import type { Task, TlsDescriptor } from '../task/task.ts';
import { withRegisters } from './regset.ts';

const COUNT = GDT_ENTRY_TLS.MAX - GDT_ENTRY_TLS.MIN + 1;
const LIMIT = 0xfffff;

/** What a descriptor of zeros looks like. */
const EMPTY: TlsDescriptor = Object.freeze({
  ...{ base: 0, limit: 0 },
  flags: USER_DESC_FLAG.READ_EXEC_ONLY | USER_DESC_FLAG.SEG_NOT_PRESENT,
});

const isTls = (index: number): boolean => index >= GDT_ENTRY_TLS.MIN && index <= GDT_ENTRY_TLS.MAX;

/** Writes entry `index` of the task as a struct user_desc (do_get_thread_area). */
export const getThreadArea = (task: Task, index: number, mm: Mm, address: number): number => {
  if (!isTls(index)) return -ERRNO.EINVAL;
  const { base, limit, flags } = task.tls[index - GDT_ENTRY_TLS.MIN] ?? EMPTY;
  writeStruct(mm, USER_DESC, address, { entry_number: index, base_addr: base, limit, flags });
  return 0;
};

/** Whether it is no segment at all (LDT_empty, LDT_zero). */
const isEmpty = ({ base_addr, limit, flags }: ReturnType<typeof USER_DESC.read>): boolean =>
  base_addr === 0 && limit === 0 && (flags === 0 || flags === EMPTY.flags);

/** 32-bit data that is there (tls_desc_okay). */
const isAllowed = (flags: number): boolean =>
  (flags & USER_DESC_FLAG.SEG_32BIT) !== 0 &&
  (flags & USER_DESC_FLAG.CONTENTS) <= 2 &&
  (flags & USER_DESC_FLAG.SEG_NOT_PRESENT) === 0;

/** What the processor finds at `index` of the task's descriptor table; null for nothing of its own. */
export const dataSegment = (task: Task, index: number): DataSegment | null => {
  const entry = isTls(index) ? task.tls[index - GDT_ENTRY_TLS.MIN] : null;
  if (entry === null || entry === undefined) return null;
  const { base, limit, flags } = entry;
  return {
    ...{ base, limit },
    pages: (flags & USER_DESC_FLAG.LIMIT_IN_PAGES) !== 0,
    writable: (flags & USER_DESC_FLAG.READ_EXEC_ONLY) === 0,
    expandDown: (flags & USER_DESC_FLAG.CONTENTS) !== 0,
    big: (flags & USER_DESC_FLAG.SEG_32BIT) !== 0,
    available: (flags & USER_DESC_FLAG.USEABLE) !== 0,
  };
};

/** A stopped task goes on: selectors of segments that there are not are 0 then, as loading them would fault (load_seg). */
export const reloadSegments = (kernel: Kernel, task: Task): void =>
  withRegisters(kernel, task, ({ state }) => {
    for (const name of ['ds', 'es', 'fs', 'gs'] as const) {
      if (!isDataSelector(state.word(name), (index) => dataSegment(task, index))) state.setWord(name, 0);
    }
  });

/** Sets entry `index` of a stopped task from a struct user_desc (do_set_thread_area). */
export const setThreadArea = (kernel: Kernel, task: Task, index: number, mm: Mm, address: number): number => {
  const wanted = readStruct(mm, USER_DESC, address);
  const flags = wanted.flags & 0xff;
  const empty = isEmpty({ ...wanted, flags });
  if (!empty && !isAllowed(flags)) return -ERRNO.EINVAL;
  if (!isTls(index)) return -ERRNO.EINVAL;
  const entry = empty
    ? null
    : { base: wanted.base_addr, limit: wanted.limit & LIMIT, flags: flags & ~USER_DESC_FLAG.LM };
  task.tls = Array.from({ length: COUNT }, (_, each) =>
    each === index - GDT_ENTRY_TLS.MIN ? entry : (task.tls[each] ?? null),
  );
  withRegisters(kernel, task, ({ state }) => {
    const selector = (index << 3) | 3;
    if (state.word('fs') === selector) state.fsBase = BigInt(wanted.base_addr);
    if (state.word('gs') === selector) state.gsBase = BigInt(wanted.base_addr);
  });
  return 0;
};
