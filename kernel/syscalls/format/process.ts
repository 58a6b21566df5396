/** Processes: waiting, cloning, limits, programs' arguments, futexes, identity of the system, as strace writes them. */
import { O } from '../../abi/fcntl.ts';
import {
  ARCH,
  CLONE,
  CLONE_ARGS,
  CLONE_NEWTIME,
  FUTEX,
  PIDFD_SIGNAL,
  RLIM_INFINITY,
  RLIMIT_STRUCT,
  RUSAGE_CHILDREN,
  RUSAGE_SELF,
  RUSAGE_THREAD,
  SYSINFO,
  UTSNAME,
} from '../../abi/process.ts';
import { PTRACE } from '../../abi/ptrace.ts';
import { RLIMIT } from '../../abi/resource.ts';
import { MEMBARRIER } from '../../abi/rseq.ts';
import { IOPRIO_WHO } from '../../abi/sched.ts';
import { signalName } from '../../abi/signal.ts';
import { GRND } from '../../abi/system.ts';
import { CONTINUED_STATUS, CORE_FLAG, exitCode, P, termSignal, WAIT } from '../../abi/wait.ts';
import type { FormatContext } from '../row.ts';
import { argument, failed, filledBy, pointerTo, structText } from './argument.ts';
import { stringAt } from './buffers.ts';
import { peekUpTo, peekView } from './guest.ts';
import { address, choice, flagParts, flags, hex, list, MAX_SHOWN, type Names, names, quote } from './text.ts';
import { timespecAt } from './time.ts';

/** `{WIFEXITED(s) && WEXITSTATUS(s) == 0}`. */
export const waitStatusText = (status: number): string => {
  if (status === CONTINUED_STATUS) return '{WIFCONTINUED(s)}';
  if ((status & 0xff) === 0x7f) return `{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalName(exitCode(status))}}`;
  const signo = termSignal(status);
  if (signo === 0) return `{WIFEXITED(s) && WEXITSTATUS(s) == ${exitCode(status)}}`;
  const core = status & CORE_FLAG ? ' && WCOREDUMP(s)' : '';
  return `{WIFSIGNALED(s) && WTERMSIG(s) == ${signalName(signo)}${core}}`;
};

/** Filled only when a child was found. */
export const waitStatus = filledBy((value, { task, result }) => {
  const view = result === 0 ? null : peekView(task.mm, value, 4);
  return view === null ? null : `[${waitStatusText(view.getInt32(0, true))}]`;
});

const WAIT_NAMES: Names = [
  ...names('', WAIT, ['WNOHANG', 'WEXITED', 'WSTOPPED', 'WCONTINUED', 'WNOWAIT']),
  ...names('__', WAIT, ['WCLONE', 'WALL', 'WNOTHREAD']),
];
export const waitOptions = argument('int', flags(WAIT_NAMES, 'W???'));
export const idType = argument('int', choice(names('P_', P), 'P_???'));

/** `CLONE_VM|CLONE_VFORK`, without the exit signal. `value` is 64 bits. */
export const cloneFlagsText = (value: bigint): string => {
  const low = names('CLONE_', CLONE).filter(([, bits]) => bits > CLONE.CSIGNAL && bits < 2 ** 32);
  const parts = flagParts(low, Number(value & 0xffffff00n));
  const high = flagParts(
    [
      ['CLONE_CLEAR_SIGHAND', 1],
      ['CLONE_INTO_CGROUP', 2],
    ],
    Number(value >> 32n),
  );
  return [...parts, ...high].join('|');
};

/** Flags of unshare(2), and the kind of setns(2). */
export const unshareFlags = argument('unsigned', (value) => {
  const time = value & CLONE_NEWTIME ? ['CLONE_NEWTIME'] : [];
  return [...time, cloneFlagsText(BigInt(value))].filter((part) => part !== '').join('|') || '0';
});

