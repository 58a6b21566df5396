/**
 * Calls that strace writes in a way of their own: arguments in another order than the registers', results that are no plain
 * numbers, and what comes behind them.
 */
import { REG } from '../../emulator/api.ts';
import { F } from '../../kernel/abi/fcntl.ts';
import { CLONE, PR } from '../../kernel/abi/process.ts';
import { formatSigset, RT_SIGFRAME, UCONTEXT } from '../../kernel/abi/sigframe.ts';
import { signalName } from '../../kernel/abi/signal.ts';
import { readSigset } from '../../kernel/abi/sigset.ts';
import * as arg from '../../kernel/syscalls/args.ts';
import { peekView } from '../../kernel/syscalls/format/guest.ts';
import { address, hex, octal } from '../../kernel/syscalls/format/text.ts';
import type { FormatContext } from '../../kernel/syscalls/row.ts';

/** The whole text between the parentheses, complete at entry. */
export const ENTRY_TEXT: Readonly<Record<string, (context: FormatContext) => string>> = {
  clone: (context) => {
    const [flags = 0, stack = 0, parentTid = 0, childTid = 0, tls = 0] = context.args;
    const has = (bit: number) => Math.floor(flags / bit) % 2 === 1;
    const parts = [`child_stack=${address(stack)}`, `flags=${arg.cloneFlags.format(flags, context)}`];
    if (has(CLONE.PARENT_SETTID) || has(CLONE.PIDFD)) parts.push(`parent_tid=${address(parentTid)}`);
    if (has(CLONE.SETTLS)) parts.push(`tls=${address(tls)}`);
    if (has(CLONE.CHILD_SETTID) || has(CLONE.CHILD_CLEARTID)) parts.push(`child_tidptr=${address(childTid)}`);
    return parts.join(', ');
  },
  rt_sigreturn: ({ kernel, task }) => {
    const frame = kernel.cpu.state.getNumber(REG.rsp) - 8;
    const at = frame + RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_sigmask;
    const view = peekView(task.mm, at, 8);
    return view === null ? '' : `{mask=${formatSigset(readSigset(view, 0))}}`;
  },
};

/** Succeeded: `result` is not negative. */
type ResultText = (result: number, context: FormatContext) => string;

const hexResult: ResultText = (result) => hex(result);

/** `left {tv_sec=0, tv_nsec=5}`, if there is a timeout that the call writes back. */
const left = (text: typeof arg.timespecAt, at: number, context: FormatContext): string[] => {
  if (at === 0) return [];
  const time = text(at, context);
  return time === null ? [] : [`left ${time}`];
};

const selectResult =
  (text: typeof arg.timespecAt): ResultText =>
  (result, context) => {
    const [count = 0, read = 0, write = 0, except = 0, timeout = 0] = context.args;
    if (result === 0) return '0 (Timeout)';
    const sets = [
      ['in', read],
      ['out', write],
      ['except', except],
    ] as const;
    const parts = sets.flatMap(([name, at]) => {
      const members = at === 0 ? '[]' : (arg.fdsetText(context.task, at, count) ?? '[]');
      return members === '[]' ? [] : [`${name} ${members}`];
    });
    return `${result} (${[...parts, ...left(text, timeout, context)].join(', ')})`;
  };

const pollResult =
  (timeoutAt: number | null): ResultText =>
  (result, context) => {
    const { task, args } = context;
    if (result === 0) return '0 (Timeout)';
    const timeout = timeoutAt === null ? [] : left(arg.timespecAt, args[timeoutAt] ?? 0, context);
    return `${result} (${[arg.pollFound(task, args[0] ?? 0, args[1] ?? 0), ...timeout].join(', ')})`;
  };

const POLICIES = ['SCHED_OTHER', 'SCHED_FIFO', 'SCHED_RR', 'SCHED_BATCH'];

export const RESULT_TEXT: Readonly<Record<string, ResultText>> = {
  mmap: hexResult,
  mremap: hexResult,
  brk: hexResult,
  shmat: hexResult,
  umask: (result) => octal(result),
  fcntl: (result, { args }) =>
    args[1] === F.GETSIG && result > 0 ? `${result} (${signalName(result)})` : arg.fcntlResult(args[1] ?? 0, result),
  prctl: (result, { args }) =>
    args[0] === PR.GET_DUMPABLE ? arg.prctlResult(PR.GET_DUMPABLE, result) : String(result),
  rt_sigtimedwait: (result) => `${result} (${signalName(result)})`,
  sched_getscheduler: (result) => `${result} (${POLICIES[result] ?? 'SCHED_???'})`,
  personality: (result) => (result === 0 ? '0 (PER_LINUX)' : hex(result)),
  time: (result) => `${result} (${new Date(result * 1000).toISOString().slice(0, 19)}+0000)`,
  poll: pollResult(null),
  ppoll: pollResult(2),
  select: selectResult(arg.timevalAt),
  pselect6: selectResult(arg.timespecAt),
};
