/** Signals, their sets, actions and stacks, and siginfo_t, as strace writes them. */
import { errnoName } from '../../abi/errno.ts';
import { sigsetArgpack } from '../../abi/poll.ts';
import { formatSigset, SIGSET_SIZE, STACK_T } from '../../abi/sigframe.ts';
import {
  SIGINFO_CHLD,
  SIGINFO_FAULT,
  SIGINFO_POLL,
  SIGINFO_RT,
  SIGINFO_SIZE,
  SIGINFO_SYS,
  SIGINFO_TIMER,
  writeSigInfo,
} from '../../abi/siginfo.ts';
import {
  CLD,
  codeName,
  SA,
  SI,
  SIG,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SS,
  signalName,
} from '../../abi/signal.ts';
import { readSigset } from '../../abi/sigset.ts';
import { syscallName } from '../../abi/syscalls.ts';
import type { SigInfo } from '../../task/task.ts';
import type { FormatContext } from '../row.ts';
import { argument, filledBy, pointerTo, structText } from './argument.ts';
import { peekStruct, peekView } from './guest.ts';
import { address, choice, flagParts, flags, hex, names } from './text.ts';

export const signal = argument('int', signalName);

export const sigprocmaskHow = argument(
  'int',
  choice(
    [
      ['SIG_BLOCK', SIG_BLOCK],
      ['SIG_UNBLOCK', SIG_UNBLOCK],
      ['SIG_SETMASK', SIG_SETMASK],
    ],
    'SIG_???',
  ),
);

/** A set in memory whose size is the call's last argument. */
const sigsetAt = (value: number, { task, args }: FormatContext): string | null => {
  if (args.at(-1) !== SIGSET_SIZE) return null;
  const view = peekView(task.mm, value, SIGSET_SIZE);
  return view === null ? null : formatSigset(readSigset(view, 0));
};

export const sigset = pointerTo(sigsetAt);
export const outSigset = filledBy(sigsetAt);
/** Of signalfd(2), whose size is not the last argument. */
export const sizedSigset = pointerTo((value, context) =>
  sigsetAt(value, { ...context, args: [context.args[context.index + 1] ?? 0] }),
);

/** The mask of pselect6(2) with its size behind a pointer. */
export const sigsetPack = pointerTo((value, { task }) => {
  const pack = peekStruct(task.mm, sigsetArgpack, value);
  if (pack === null) return null;
  const mask = pack.size === SIGSET_SIZE ? peekView(task.mm, pack.p, SIGSET_SIZE) : null;
  const text = mask === null ? address(pack.p) : formatSigset(readSigset(mask, 0));
  return `{sigmask=${text}, sigsetsize=${pack.size}}`;
});

const SA_ORDER = [
  'RESTORER',
  'ONSTACK',
  'RESTART',
  'NODEFER',
  'RESETHAND',
  'SIGINFO',
  'NOCLDSTOP',
  'NOCLDWAIT',
] as const;
const saNames = names('SA_', SA, SA_ORDER);

/** Flags are an unsigned long: C libraries sign-extend them. */
export const saFlagsText = (value: bigint): string => {
  const high = value & ~0xffffffffn;
  const parts = flagParts(saNames, Number(value & 0xffffffffn));
  if (high !== 0n) parts.push(hex(high));
  return parts.length === 0 ? '0' : parts.join('|');
};

const handlerText = (handler: bigint): string =>
  handler === BigInt(SIG_DFL) ? 'SIG_DFL' : handler === BigInt(SIG_IGN) ? 'SIG_IGN' : hex(handler);

const SIGACTION_SIZE = 32;
const sigactionAt = (value: number, { task, args }: FormatContext): string | null => {
  const view = args.at(-1) === SIGSET_SIZE ? peekView(task.mm, value, SIGACTION_SIZE) : null;
  if (view === null) return null;
  const saFlagBits = view.getBigUint64(8, true);
  const restorer =
    (saFlagBits & BigInt(SA.RESTORER)) !== 0n ? `, sa_restorer=${address(view.getBigUint64(16, true))}` : '';
  return (
    `{sa_handler=${handlerText(view.getBigUint64(0, true))}, sa_mask=${formatSigset(readSigset(view, 24))}, ` +
    `sa_flags=${saFlagsText(saFlagBits)}${restorer}}`
  );
};
export const sigaction = pointerTo(sigactionAt);
export const outSigaction = filledBy(sigactionAt);

