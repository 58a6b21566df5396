/** /proc/PID/stat, statm and status: numbers of a process (proc_pid_stat(5), proc_pid_status(5); fs/proc/array.c). */

import { PAGE_SIZE } from '../../emulator/api.ts';
import type { CapSet } from '../abi/capability.ts';
import { RLIMIT } from '../abi/resource.ts';
import { NSIG, SIG_DFL, SIG_IGN } from '../abi/signal.ts';
import { hexSigset, NO_SIGNALS, type SigSet, withSignal } from '../abi/sigset.ts';
import { NSEC_PER_SEC, USER_HZ } from '../abi/time.ts';
import type { Mm } from '../mm/mm.ts';
import { pageDown, pageUp } from '../mm/pages.ts';
import { type Resident, residentPages } from '../mm/resident.ts';
import { queuedSignals } from '../signal/pending.ts';
import { ptraceMayAccess } from '../task/access.ts';
import { PRIO } from '../task/priority.ts';
import type { Task, ThreadGroup } from '../task/task.ts';
import { groupUsage } from '../task/usage.ts';
import { ttyDevice } from '../tty/tty.ts';
import type { ProcContext } from './procfs.ts';
import { isGone } from './procview.ts';

const STATE_LETTERS = { running: 'R', sleeping: 'S', stopped: 'T', traced: 't', zombie: 'Z', dead: 'X' } as const;
const STATE_WORDS: Record<string, string> = {
  R: 'R (running)',
  S: 'S (sleeping)',
  D: 'D (disk sleep)',
  T: 'T (stopped)',
  t: 't (tracing stop)',
  Z: 'Z (zombie)',
  X: 'X (dead)',
};

const stateLetter = (task: Task): string =>
  task.state === 'sleeping' && task.wait?.uninterruptible ? 'D' : STATE_LETTERS[task.state];

const ticks = (nanoseconds: number): number => Math.floor((nanoseconds * USER_HZ) / NSEC_PER_SEC);
const kilobytes = (pages: number): number => (pages * PAGE_SIZE) / 1024;

const total = ({ anon, file, shmem }: Resident): number => anon + file + shmem;

/** tty_nr and tpgid. */
const terminalOf = ({ tty }: ThreadGroup): [number, number] =>
  tty === null ? [0, -1] : [ttyDevice(tty), tty.foreground];

/** Pages of code: the program's own, and of libraries. */
const codePages = (mm: Mm): [program: number, libraries: number] => {
  const program = (pageUp(mm.endCode) - pageDown(mm.startCode)) / PAGE_SIZE;
  return [Math.min(program, mm.execVm), Math.max(0, mm.execVm - program)];
};

export const statText = ({ reader, task }: ProcContext): string => {
  const { group, mm } = task;
  const usage = groupUsage(group);
  const child = group.childUsage;
  const gone = isGone(task);
  // Where things lie is not for all.
  const hidden = gone || !ptraceMayAccess(reader, task);
  const fields = [
    task.pid,
    `(${task.comm})`,
    stateLetter(task),
    task.parent?.group.tgid ?? 0,
    group.pgid,
    group.sid,
    ...terminalOf(group),
    0x400000,
    usage.minflt,
    child.minflt,
    usage.majflt,
    child.majflt,
    ticks(usage.utime),
    ticks(usage.stime),
    ticks(child.utime),
    ticks(child.stime),
    task.prio - PRIO.FAIR,
    task.sched.nice,
    group.threads.length,
    0,
    ticks(task.startTime),
    gone ? 0 : mm.totalVm * PAGE_SIZE,
    gone ? 0 : total(residentPages(mm)),
    group.rlimits[RLIMIT.RSS]!.soft === Number.POSITIVE_INFINITY
      ? '18446744073709551615'
      : group.rlimits[RLIMIT.RSS]!.soft,
    gone ? 0 : hidden ? 1 : mm.startCode,
    gone ? 0 : hidden ? 1 : mm.endCode,
    hidden ? 0 : mm.startStack,
    0, // kstkesp, kstkeip
    0,
    task.pending.signal.low & 0x7fffffff,
    task.blocked.low & 0x7fffffff,
    handlers(task, SIG_IGN).low & 0x7fffffff,
    handlers(task, null).low & 0x7fffffff,
    gone ? 0 : 1, // wchan
    0,
    0,
    task.exitSignal,
    0, // processor
    task.sched.priority,
    task.sched.policy,
    0,
    0,
    0,
    hidden ? 0 : mm.startData,
    hidden ? 0 : mm.endData,
    hidden ? 0 : mm.startBrk,
    hidden ? 0 : mm.argStart,
    hidden ? 0 : mm.argEnd,
    hidden ? 0 : mm.envStart,
    hidden ? 0 : mm.envEnd,
    ptraceMayAccess(reader, task) ? task.exitCode : 0,
  ];
  return `${fields.join(' ')}\n`;
};

const hexCaps = (set: CapSet): string => set.toString(16).padStart(16, '0');

