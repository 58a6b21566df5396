/** /proc/PID/oom_score_adj and its kin: who would be killed first if memory were short (fs/proc/base.c, mm/oom_kill.c). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { capable } from '../task/capability.ts';
import type { ProcContext } from './procfs.ts';
import { isGone } from './procview.ts';

/** OOM_SCORE_ADJ_MAX and its negative, which is never. */
const MAX = 1000;
/** Of the older scale: OOM_ADJUST_MAX, OOM_DISABLE. */
const OLD_MAX = 15;
const OLD_MIN = -17;
/** Longest text that is looked at (PROC_NUMBUF). */
const LONGEST = 12;

/** A number as kstrtoint reads it; null for none. */
const parse = (text: string): number | null => {
  const given = text.slice(0, LONGEST).trim();
  const [, sign, digits] = /^([+-]?)(0x[0-9a-f]+|\d+)$/i.exec(given) ?? [];
  if (digits === undefined || (/^0\d/.test(digits) && !/^[0-7]+$/.test(digits))) return null;
  const value = Number(/^0\d/.test(digits) ? `0o${digits}` : digits);
  return sign === '-' ? -value : value;
};

export const oomScoreAdjText = ({ task }: ProcContext): string => `${task.group.oom.adjust}\n`;

export const oomAdjText = ({ task }: ProcContext): string => {
  const { adjust } = task.group.oom;
  return `${adjust === MAX ? OLD_MAX : Math.trunc((adjust * -OLD_MIN) / MAX)}\n`;
};

/** Badness in thousandths of all memory, and two thirds of what that is above never (oom_badness, proc_oom_score). */
export const oomScoreText = ({ kernel, task }: ProcContext): string => {
  const { adjust } = task.group.oom;
  if (isGone(task) || adjust === -MAX) return '0\n';
  const total = kernel.physical.limit;
  const points = task.mm.rss + Math.trunc((adjust * total) / MAX);
  return `${Math.trunc(((MAX + Math.trunc((points * MAX) / total)) * 2) / 3)}\n`;
};

/** All processes of one memory have one value, but for vfork's (__set_oom_adj). */
const set = ({ kernel, reader, task }: ProcContext, adjust: number, old: boolean): number => {
  const { oom } = task.group;
  const free = capable(reader.cred, CAP.SYS_RESOURCE);
  if (adjust < (old ? oom.adjust : oom.least) && !free) return -ERRNO.EACCES;
  const least = !old && free ? adjust : null;
  for (const other of kernel.tasks.values()) {
    if (other.group !== task.group && (other.mm !== task.mm || other.exiting || other.vforkDone !== null)) continue;
    other.group.oom = { adjust, least: least ?? other.group.oom.least };
  }
  return 0;
};

export const setOomScoreAdj = (context: ProcContext, text: string): number => {
  const adjust = parse(text);
  return adjust === null || Math.abs(adjust) > MAX ? -ERRNO.EINVAL : set(context, adjust, false);
};

export const setOomAdj = (context: ProcContext, text: string): number => {
  const adjust = parse(text);
  if (adjust === null || adjust > OLD_MAX || adjust < OLD_MIN) return -ERRNO.EINVAL;
  return set(context, adjust === OLD_MAX ? MAX : Math.trunc((adjust * MAX) / -OLD_MIN), true);
};