/** Flags of clone(2) with the exit signal in their low byte. */
export const cloneFlags = argument('pointer', (value) => {
  const signo = value % 256;
  const parts = [cloneFlagsText(BigInt(value)), signo === 0 ? '' : signalName(signo)].filter((part) => part !== '');
  return parts.length === 0 ? '0' : parts.join('|');
});

/** The argument of clone3(2), whose size follows. */
export const cloneArgs = pointerTo((value, context) => {
  const size = context.args[context.index + 1] ?? 0;
  if (size < 64) return null;
  const view = peekView(context.task.mm, value, 64);
  if (view === null) return null;
  const at = (name: keyof typeof CLONE_ARGS.offsets) => view.getBigUint64(CLONE_ARGS.offsets[name], true);
  const flagBits = at('flags');
  const has = (bit: number) => (flagBits & BigInt(bit)) !== 0n;
  const fields = [`flags=${cloneFlagsText(flagBits) || '0'}`];
  if (has(CLONE.PIDFD)) fields.push(`pidfd=${address(at('pidfd'))}`);
  if (has(CLONE.CHILD_SETTID) || has(CLONE.CHILD_CLEARTID)) fields.push(`child_tid=${address(at('child_tid'))}`);
  if (has(CLONE.PARENT_SETTID)) fields.push(`parent_tid=${address(at('parent_tid'))}`);
  fields.push(`exit_signal=${signalName(Number(at('exit_signal')))}`);
  fields.push(`stack=${address(at('stack'))}`, `stack_size=${hex(at('stack_size'))}`);
  if (has(CLONE.SETTLS)) fields.push(`tls=${address(at('tls'))}`);
  return `{${fields.join(', ')}}`;
});

export const rlimitResource = argument('int', choice(names('RLIMIT_', RLIMIT), 'RLIMIT_???'));
const rlimitAt = (value: number, context: FormatContext) => {
  const infinity = context.args.length === 4 ? 'RLIM64_INFINITY' : 'RLIM_INFINITY';
  const limit = (n: bigint) =>
    n === RLIM_INFINITY ? infinity : n > 1024n && n % 1024n === 0n ? `${n / 1024n}*1024` : String(n);
  return structText(
    RLIMIT_STRUCT,
    ({ rlim_cur, rlim_max }) => `{rlim_cur=${limit(rlim_cur)}, rlim_max=${limit(rlim_max)}}`,
  )(value, context);
};
export const rlimit = pointerTo(rlimitAt);
export const outRlimit = filledBy(rlimitAt);

export const priorityWhich = argument(
  'int',
  choice(
    [
      ['PRIO_PROCESS', 0],
      ['PRIO_PGRP', 1],
      ['PRIO_USER', 2],
    ],
    'PRIO_???',
  ),
);

export const ioprioWhich = argument('int', choice(names('IOPRIO_WHO_', IOPRIO_WHO), 'IOPRIO_WHO_???'));

const POLICIES = ['OTHER', 'FIFO', 'RR', 'BATCH'].map((name, value) => [`SCHED_${name}`, value] as const);
export const schedulingPolicy = argument('int', choice(POLICIES, 'SCHED_???'));

export const rusageWho = argument(
  'int',
  choice(
    [
      ['RUSAGE_SELF', RUSAGE_SELF],
      ['RUSAGE_CHILDREN', RUSAGE_CHILDREN],
      ['RUSAGE_THREAD', RUSAGE_THREAD],
    ],
    'RUSAGE_???',
  ),
);

/** The pointers of an argv or envp up to its NULL, or null. At most `max`. */
const pointersAt = ({ task }: FormatContext, value: number, max: number): number[] | null => {
  const pointers: number[] = [];
  while (pointers.length < max) {
    const view = peekView(task.mm, value + pointers.length * 8, 8);
    if (view === null) return pointers.length === 0 ? null : pointers;
    const pointer = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
    if (pointer === 0) break;
    pointers.push(pointer);
  }
  return pointers;
};

export const argv = pointerTo((value, context) => {
  const pointers = pointersAt(context, value, MAX_SHOWN + 1);
  if (pointers === null) return null;
  const items = pointers.slice(0, MAX_SHOWN).map((each) => stringAt(context.task, each) ?? address(each));
  if (pointers.length > MAX_SHOWN) items.push('...');
  return `[${items.join(', ')}]`;
});

