/** /proc/locks, and the locks in /proc/PID/fdinfo (fs/locks.c: lock_get_status, locks_show). */
import { LOCK_TYPE } from '../abi/fcntl.ts';
import { majorOf, minorOf } from '../abi/stat.ts';
import { targetType } from './leases.ts';
import { conflicting, type FileLock, type Lease, LOCK_EOF, type WantedLock } from './locks.ts';
import type { ProcContext } from './procfs.ts';
import type { Inode, OpenFile } from './types.ts';

const hex = (value: number): string => value.toString(16).padStart(2, '0');

const place = ({ sb, ino }: Inode): string => `${hex(majorOf(sb.dev))}:${hex(minorOf(sb.dev))}:${ino}`;

const typeName = (type: number): string =>
  type === LOCK_TYPE.WRLCK ? 'WRITE' : type === LOCK_TYPE.RDLCK ? 'READ' : 'UNLCK';

const rangeText = ({ start, end }: FileLock): string => `${start} ${end === LOCK_EOF ? 'EOF' : end - 1n}`;

const recordText = (inode: Inode, lock: FileLock): string =>
  `${lock.pid === -1 ? 'OFDLCK' : 'POSIX '} ADVISORY  ${typeName(lock.type)} ${lock.pid} ${place(inode)} ${rangeText(lock)}`;

const wholeText = (inode: Inode, lock: FileLock): string =>
  `FLOCK  ADVISORY  ${typeName(lock.type)} ${lock.pid} ${place(inode)} 0 EOF`;

const leaseText = (inode: Inode, lease: Lease): string => {
  const breaking = lease.unlockPending || lease.downgradePending;
  return `LEASE  ${breaking ? 'BREAKING  ' : 'ACTIVE    '}${typeName(targetType(lease))} ${lease.pid} ${place(inode)} 0 EOF`;
};

/** Locks of one inode with those who wait for each. */
const inodeLines = (inode: Inode): { text: string; waiting: string[] }[] => {
  const { records, whole, leases, waiters } = inode.locks!;
  const wanted = waiters.waiters.map(({ wait }) => wait!.data.lock as WantedLock);
  const of = (locks: FileLock[], isWhole: boolean, text: (inode: Inode, lock: FileLock) => string) =>
    locks.map((held) => ({
      text: text(inode, held),
      waiting: wanted
        .filter((want) => want.whole === isWhole && conflicting(locks, want.lock) === held)
        .map((want) => text(inode, want.lock)),
    }));
  return [
    ...leases.map((lease) => ({ text: leaseText(inode, lease), waiting: [] })),
    ...of(whole, true, wholeText),
    ...of(records, false, recordText),
  ];
};

export const locksText = ({ kernel }: ProcContext): string =>
  [...kernel.vfs.locked]
    .flatMap(inodeLines)
    .map(({ text, waiting }, at) =>
      [`${at + 1}: ${text}\n`, ...waiting.map((line) => `${at + 1}: -> ${line}\n`)].join(''),
    )
    .join('');

/** Lines of a descriptor: the locks of the open file, and those of the process on its inode (show_fd_locks). */
export const fdLockLines = (file: OpenFile, table: FileLock['owner']): string => {
  const { inode } = file;
  if (inode.locks === null) return '';
  const { records, whole, leases } = inode.locks;
  const mine = (lock: FileLock): boolean => lock.file === file && (lock.owner === file || lock.owner === table);
  return [
    ...whole.filter(mine).map((lock) => wholeText(inode, lock)),
    ...records.filter(mine).map((lock) => recordText(inode, lock)),
    ...leases.filter((lease) => lease.file === file).map((lease) => leaseText(inode, lease)),
  ]
    .map((text, at) => `lock:\t${at + 1}: ${text}\n`)
    .join('');
};
