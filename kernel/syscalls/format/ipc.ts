/** System V inter-process communication, as strace writes it. */
import {
  IPC,
  type IPC_PERM,
  MSG,
  MSG_CTL,
  MSGINFO,
  MSQID_DS,
  SEM_CTL,
  SEM_UNDO,
  SEMBUF,
  SEMID_DS,
  SEMINFO,
  SHM,
  SHM_CTL,
  SHM_INFO,
  SHMID_DS,
  SHMINFO,
} from '../../abi/ipc.ts';
import type { StructType } from '../../abi/layout.ts';
import { MQ_ATTR } from '../../abi/mqueue.ts';
import type { FormatContext } from '../row.ts';
import { argument, failed, filledBy, pointerTo, structText } from './argument.ts';
import { openFlagParts } from './files.ts';
import { peekStruct, peekUpTo, peekView } from './guest.ts';
import { address, choice, flagParts, flags, hex, list, type Names, names, octal, quoteStart } from './text.ts';

export const ipcKey = argument('int', (value) => (value === IPC.PRIVATE ? 'IPC_PRIVATE' : hex(value >>> 0)));

const CREATION = names('IPC_', IPC, ['CREAT', 'EXCL', 'NOWAIT']);
const creation = (order: Names) =>
  argument('int', (value) => [...flagParts(order, value & ~0o777), octal(value & 0o777)].join('|'));
export const msggetFlags = creation(CREATION);
export const semgetFlags = creation(CREATION);
export const shmgetFlags = creation([...CREATION.slice(0, 2), ...names('SHM_', SHM, ['HUGETLB', 'NORESERVE'])]);

const MESSAGE_FLAGS: Names = [...names('MSG_', MSG), ['IPC_NOWAIT', IPC.NOWAIT]];
export const msgFlags = argument('int', flags(MESSAGE_FLAGS, 'MSG_???'));

/** struct msgbuf with as many bytes as given; the number beside it is not known here. */
const messageText = (value: number, length: number, { task }: FormatContext): string | null => {
  const view = peekView(task.mm, value, 8);
  if (view === null) return null;
  const text = quoteStart(peekUpTo(task.mm, value + 8, Math.min(length, 64)), length);
  return `{mtype=${view.getBigInt64(0, true)}, mtext=${text}}`;
};
export const message = pointerTo((value, context) => messageText(value, context.args[context.index + 1] ?? 0, context));
export const outMessage = filledBy((value, context) =>
  messageText(value, context.args[context.index + 1] ?? 0, context),
);

const SEMAPHORE_FLAGS: Names = [
  ['SEM_UNDO', SEM_UNDO],
  ['IPC_NOWAIT', IPC.NOWAIT],
];
export const sembufs = pointerTo((value, { task, args, index }) => {
  const count = Math.min(args[index + 1] ?? 0, 33);
  const view = peekView(task.mm, value, count * SEMBUF.size);
  if (view === null) return null;
  const flag = flags(SEMAPHORE_FLAGS, 'SEM_???');
  return list(
    Array.from({ length: count }, (_, at) => SEMBUF.read(view, at * SEMBUF.size)),
    ({ sem_num, sem_op, sem_flg }) => `{sem_num=${sem_num}, sem_op=${sem_op}, sem_flg=${flag(sem_flg)}}`,
  );
});

const ATTACH_FLAGS = names('SHM_', SHM, ['RDONLY', 'RND', 'REMAP', 'EXEC']);
export const shmatFlags = argument('int', flags(ATTACH_FLAGS, 'SHM_???'));

const command = (prefixed: Names) => argument('int', choice(prefixed, '???'));
const commandNames = (table: Readonly<Record<string, number>>, bare: string): Names =>
  Object.entries(table).map(([name, value]) => [value <= 3 ? `IPC_${name}` : bare + name, value] as const);
export const msgctlCommand = command(commandNames(MSG_CTL, ''));
export const semctlCommand = command(commandNames(SEM_CTL, ''));
export const shmctlCommand = command(commandNames(SHM_CTL, ''));

