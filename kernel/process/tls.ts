/**
 * The three descriptors of segments that are a thread's own (arch/x86/kernel/tls.c). 64-bit code has no call to set them, a
 * tracer has. They are kept and shown; the processor here loads none of them.
 */
import { ERRNO } from '../abi/errno.ts';
import { GDT_ENTRY_TLS, USER_DESC, USER_DESC_FLAG } from '../abi/ptrace.ts';
import type { Mm } from '../mm/mm.ts';
import { readStruct, writeStruct } from '../mm/user.ts';
import type { Task, TlsDescriptor } from '../task/task.ts';

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

/** Sets entry `index` from a struct user_desc (do_set_thread_area). */
export const setThreadArea = (task: Task, index: number, mm: Mm, address: number): number => {
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
  return 0;
};