/** How many of them an environment's text counts. */
const MAX_ENVIRONMENT = 65536;
export const environmentText = (value: number, count: number): string =>
  `${address(value)} /* ${count} ${count === 1 ? 'var' : 'vars'} */`;
export const envp = pointerTo((value, context) => {
  const pointers = pointersAt(context, value, MAX_ENVIRONMENT);
  return pointers === null ? null : environmentText(value, pointers.length);
});

const cString = (bytes: readonly number[]): string => {
  const end = bytes.indexOf(0);
  return quote(Uint8Array.from(end < 0 ? bytes : bytes.slice(0, end)));
};
export const utsname = filledBy(
  structText(UTSNAME, ({ sysname, nodename }) => `{sysname=${cString(sysname)}, nodename=${cString(nodename)}, ...}`),
);

export const sysinfo = filledBy(
  structText(SYSINFO, ({ uptime, loads, pad: _, ...rest }) => {
    const fields = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
    return `{uptime=${uptime}, loads=[${loads.join(', ')}], ${fields.join(', ')}}`;
  }),
);

/** ptrace(2)'s request. */
export const ptraceRequest = argument('long', choice(names('PTRACE_', PTRACE), 'PTRACE_???'));
export const archPrctlOp = argument('int', choice(names('ARCH_', ARCH), 'ARCH_???'));
/** The second argument of arch_prctl(2). */
export const archPrctlArg = {
  ...argument('pointer', (value, context) => {
    const code = context.args[0];
    if (code === ARCH.GET_CPUID) return null;
    if ((code !== ARCH.GET_FS && code !== ARCH.GET_GS) || failed(context)) return hex(value);
    const view = peekView(context.task.mm, value, 8);
    return view === null ? address(value) : `[${hex(view.getBigUint64(0, true))}]`;
  }),
  out: true,
};

const FUTEX_OPS = names('FUTEX_', FUTEX, [
  ...(['WAIT', 'WAKE', 'FD', 'REQUEUE', 'CMP_REQUEUE', 'WAKE_OP', 'LOCK_PI', 'UNLOCK_PI', 'TRYLOCK_PI'] as const),
  ...(['WAIT_BITSET', 'WAKE_BITSET', 'WAIT_REQUEUE_PI', 'CMP_REQUEUE_PI', 'LOCK_PI2'] as const),
]);
const FUTEX_FLAGS = FUTEX.PRIVATE_FLAG | FUTEX.CLOCK_REALTIME;
export const futexOp = argument('int', (value) => {
  const operation = choice(FUTEX_OPS, 'FUTEX_???')(value & ~FUTEX_FLAGS);
  return (
    operation +
    (value & FUTEX.PRIVATE_FLAG ? '_PRIVATE' : '') +
    (value & FUTEX.CLOCK_REALTIME ? '|FUTEX_CLOCK_REALTIME' : '')
  );
});

const MATCH_ANY = 0xffffffff;
const bitset = (value: number) => (value >>> 0 === MATCH_ANY ? 'FUTEX_BITSET_MATCH_ANY' : hex(value >>> 0));

