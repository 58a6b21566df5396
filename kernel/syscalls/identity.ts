/** Users, groups and capabilities. */
import { CAP, CAP_ALL, type CapSet } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { CAP_DATA, CAP_HEADER } from '../abi/process.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, putUser32, readStruct, writeStruct } from '../mm/user.ts';
import { setCapabilities } from '../process/capability.ts';
import {
  setfsgid,
  setfsuid,
  setgid,
  setgroups,
  setregid,
  setresgid,
  setresuid,
  setreuid,
  setuid,
} from '../process/cred.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

const NGROUPS_MAX = 65536;

const getgroups = (_kernel: Kernel, task: Task, size: number, list: number): number => {
  const { groups } = task.cred;
  if (size < 0) return -ERRNO.EINVAL;
  if (size === 0) return groups.length;
  if (groups.length > size) return -ERRNO.EINVAL;
  groups.forEach((gid, index) => {
    putUser32(task.mm, list + index * 4, gid);
  });
  return groups.length;
};

const setGroups = (_kernel: Kernel, task: Task, size: number, list: number): number => {
  if (!capable(task.cred, CAP.SETGID)) return -ERRNO.EPERM;
  if (size < 0 || size > NGROUPS_MAX) return -ERRNO.EINVAL;
  const groups: number[] = [];
  for (let i = 0; i < size; i++) groups.push(getUser32(task.mm, list + i * 4));
  return setgroups(task, groups);
};

/** Writes the real, effective and saved id. */
const putThree = (task: Task, addresses: readonly [number, number, number], ids: readonly number[]): number => {
  addresses.forEach((address, index) => {
    putUser32(task.mm, address, ids[index]!);
  });
  return 0;
};

/** Versions of the capability interface, and how many data structs each has. */
const CAP_VERSIONS = new Map([
  [0x19980330, 1],
  [0x20071026, 2],
  [0x20080522, 2],
]);
const CAP_VERSION_3 = 0x20080522;

/** Number of data structs for the caller's version, or -EINVAL after telling it ours (cap_validate_magic). */
const capStructs = (task: Task, header: number): number => {
  const count = CAP_VERSIONS.get(getUser32(task.mm, header));
  if (count !== undefined) return count;
  putUser32(task.mm, header, CAP_VERSION_3);
  return -ERRNO.EINVAL;
};

const SETS = ['effective', 'permitted', 'inheritable'] as const;

const capget = (kernel: Kernel, task: Task, header: number, data: number): number => {
  const count = capStructs(task, header);
  if (count < 0) return data === 0 ? 0 : count;
  const { pid } = readStruct(task.mm, CAP_HEADER, header);
  if (pid < 0) return -ERRNO.EINVAL;
  const target = pid === 0 ? task : kernel.tasks.get(pid);
  if (target === undefined) return -ERRNO.ESRCH;
  if (data === 0) return 0;
  const word = (set: CapSet, index: number) => Number((set >> BigInt(32 * index)) & 0xffffffffn);
  for (let i = 0; i < count; i++) {
    const [effective, permitted, inheritable] = SETS.map((set) => word(target.cred[set], i));
    writeStruct(task.mm, CAP_DATA, data + i * CAP_DATA.size, {
      ...{ effective: effective!, permitted: permitted!, inheritable: inheritable! },
    });
  }
  return 0;
};

const capset = (_kernel: Kernel, task: Task, header: number, data: number): number => {
  const count = capStructs(task, header);
  if (count < 0) return count;
  const { pid } = readStruct(task.mm, CAP_HEADER, header);
  if (pid !== 0 && pid !== task.pid) return -ERRNO.EPERM;
  const wanted = { effective: 0n, permitted: 0n, inheritable: 0n };
  for (let i = 0; i < count; i++) {
    const words = readStruct(task.mm, CAP_DATA, data + i * CAP_DATA.size);
    for (const set of SETS) wanted[set] |= (BigInt(words[set]) << BigInt(32 * i)) & CAP_ALL;
  }
  return setCapabilities(task, wanted);
};

const getresuid = (_kernel: Kernel, task: Task, ruid: number, euid: number, suid: number): number =>
  putThree(task, [ruid, euid, suid], [task.cred.uid, task.cred.euid, task.cred.suid]);

const getresgid = (_kernel: Kernel, task: Task, rgid: number, egid: number, sgid: number): number =>
  putThree(task, [rgid, egid, sgid], [task.cred.gid, task.cred.egid, task.cred.sgid]);

export const identitySyscalls: readonly SyscallRow[] = [
  syscall(102, 'getuid', [], (_kernel, task) => task.cred.uid),
  syscall(104, 'getgid', [], (_kernel, task) => task.cred.gid),
  syscall(105, 'setuid', [['uid', arg.int]], (_kernel, task, uid) => setuid(task, uid)),
  syscall(106, 'setgid', [['gid', arg.int]], (_kernel, task, gid) => setgid(task, gid)),
  syscall(107, 'geteuid', [], (_kernel, task) => task.cred.euid),
  syscall(108, 'getegid', [], (_kernel, task) => task.cred.egid),
  syscall(
    113,
    'setreuid',
    [
      ['ruid', arg.int],
      ['euid', arg.int],
    ],
    (_kernel, task, ruid, euid) => setreuid(task, ruid, euid),
  ),
  syscall(
    114,
    'setregid',
    [
      ['rgid', arg.int],
      ['egid', arg.int],
    ],
    (_kernel, task, rgid, egid) => setregid(task, rgid, egid),
  ),
  syscall(
    115,
    'getgroups',
    [
      ['size', arg.int],
      ['list', arg.outGroupList],
    ],
    getgroups,
  ),
  syscall(
    116,
    'setgroups',
    [
      ['size', arg.int],
      ['list', arg.groupList],
    ],
    setGroups,
  ),
  syscall(
    117,
    'setresuid',
    [
      ['ruid', arg.int],
      ['euid', arg.int],
      ['suid', arg.int],
    ],
    (_kernel, task, ruid, euid, suid) => setresuid(task, ruid, euid, suid),
  ),
  syscall(
    118,
    'getresuid',
    [
      ['ruid', arg.outUnsigned],
      ['euid', arg.outUnsigned],
      ['suid', arg.outUnsigned],
    ],
    getresuid,
  ),
  syscall(
    119,
    'setresgid',
    [
      ['rgid', arg.int],
      ['egid', arg.int],
      ['sgid', arg.int],
    ],
    (_kernel, task, rgid, egid, sgid) => setresgid(task, rgid, egid, sgid),
  ),
  syscall(
    120,
    'getresgid',
    [
      ['rgid', arg.outUnsigned],
      ['egid', arg.outUnsigned],
      ['sgid', arg.outUnsigned],
    ],
    getresgid,
  ),
  syscall(122, 'setfsuid', [['fsuid', arg.int]], (_kernel, task, uid) => setfsuid(task, uid)),
  syscall(123, 'setfsgid', [['fsgid', arg.int]], (_kernel, task, gid) => setfsgid(task, gid)),
  syscall(
    125,
    'capget',
    [
      ['hdrp', arg.pointer],
      ['datap', arg.outPointer],
    ],
    capget,
  ),
  syscall(
    126,
    'capset',
    [
      ['hdrp', arg.pointer],
      ['datap', arg.pointer],
    ],
    capset,
  ),
];