type Perm = ReturnType<typeof IPC_PERM.read>;
const changeable = ({ uid, gid, mode }: Perm) => `uid=${uid}, gid=${gid}, mode=${octal(mode)}`;
const whole = (perm: Perm) => `${changeable(perm)}, key=${perm.key}, cuid=${perm.cuid}, cgid=${perm.cgid}`;

const fields = (value: object): string =>
  Object.entries(value)
    .filter(([name]) => !name.startsWith('__'))
    .map(([name, field]) => `${name}=${field}`)
    .join(', ');

/** The argument of a ctl call, whose type depends on the command: what IPC_SET reads, what the others fill. */
const control = (
  commandIndex: number,
  set: (context: FormatContext, value: number) => string | null,
  filled: (command: number, context: FormatContext, value: number) => string | null,
) => ({
  pass: 'pointer' as const,
  out: true,
  format: (value: number, context: FormatContext): string => {
    const which = context.args[commandIndex]!;
    if (value === 0) return 'NULL';
    if (which === MSG_CTL.SET) return set(context, value) ?? address(value);
    return (failed(context) ? null : filled(which, context, value)) ?? address(value);
  },
});

const structOf =
  <T>(type: StructType<T>, text: (value: T) => string) =>
  ({ task }: FormatContext, value: number): string | null => {
    const read = peekStruct(task.mm, type, value);
    return read === null ? null : `{${text(read)}}`;
  };

export const msqidDs = control(
  1,
  structOf(MSQID_DS, (ds) => `msg_perm={${changeable(ds.msg_perm)}}, msg_qbytes=${ds.msg_qbytes}`),
  (which, context, value) => {
    if (which === MSG_CTL.INFO || which === MSG_CTL.MSG_INFO) return structOf(MSGINFO, fields)(context, value);
    return structOf(
      MSQID_DS,
      ({ msg_perm, msg_cbytes: _, ...rest }) => `msg_perm={${whole(msg_perm)}}, ${fields(rest)}`,
    )(context, value);
  },
);

export const semctlArgument = control(
  2,
  structOf(SEMID_DS, (ds) => `sem_perm={${changeable(ds.sem_perm)}}`),
  (which, context, value) => {
    switch (which) {
      case SEM_CTL.INFO:
      case SEM_CTL.SEM_INFO:
        return structOf(SEMINFO, fields)(context, value);
      case SEM_CTL.STAT:
      case SEM_CTL.SEM_STAT:
      case SEM_CTL.SEM_STAT_ANY:
        return structOf(SEMID_DS, ({ sem_perm, ...rest }) => `sem_perm={${whole(sem_perm)}}, ${fields(rest)}`)(
          context,
          value,
        );
      default:
        return null;
    }
  },
);

export const shmidDs = control(
  1,
  structOf(SHMID_DS, (ds) => `shm_perm={${changeable(ds.shm_perm)}}`),
  (which, context, value) => {
    switch (which) {
      case SHM_CTL.INFO:
        return structOf(SHMINFO, fields)(context, value);
      case SHM_CTL.SHM_INFO:
        return structOf(SHM_INFO, fields)(context, value);
      default:
        return structOf(SHMID_DS, ({ shm_perm, shm_atime, shm_dtime, shm_ctime, ...rest }) =>
          [`shm_perm={${whole(shm_perm)}}`, fields(rest), fields({ shm_atime, shm_dtime, shm_ctime })].join(', '),
        )(context, value);
    }
  },
);

const mqAttrAt = structText(
  MQ_ATTR,
  ({ mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs }) =>
    `{mq_flags=${openFlagParts(Number(mq_flags))}, mq_maxmsg=${mq_maxmsg}, mq_msgsize=${mq_msgsize}, mq_curmsgs=${mq_curmsgs}}`,
);
export const mqAttr = pointerTo(mqAttrAt);
export const outMqAttr = filledBy(mqAttrAt);
