/** prctl(2), as strace writes it: what the arguments mean, and how many there are, depends on the first. */
import { PR } from '../../abi/process.ts';
import { signalName } from '../../abi/signal.ts';
import type { FormatContext } from '../row.ts';
import { argument, failed } from './argument.ts';
import { stringAt } from './buffers.ts';
import { peekView } from './guest.ts';
import { address, choice, hex, names } from './text.ts';

export const prctlOp = argument('int', choice(names('PR_', PR), 'PR_???'));

const DUMPABLE = choice(
  [
    ['SUID_DUMP_DISABLE', 0],
    ['SUID_DUMP_USER', 1],
    ['SUID_DUMP_ROOT', 2],
  ],
  'SUID_DUMP_???',
);

const DISPATCH = choice(
  [
    ['PR_SYS_DISPATCH_OFF', 0],
    ['PR_SYS_DISPATCH_ON', 1],
  ],
  'PR_SYS_DISPATCH_???',
);

/** Behind the result of PR_GET_DUMPABLE. */
export const prctlResult = (operation: number, result: number): string =>
  operation === PR.GET_DUMPABLE ? `${result} (${DUMPABLE(result)})` : String(result);

type Text = (value: number, context: FormatContext) => string | null;
const decimal: Text = (value) => String(value);
const pointer: Text = (value) => address(value);
const nameText: Text = (value, { task }) => stringAt(task, value) ?? address(value);
const filled =
  (text: Text): Text =>
  (value, context) =>
    (failed(context) ? null : text(value, context)) ?? address(value);
const stored =
  (size: 4 | 8, text: (view: DataView) => string): Text =>
  (value, { task }) => {
    const view = peekView(task.mm, value, size);
    return view === null ? null : `[${text(view)}]`;
  };
const storedInt = stored(4, (view) => String(view.getInt32(0, true)));

/** Texts of arguments 2 to 5; those not listed are not there. */
const ARGUMENTS: Readonly<Record<number, readonly Text[]>> = {
  [PR.SET_PDEATHSIG]: [(value) => signalName(value)],
  [PR.GET_PDEATHSIG]: [filled(stored(4, (view) => signalName(view.getInt32(0, true))))],
  [PR.GET_DUMPABLE]: [],
  [PR.SET_DUMPABLE]: [(value) => DUMPABLE(value)],
  [PR.GET_KEEPCAPS]: [],
  [PR.SET_KEEPCAPS]: [decimal],
  [PR.GET_TIMING]: [],
  [PR.SET_TIMING]: [decimal],
  [PR.SET_NAME]: [nameText],
  [PR.GET_NAME]: [filled(nameText)],
  [PR.GET_SECCOMP]: [],
  [PR.CAPBSET_READ]: [decimal],
  [PR.CAPBSET_DROP]: [decimal],
  [PR.GET_TSC]: [filled(storedInt)],
  [PR.SET_TSC]: [decimal],
  [PR.SET_SYSCALL_USER_DISPATCH]: [DISPATCH, hex, hex, pointer],
  [PR.GET_SECUREBITS]: [],
  [PR.SET_SECUREBITS]: [hex],
  [PR.SET_IO_FLUSHER]: [decimal, hex, hex, hex],
  [PR.GET_IO_FLUSHER]: [hex, hex, hex, hex],
  [PR.SET_MDWE]: [hex, hex, hex, hex],
  [PR.GET_MDWE]: [hex, hex, hex, hex],
  [PR.SET_TIMERSLACK]: [decimal],
  [PR.GET_TIMERSLACK]: [],
  [PR.SET_CHILD_SUBREAPER]: [decimal],
  [PR.GET_CHILD_SUBREAPER]: [filled(storedInt)],
  [PR.SET_NO_NEW_PRIVS]: [decimal, hex, hex, hex],
  [PR.GET_NO_NEW_PRIVS]: [hex, hex, hex, hex],
  [PR.GET_TID_ADDRESS]: [filled(stored(8, (view) => hex(view.getBigUint64(0, true))))],
  [PR.SET_THP_DISABLE]: [decimal, hex, hex, hex],
  [PR.GET_THP_DISABLE]: [hex, hex, hex, hex],
  [PR.SET_VMA]: [(value) => (value === 0 ? 'PR_SET_VMA_ANON_NAME' : hex(value)), pointer, decimal, nameText],
};

/** Arguments 2 to 5. */
export const prctlArg = {
  ...argument('pointer', (value, context) => {
    const texts = ARGUMENTS[context.args[0] ?? 0];
    const text = texts === undefined ? hex : texts[context.index - 1];
    return text === undefined ? null : text(value, context);
  }),
  out: true,
};
