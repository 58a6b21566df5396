/** /proc/PID/cmdline and environ: what a process's own memory says (fs/proc/base.c). */
import { PAGE_SIZE } from '../../emulator/api.ts';
import type { Mm } from '../mm/mm.ts';
import { readRemote } from '../mm/remote.ts';
import { findVma } from '../mm/vma.ts';
import { fromBytes } from './names.ts';
import type { ProcContext } from './procfs.ts';
import { isGone } from './procview.ts';

/** Anonymous memory from `start` on, at most to `end` (FOLL_ANON: no files, which could keep the reader waiting). */
const anonymousBytes = (mm: Mm, start: number, end: number): Uint8Array => {
  let at = start;
  while (at < end) {
    const vma = findVma(mm, at);
    if (vma === undefined || vma.start > at || vma.file !== null || vma.mapping !== null) break;
    at = vma.end;
  }
  const length = Math.min(at, end) - start;
  return length <= 0 ? new Uint8Array(0) : readRemote(mm, start, length);
};

/**
 * The arguments; of who has written over their end, as programs do that show what they are busy with, one text instead
 * (get_mm_cmdline).
 */
export const cmdlineText = ({ task }: ProcContext): string => {
  if (isGone(task)) return '';
  const { mm } = task;
  if (mm.argStart >= mm.argEnd) return '';
  const [last] = anonymousBytes(mm, mm.argEnd - 1, mm.argEnd);
  if (last === undefined || last === 0) return fromBytes(anonymousBytes(mm, mm.argStart, mm.argEnd));
  const page = anonymousBytes(mm, mm.argStart, mm.argStart + PAGE_SIZE);
  const end = page.indexOf(0);
  return fromBytes(end < 0 ? page : page.subarray(0, end + 1));
};

export const environText = ({ task }: ProcContext): string =>
  isGone(task) ? '' : fromBytes(anonymousBytes(task.mm, task.mm.envStart, task.mm.envEnd));