/** Signals whose handler is `handler`; null for any function. */
const handlers = (task: Task, handler: number | null): SigSet => {
  let set = NO_SIGNALS;
  for (let signo = 1; signo <= NSIG; signo++) {
    const at = task.sighand.action[signo]!.handler;
    if (handler === null ? at !== SIG_DFL && at !== SIG_IGN : at === handler) set = withSignal(set, signo);
  }
  return set;
};

export const statusText = ({ kernel, task }: ProcContext): string => {
  const { cred, group, mm } = task;
  const usage = groupUsage(group);
  const line = (name: string, value: string | number) => `${name}:\t${value}\n`;
  const size = (name: string, pages: number) => line(name, `${String(kilobytes(pages)).padStart(8)} kB`);
  const memory = isGone(task) ? '' : memoryLines(mm, size);
  return (
    line('Name', task.comm) +
    line('Umask', task.fs.umask.toString(8).padStart(4, '0')) +
    line('State', STATE_WORDS[stateLetter(task)]!) +
    line('Tgid', group.tgid) +
    line('Ngid', 0) +
    line('Pid', task.pid) +
    line('PPid', task.parent?.group.tgid ?? 0) +
    line('TracerPid', task.trace?.tracer.group.tgid ?? 0) +
    line('Uid', [cred.uid, cred.euid, cred.suid, cred.fsuid].join('\t')) +
    line('Gid', [cred.gid, cred.egid, cred.sgid, cred.fsgid].join('\t')) +
    line('FDSize', Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(1, task.files.entries.length))))) +
    line('Groups', `${cred.groups.join(' ')} `) +
    line('NStgid', group.tgid) +
    line('NSpid', task.pid) +
    line('NSpgid', group.pgid) +
    line('NSsid', group.sid) +
    line('Kthread', 0) +
    memory +
    line('Threads', group.threads.length) +
    line('SigQ', `${queuedSignals(kernel, cred.uid)}/${sigpendingLimit(task)}`) +
    line('SigPnd', hexSigset(task.pending.signal)) +
    line('ShdPnd', hexSigset(group.sharedPending.signal)) +
    line('SigBlk', hexSigset(task.blocked)) +
    line('SigIgn', hexSigset(handlers(task, SIG_IGN))) +
    line('SigCgt', hexSigset(handlers(task, null))) +
    line('CapInh', hexCaps(cred.inheritable)) +
    line('CapPrm', hexCaps(cred.permitted)) +
    line('CapEff', hexCaps(cred.effective)) +
    line('CapBnd', hexCaps(cred.bounding)) +
    line('CapAmb', hexCaps(cred.ambient)) +
    line('NoNewPrivs', task.noNewPrivs ? 1 : 0) +
    line('Seccomp', task.seccomp.mode) +
    line('Seccomp_filters', filterCount(task)) +
    line('Speculation_Store_Bypass', 'not vulnerable') +
    line('SpeculationIndirectBranch', 'not affected') +
    line('Cpus_allowed', 1) +
    line('Cpus_allowed_list', 0) +
    line('Mems_allowed', 1) +
    line('Mems_allowed_list', 0) +
    line('voluntary_ctxt_switches', usage.nvcsw) +
    line('nonvoluntary_ctxt_switches', usage.nivcsw)
  );
};

/** The lines that a process without memory lacks (task_mem). */
const memoryLines = (mm: Mm, size: (name: string, pages: number) => string): string => {
  const resident = residentPages(mm);
  const [program, libraries] = codePages(mm);
  return (
    size('VmPeak', mm.totalVm) +
    size('VmSize', mm.totalVm) +
    size('VmLck', mm.lockedVm) +
    size('VmPin', 0) +
    size('VmHWM', Math.max(mm.maxRss, total(resident))) +
    size('VmRSS', total(resident)) +
    size('RssAnon', resident.anon) +
    size('RssFile', resident.file) +
    size('RssShmem', resident.shmem) +
    size('VmData', mm.dataVm) +
    size('VmStk', mm.stackVm) +
    size('VmExe', program) +
    size('VmLib', libraries) +
    size('VmSwap', 0) +
    size('HugetlbPages', 0) +
    `CoreDumping:\t0\nTHP_enabled:\t${mm.thpDisable === 0 ? 1 : 0}\nuntag_mask:\t0xffffffffffffffff\n`
  );
};

/** Filters of seccomp, its own and those it was born with. */
const filterCount = (task: Task): number => {
  let count = 0;
  for (let { filter } = task.seccomp; filter !== null; filter = filter.earlier) count++;
  return count;
};

const sigpendingLimit = (task: Task): string => {
  const { soft } = task.group.rlimits[RLIMIT.SIGPENDING]!;
  return soft === Number.POSITIVE_INFINITY ? '18446744073709551615' : String(soft);
};

/** Pages: size, resident, of them shared, code, 0, data and stack, 0. */
export const statmText = ({ task }: ProcContext): string => {
  if (isGone(task)) return '0 0 0 0 0 0 0\n';
  const { mm } = task;
  const resident = residentPages(mm);
  const shared = resident.file + resident.shmem;
  return `${mm.totalVm} ${total(resident)} ${shared} ${codePages(mm)[0]} 0 ${mm.dataVm + mm.stackVm} 0\n`;
};
