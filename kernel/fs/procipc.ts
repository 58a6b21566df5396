/** /proc/sysvipc, and the limits of System V IPC below /proc/sys/kernel (sysvipc(7), proc(5)). */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { MQ_HARD, MQ_LEAST } from '../abi/mqueue.ts';
import type { IpcIds, IpcObject } from '../ipc/ids.ts';
import type { MqLimits } from '../ipc/mqueue.ts';
import { attaches } from '../ipc/shm.ts';
import type { ProcContext, ProcRow } from './procfs.ts';

/** A value in a column, right-aligned. */
type Cell = readonly [value: number | string, width: number];

const octal = (mode: number): string => mode.toString(8);
const owners = ({ uid, gid, cuid, cgid }: IpcObject): Cell[] => [uid, gid, cuid, cgid].map((id) => [id, 5] as const);
const times = (...seconds: number[]): Cell[] => seconds.map((second) => [second, 10] as const);

const table =
  <T extends IpcObject>(
    header: string,
    ids: (context: ProcContext) => IpcIds<T>,
    row: (object: T) => readonly Cell[],
  ) =>
  (context: ProcContext): string => {
    const objects = [...ids(context).slots].sort(([a], [b]) => a - b).map(([, object]) => object);
    const lines = objects.map((object) => row(object).map(([value, width]) => String(value).padStart(width)));
    return [header, ...lines.map((cells) => cells.join(' '))].map((line) => `${line}\n`).join('');
  };

const messages = table(
  '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime',
  ({ kernel }) => kernel.ipc.msg,
  (queue) => [
    ...([
      [queue.key, 10],
      [queue.id, 10],
      [octal(queue.mode), 5],
      [queue.cbytes, 11],
      [queue.messages.length, 10],
      [queue.lspid, 5],
      [queue.lrpid, 5],
    ] as const),
    ...owners(queue),
    ...times(queue.stime, queue.rtime, queue.ctime),
  ],
);

const semaphores = table(
  '       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime',
  ({ kernel }) => kernel.ipc.sem,
  (set) => [
    ...([
      [set.key, 10],
      [set.id, 10],
      [octal(set.mode), 5],
      [set.semaphores.length, 10],
    ] as const),
    ...owners(set),
    ...times(
      set.semaphores.reduce((latest, { otime }) => Math.max(latest, otime), 0),
      set.ctime,
    ),
  ],
);

const segments = table(
  '       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap',
  ({ kernel }) => kernel.ipc.shm,
  (segment) => [
    ...([
      [segment.key, 10],
      [segment.id, 10],
      [octal(segment.mode), 5],
      [segment.size, 21],
      [segment.cpid, 5],
      [segment.lpid, 5],
      [attaches(segment), 6],
    ] as const),
    ...owners(segment),
    ...times(segment.atime, segment.dtime, segment.ctime),
    [segment.pages.pages.size * PAGE_SIZE, 21],
    [0, 21],
  ],
);

export const sysvipcDirectory: ProcRow = {
  name: 'sysvipc',
  children: [
    { name: 'msg', text: messages },
    { name: 'sem', text: semaphores },
    { name: 'shm', text: segments },
  ],
};

/** Numbers separated by blanks, as many as there are; null for anything else. */
const numbers = (text: string, count: number): bigint[] | null => {
  const words = text.trim().split(/\s+/);
  return words.length === count && words.every((word) => /^\d+$/.test(word)) ? words.map(BigInt) : null;
};

/** A file of numbers below /proc/sys, which root may change; none may be below `min` or above `max`. */
const sysctl = (
  name: string,
  get: (context: ProcContext) => readonly (number | bigint)[],
  set: (context: ProcContext, values: readonly bigint[]) => void,
  max: bigint,
  min = 0n,
): ProcRow => ({
  name,
  mode: 0o644,
  text: (context) => `${get(context).join('\t')}\n`,
  write: (context, text) => {
    const values = numbers(text, get(context).length);
    if (values === null || values.some((value) => value > max || value < min)) return -ERRNO.EINVAL;
    set(context, values);
    return 0;
  },
});

const INT_MAX = 0x7fffffffn;
/** Slots an id has bits for (ipc_mni). */
const IPCMNI = 32768n;
const UNSIGNED_LONG = 0xffffffffffffffffn;

const ofInt = (name: 'msgmax' | 'msgmnb' | 'msgmni' | 'shmmni'): ProcRow =>
  sysctl(
    name,
    ({ kernel }) => [kernel.ipc.limits[name]],
    ({ kernel }, [value]) => {
      kernel.ipc.limits[name] = Number(value);
    },
    name.endsWith('mni') ? IPCMNI : INT_MAX,
  );

const ofLong = (name: 'shmmax' | 'shmall'): ProcRow =>
  sysctl(
    name,
    ({ kernel }) => [kernel.ipc.limits[name]],
    ({ kernel }, [value]) => {
      kernel.ipc.limits[name] = value!;
    },
    UNSIGNED_LONG,
  );

export const ipcLimitRows: readonly ProcRow[] = [
  ofInt('msgmax'),
  ofInt('msgmnb'),
  ofInt('msgmni'),
  sysctl(
    'sem',
    ({ kernel }) => {
      const { msl, mns, opm, mni } = kernel.ipc.limits.sem;
      return [msl, mns, opm, mni];
    },
    ({ kernel }, values) => {
      const [msl, mns, opm, mni] = values.map(Number);
      Object.assign(kernel.ipc.limits.sem, { msl, mns, opm, mni });
    },
    INT_MAX,
  ),
  ofLong('shmall'),
  ofLong('shmmax'),
  ofInt('shmmni'),
];

const ofQueues = (name: keyof MqLimits, min: number, max: number): ProcRow =>
  sysctl(
    name,
    ({ kernel }) => [kernel.ipc.mq.limits[name]],
    ({ kernel }, [value]) => {
      kernel.ipc.mq.limits[name] = Number(value);
    },
    BigInt(max),
    BigInt(min),
  );

/** /proc/sys/fs/mqueue (mq_overview(7)). */
export const mqueueDirectory: ProcRow = {
  name: 'mqueue',
  children: [
    ofQueues('msg_default', MQ_LEAST.msgmax, MQ_HARD.msgmax),
    ofQueues('msg_max', MQ_LEAST.msgmax, MQ_HARD.msgmax),
    ofQueues('msgsize_default', MQ_LEAST.msgsizemax, MQ_HARD.msgsizemax),
    ofQueues('msgsize_max', MQ_LEAST.msgsizemax, MQ_HARD.msgsizemax),
    ofQueues('queues_max', 0, Number(INT_MAX)),
  ],
};