const stackText = structText(STACK_T, ({ ss_sp, ss_flags, ss_size }) => {
  const shown = flags(names('SS_', SS), 'SS_???')(ss_flags);
  return `{ss_sp=${address(ss_sp)}, ss_flags=${shown}, ss_size=${ss_size}}`;
});
export const stackT = pointerTo(stackText);
export const outStackT = filledBy(stackText);

const sender = (view: DataView): string[] => [
  `si_pid=${view.getInt32(SIGINFO_RT.offsets.si_pid, true)}`,
  `si_uid=${view.getUint32(SIGINFO_RT.offsets.si_uid, true)}`,
];

/** A value that came with the signal; none is not shown. */
const sentValue = (view: DataView, at: number): string[] => {
  const value = view.getBigUint64(at, true);
  return value === 0n ? [] : [`si_int=${view.getInt32(at, true)}`, `si_ptr=${hex(value)}`];
};

const childFields = (view: DataView, code: number): string[] => {
  const AT = SIGINFO_CHLD.offsets;
  const status = view.getInt32(AT.si_status, true);
  return [
    ...sender(view),
    `si_status=${code === CLD.EXITED ? status : signalName(status)}`,
    `si_utime=${view.getBigInt64(AT.si_utime, true)}`,
    `si_stime=${view.getBigInt64(AT.si_stime, true)}`,
  ];
};

/** Fields after si_code, by who sent the signal. */
const fieldsOf = (view: DataView, signo: number, code: number): string[] => {
  if (code === SI.USER || code === SI.TKILL) return sender(view);
  if (code === SI.TIMER) {
    const AT = SIGINFO_TIMER.offsets;
    return [
      `si_timerid=${hex(view.getInt32(AT.si_timerid, true) >>> 0)}`,
      `si_overrun=${view.getInt32(AT.si_overrun, true)}`,
      ...sentValue(view, AT.si_value),
    ];
  }
  if (code < 0) return [...sender(view), ...sentValue(view, SIGINFO_RT.offsets.si_value)];
  switch (signo) {
    case SIG.SIGCHLD:
      return childFields(view, code);
    case SIG.SIGILL:
    case SIG.SIGFPE:
    case SIG.SIGSEGV:
    case SIG.SIGBUS:
    case SIG.SIGTRAP:
      return [`si_addr=${address(view.getBigUint64(SIGINFO_FAULT.offsets.si_addr, true))}`];
    case SIG.SIGIO:
      return [
        `si_band=${view.getBigInt64(SIGINFO_POLL.offsets.si_band, true)}`,
        `si_fd=${view.getInt32(SIGINFO_POLL.offsets.si_fd, true)}`,
      ];
    case SIG.SIGSYS: {
      const number = view.getInt32(SIGINFO_SYS.offsets.si_syscall, true);
      return [
        `si_call_addr=${address(view.getBigUint64(SIGINFO_SYS.offsets.si_call_addr, true))}`,
        `si_syscall=${syscallName(number) === undefined ? number : `__NR_${syscallName(number)}`}`,
        `si_arch=${hex(view.getUint32(SIGINFO_SYS.offsets.si_arch, true))}`,
      ];
    }
    default:
      return view.getBigUint64(SIGINFO_RT.offsets.si_pid, true) === 0n ? [] : sender(view);
  }
};

/** The siginfo_t at the start of `view`. */
export const siginfoBytesText = (view: DataView): string => {
  const signo = view.getInt32(0, true);
  const errno = view.getInt32(4, true);
  const code = view.getInt32(8, true);
  if (signo === 0) return '{}';
  const fields = [`si_signo=${signalName(signo)}`];
  if (errno !== 0) fields.push(`si_errno=${errnoName(errno)}`);
  fields.push(`si_code=${codeName(signo, code)}`, ...fieldsOf(view, signo, code));
  return `{${fields.join(', ')}}`;
};

/** `{si_signo=SIGUSR1, si_code=SI_USER, si_pid=5, si_uid=0}`. */
export const siginfoText = (info: SigInfo): string => {
  const view = new DataView(new ArrayBuffer(SIGINFO_SIZE));
  writeSigInfo(view, 0, info);
  return siginfoBytesText(view);
};

const siginfoAt = (value: number, { task }: FormatContext): string | null => {
  const view = peekView(task.mm, value, SIGINFO_SIZE);
  return view === null ? null : siginfoBytesText(view);
};
export const siginfo = pointerTo(siginfoAt);
export const outSiginfo = filledBy(siginfoAt);
