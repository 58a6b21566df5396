/** All System V objects and POSIX queues of the machine, and their limits (struct ipc_namespace). */
import { type IpcIds, newIpcIds } from './ids.ts';
import { type MqNamespace, newMqNamespace } from './mqueue.ts';
import type { MessageQueue } from './msg.ts';
import type { SemaphoreSet } from './sem.ts';
import type { SharedSegment } from './shm.ts';

/** Limits by their names below /proc/sys/kernel, where root can change them. */
export interface IpcLimits {
  /** Bytes of one message. */
  msgmax: number;
  /** Bytes of a new queue. */
  msgmnb: number;
  /** Queues. */
  msgmni: number;
  /** Semaphores of a set, of all sets, operations of one semop, sets: /proc/sys/kernel/sem. */
  sem: { msl: number; mns: number; opm: number; mni: number };
  /** Pages of all segments, and bytes of one; 64 bits. */
  shmall: bigint;
  shmmax: bigint;
  /** Segments. */
  shmmni: number;
}

export interface IpcNamespace {
  readonly msg: IpcIds<MessageQueue>;
  readonly sem: IpcIds<SemaphoreSet>;
  readonly shm: IpcIds<SharedSegment>;
  readonly limits: IpcLimits;
  readonly mq: MqNamespace;
}

/** ULONG_MAX - 2^24: no limit, but room for sums. */
const SHM_UNLIMITED = 0xffffffffffffffffn - (1n << 24n);

export const newIpcNamespace = (): IpcNamespace => ({
  msg: newIpcIds(),
  sem: newIpcIds(),
  shm: newIpcIds(),
  limits: {
    ...{ msgmax: 8192, msgmnb: 16384, msgmni: 32000 },
    sem: { msl: 32000, mns: 1024000000, opm: 500, mni: 32000 },
    ...{ shmall: SHM_UNLIMITED, shmmax: SHM_UNLIMITED, shmmni: 4096 },
  },
  mq: newMqNamespace(),
});
