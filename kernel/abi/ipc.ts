/** System V inter-process communication (linux/ipc.h, msg.h, sem.h, shm.h and their asm/*buf.h; sysvipc(7)). */
import { i16, i32, i64, long, pointer, shown, struct, u16, u32, u64 } from './layout.ts';

export const IPC = {
  PRIVATE: 0,
  /** Of msgget, semget and shmget, beside the permission bits. */
  CREAT: 0o1000,
  EXCL: 0o2000,
  NOWAIT: 0o4000,
} as const;

/** Commands of all three ctl calls. */
export const IPC_CTL = { RMID: 0, SET: 1, STAT: 2, INFO: 3 } as const;

export const MSG_CTL = { ...IPC_CTL, MSG_STAT: 11, MSG_INFO: 12, MSG_STAT_ANY: 13 } as const;
export const SEM_CTL = {
  ...IPC_CTL,
  GETPID: 11,
  GETVAL: 12,
  GETALL: 13,
  GETNCNT: 14,
  GETZCNT: 15,
  SETVAL: 16,
  SETALL: 17,
  SEM_STAT: 18,
  SEM_INFO: 19,
  SEM_STAT_ANY: 20,
} as const;
export const SHM_CTL = {
  ...IPC_CTL,
  SHM_LOCK: 11,
  SHM_UNLOCK: 12,
  SHM_STAT: 13,
  SHM_INFO: 14,
  SHM_STAT_ANY: 15,
} as const;

/** Flags of msgrcv(2) besides IPC_NOWAIT. */
export const MSG = { NOERROR: 0o10000, EXCEPT: 0o20000, COPY: 0o40000 } as const;

/** Flag of a semop(2) operation besides IPC_NOWAIT. */
export const SEM_UNDO = 0x1000;
/** Highest value of a semaphore, and of an adjustment at exit. */
export const SEMVMX = 32767;

/** Flags of shmat(2), and of shmget(2) besides IPC's. */
export const SHM = {
  RDONLY: 0o10000,
  RND: 0o20000,
  REMAP: 0o40000,
  EXEC: 0o100000,
  HUGETLB: 0o4000,
  NORESERVE: 0o10000,
  /** Bits of `shm_perm.mode`: to be removed with the last attach; not to be swapped. */
  DEST: 0o1000,
  LOCKED: 0o2000,
} as const;

const octal = shown(u32, (value) => `0${value.toString(8)}`);

export const IPC_PERM = struct(
  'struct ipc64_perm',
  [
    ['key', i32, 'key, IPC_PRIVATE for none'],
    ['uid', u32, 'owner'],
    ['gid', u32, 'group'],
    ['cuid', u32, 'creator'],
    ['cgid', u32, "creator's group"],
    ['mode', octal, 'permission bits; of shared memory SHM_DEST and SHM_LOCKED too'],
    ['seq', u16, 'how often the slot was used'],
    ['__pad2', u16, 'padding'],
    ['__unused1', u64, 'unused'],
    ['__unused2', u64, 'unused'],
  ],
  { size: 48 },
);

export const MSQID_DS = struct(
  'struct msqid64_ds',
  [
    ['msg_perm', IPC_PERM, 'owner and permissions'],
    ['msg_stime', long, 'time of the last msgsnd, seconds'],
    ['msg_rtime', long, 'time of the last msgrcv'],
    ['msg_ctime', long, 'time of the last change'],
    ['msg_cbytes', pointer, 'bytes on the queue'],
    ['msg_qnum', pointer, 'messages on the queue'],
    ['msg_qbytes', pointer, 'bytes allowed on the queue'],
    ['msg_lspid', i32, 'process of the last msgsnd'],
    ['msg_lrpid', i32, 'process of the last msgrcv'],
    ['__unused4', u64, 'unused'],
    ['__unused5', u64, 'unused'],
  ],
  { size: 120 },
);

export const MSGINFO = struct(
  'struct msginfo',
  [
    ['msgpool', i32, 'MSG_INFO: queues; IPC_INFO: unused'],
    ['msgmap', i32, 'MSG_INFO: messages; IPC_INFO: unused'],
    ['msgmax', i32, 'bytes of a message'],
    ['msgmnb', i32, 'bytes of a queue'],
    ['msgmni', i32, 'queues'],
    ['msgssz', i32, 'unused'],
    ['msgtql', i32, 'MSG_INFO: bytes of all messages; IPC_INFO: unused'],
    ['msgseg', u16, 'unused'],
  ],
  { size: 32 },
);

export const SEMID_DS = struct(
  'struct semid64_ds',
  [
    ['sem_perm', IPC_PERM, 'owner and permissions'],
    ['sem_otime', long, 'time of the last semop, seconds'],
    ['__unused1', u64, 'unused'],
    ['sem_ctime', long, 'time of the last change'],
    ['__unused2', u64, 'unused'],
    ['sem_nsems', pointer, 'semaphores in the set'],
    ['__unused3', u64, 'unused'],
    ['__unused4', u64, 'unused'],
  ],
  { size: 104 },
);

export const SEMBUF = struct(
  'struct sembuf',
  [
    ['sem_num', u16, 'which of the set'],
    ['sem_op', i16, 'added to its value; 0 waits for zero'],
    ['sem_flg', u16, 'IPC_NOWAIT, SEM_UNDO'],
  ],
  { size: 6 },
);

export const SEMINFO = struct(
  'struct seminfo',
  [
    ['semmap', i32, 'unused'],
    ['semmni', i32, 'sets'],
    ['semmns', i32, 'semaphores in all sets'],
    ['semmnu', i32, 'unused'],
    ['semmsl', i32, 'semaphores in a set'],
    ['semopm', i32, 'operations of a semop'],
    ['semume', i32, 'unused'],
    ['semusz', i32, 'SEM_INFO: sets in use; IPC_INFO: unused'],
    ['semvmx', i32, 'highest value'],
    ['semaem', i32, 'SEM_INFO: semaphores in use; IPC_INFO: unused'],
  ],
  { size: 40 },
);

export const SHMID_DS = struct(
  'struct shmid64_ds',
  [
    ['shm_perm', IPC_PERM, 'owner and permissions'],
    ['shm_segsz', pointer, 'bytes of the segment'],
    ['shm_atime', long, 'time of the last attach, seconds'],
    ['shm_dtime', long, 'time of the last detach'],
    ['shm_ctime', long, 'time of the last change'],
    ['shm_cpid', i32, 'process of the creator'],
    ['shm_lpid', i32, 'process of the last attach or detach'],
    ['shm_nattch', pointer, 'attaches'],
    ['__unused4', u64, 'unused'],
    ['__unused5', u64, 'unused'],
  ],
  { size: 112 },
);

export const SHMINFO = struct(
  'struct shminfo64',
  [
    ['shmmax', u64, 'bytes of a segment'],
    ['shmmin', u64, '1'],
    ['shmmni', u64, 'segments'],
    ['shmseg', u64, 'unused'],
    ['shmall', u64, 'pages of all segments'],
    ['__unused1', u64, 'unused'],
    ['__unused2', u64, 'unused'],
    ['__unused3', u64, 'unused'],
    ['__unused4', u64, 'unused'],
  ],
  { size: 72 },
);

export const SHM_INFO = struct(
  'struct shm_info',
  [
    ['used_ids', i32, 'segments'],
    ['shm_tot', pointer, 'pages of all segments'],
    ['shm_rss', pointer, 'of these resident'],
    ['shm_swp', pointer, 'of these swapped out'],
    ['swap_attempts', i64, 'unused'],
    ['swap_successes', i64, 'unused'],
  ],
  { size: 48 },
);