/** Arguments of futex(2) from the third on: (uaddr, op, val, timeout or val2, uaddr2, val3). */
const futexText = (value: number, context: FormatContext): string | null => {
  const { args, index } = context;
  const operation = (args[1] ?? 0) & ~FUTEX_FLAGS;
  const number = String(value >>> 0);
  const timeout = () => {
    const pointer = value < 0 ? BigInt.asUintN(64, BigInt(value)) : value;
    return value === 0 ? 'NULL' : (timespecAt(Number(pointer), context) ?? address(pointer));
  };
  switch (operation) {
    case FUTEX.WAIT:
    case FUTEX.LOCK_PI:
    case FUTEX.LOCK_PI2:
      if (index === 2) return operation === FUTEX.WAIT ? number : '';
      return index === 3 ? timeout() : null;
    case FUTEX.WAKE:
    case FUTEX.FD:
      return index === 2 ? number : null;
    case FUTEX.UNLOCK_PI:
    case FUTEX.TRYLOCK_PI:
      return null;
    case FUTEX.WAIT_BITSET:
      return index === 2 ? number : index === 3 ? timeout() : index === 4 ? '' : bitset(value);
    case FUTEX.WAKE_BITSET:
      return index === 2 ? number : index === 5 ? bitset(value) : '';
    case FUTEX.REQUEUE:
      return index === 2 || index === 3 ? number : index === 4 ? address(value) : null;
    case FUTEX.CMP_REQUEUE:
    case FUTEX.CMP_REQUEUE_PI:
    case FUTEX.WAKE_OP:
      return index === 4 ? address(value) : index === 5 && operation === FUTEX.WAKE_OP ? hex(value >>> 0) : number;
    default:
      return index === 2 ? number : hex(value);
  }
};
export const futexArg = argument('pointer', futexText);
/** The fourth, a pointer or an int. */
export const futexTimeout = argument('long', futexText);
/** The same of those that are ints. */
export const futexInt = argument('int', futexText);

export const membarrierCommand = argument('int', choice(names('MEMBARRIER_CMD_', MEMBARRIER), 'MEMBARRIER_CMD_???'));

export const getrandomFlags = argument('int', flags(names('GRND_', GRND), 'GRND_???'));

/** A number that the call stores: `[5]`. */
const outNumber = (size: 4 | 8, text: (view: DataView) => string) =>
  filledBy((value, { task }) => {
    const view = peekView(task.mm, value, size);
    return view === null ? null : `[${text(view)}]`;
  });
export const outInt = outNumber(4, (view) => String(view.getInt32(0, true)));
export const outUnsigned = outNumber(4, (view) => String(view.getUint32(0, true)));

/** A set of processors, of as many bytes as the argument before it says; written by the call when `out`. */
const cpus = ({ task, args, index, result }: FormatContext, value: number, out: boolean): string | null => {
  const size = out ? (result ?? 0) : (args[index - 1] ?? 0);
  const bytes = peekUpTo(task.mm, value, Math.min(size, 128));
  if (bytes.length < Math.min(size, 128)) return null;
  const members: number[] = [];
  bytes.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) members.push(at * 8 + bit);
  });
  return `[${members.join(' ')}]`;
};
export const cpuset = pointerTo((value, context) => cpus(context, value, false));
export const outCpuset = filledBy((value, context) => cpus(context, value, true));

/** Group ids; `count` of them. */
const groupsAt = ({ task }: FormatContext, value: number, count: number): string | null => {
  const view = peekView(task.mm, value, Math.min(count, MAX_SHOWN + 1) * 4);
  if (view === null) return null;
  return list(
    Array.from({ length: view.byteLength / 4 }, (_, i) => view.getUint32(i * 4, true)),
    String,
  );
};
/** The argument before counts. */
export const groupList = pointerTo((value, context) => groupsAt(context, value, context.args[context.index - 1] ?? 0));
export const outGroupList = filledBy((value, context) =>
  groupsAt(context, value, context.args[0] === 0 ? 0 : (context.result ?? 0)),
);

/** struct sched_param: the priority alone. */
const priorityAt = (value: number, { task }: FormatContext): string | null => {
  const view = peekView(task.mm, value, 4);
  return view === null ? null : `[${view.getInt32(0, true)}]`;
};
export const schedulingParameter = pointerTo(priorityAt);
export const outSchedulingParameter = filledBy(priorityAt);

export const pidfdFlags = argument(
  'int',
  flags(
    [
      ['PIDFD_NONBLOCK', O.NONBLOCK],
      ['PIDFD_THREAD', O.EXCL],
    ],
    'PIDFD_???',
  ),
);
export const pidfdSignalFlags = argument('int', flags(names('PIDFD_SIGNAL_', PIDFD_SIGNAL), 'PIDFD_SIGNAL_???'));
