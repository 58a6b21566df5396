/**
 * What messages, semaphores and shared memory have in common: keys, identifiers, owners and permissions (ipc/util.c).
 *
 * An identifier is a slot number with a sequence number above it, so that the id of a removed object is not soon another's.
 */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { IPC, type IPC_PERM } from '../abi/ipc.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';

/** Bits of an id which are the slot (IPCMNI_SHIFT). */
const SLOT_BITS = 15;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
const SEQ_MAX = 0x7fffffff >> SLOT_BITS;
/** Slots are used in turn among at least so many (ipc_min_cycle). */
const MIN_CYCLE = 64;

/** Permission bits of `mode`. */
export const PERMISSIONS = 0o777;
export const READ = 0o444;
export const WRITE = 0o222;
export const EXEC = 0o111;

/** struct kern_ipc_perm: the part of an object which all kinds have. */
export interface IpcObject {
  id: number;
  /** IPC_PRIVATE: it cannot be found by key. */
  key: number;
  uid: number;
  gid: number;
  cuid: number;
  cgid: number;
  mode: number;
  seq: number;
  /** Cleared when it is removed; sleepers then find -EIDRM. */
  valid: boolean;
}

/** struct ipc_ids: the objects of one kind. */
export interface IpcIds<T extends IpcObject> {
  readonly slots: Map<number, T>;
  readonly keys: Map<number, T>;
  seq: number;
  lastSlot: number;
  /** Where the search for a free slot goes on. */
  nextSlot: number;
}

export const newIpcIds = <T extends IpcObject>(): IpcIds<T> => ({
  slots: new Map(),
  keys: new Map(),
  seq: 0,
  lastSlot: -1,
  nextSlot: 0,
});

/** The highest slot in use, which the INFO commands return; 0 if there is none (ipc_get_maxidx). */
export const highestSlot = (ids: IpcIds<IpcObject>): number => Math.max(0, ...ids.slots.keys());

/** Seconds of the real-time clock, as all times in these objects are. */
export const nowSeconds = (kernel: Kernel): number => Number(kernel.realtime() / 1_000_000_000n);

/** The common part of a new object, which the current task creates. */
export const newIpcObject = ({ cred }: Task, key: number, flags: number): IpcObject => ({
  id: -1,
  key,
  uid: cred.euid,
  gid: cred.egid,
  cuid: cred.euid,
  cgid: cred.egid,
  mode: flags & PERMISSIONS,
  seq: 0,
  valid: true,
});

/** Gives the object its id and makes it findable. The caller has checked that there is room (ipc_addid, ipc_idr_alloc). */
export const addIpcObject = <T extends IpcObject>(ids: IpcIds<T>, object: T): number => {
  const cycle = Math.min(SLOT_MASK + 1, Math.max(Math.floor((ids.slots.size * 3) / 2), MIN_CYCLE));
  let slot = ids.nextSlot < cycle ? ids.nextSlot : 0;
  while (ids.slots.has(slot)) slot = (slot + 1) % cycle;
  if (slot <= ids.lastSlot) ids.seq = ids.seq + 1 >= SEQ_MAX ? 0 : ids.seq + 1;
  ids.lastSlot = slot;
  ids.nextSlot = slot + 1;
  object.seq = ids.seq;
  object.id = (ids.seq << SLOT_BITS) + slot;
  ids.slots.set(slot, object);
  if (object.key !== IPC.PRIVATE) ids.keys.set(object.key, object);
  return object.id;
};

/** Takes the object out; whoever still refers to it finds it invalid (ipc_rmid). */
export const removeIpcObject = <T extends IpcObject>(ids: IpcIds<T>, object: T): void => {
  ids.slots.delete(object.id & SLOT_MASK);
  hideIpcKey(ids, object);
  object.valid = false;
};

/** Nobody finds it by key any more (ipc_set_key_private). */
export const hideIpcKey = <T extends IpcObject>(ids: IpcIds<T>, object: T): void => {
  if (object.key !== IPC.PRIVATE) ids.keys.delete(object.key);
  object.key = IPC.PRIVATE;
};

/** The object with this id, or -EINVAL, also if it was removed and its slot is another's (ipc_obtain_object_check). */
export const ipcObject = <T extends IpcObject>(ids: IpcIds<T>, id: number): T | number => {
  const object = ids.slots.get(id & SLOT_MASK);
  return object === undefined || object.id !== id ? -ERRNO.EINVAL : object;
};

/** The object in a slot, for the STAT commands which go through all of them. */
export const ipcObjectAt = <T extends IpcObject>(ids: IpcIds<T>, slot: number): T | number =>
  ids.slots.get(slot & SLOT_MASK) ?? -ERRNO.EINVAL;

/** Whether the task may do what the bits of `wanted` (three times rwx, as in open(2)'s mode) say (ipcperms). */
export const ipcPermitted = ({ cred }: Task, object: IpcObject, wanted: number): boolean => {
  const inGroup = (gid: number) => cred.egid === gid || cred.groups.includes(gid);
  const requested = ((wanted >> 6) | (wanted >> 3) | wanted) & 7;
  let granted = object.mode;
  if (cred.euid === object.cuid || cred.euid === object.uid) granted >>= 6;
  else if (inGroup(object.cgid) || inGroup(object.gid)) granted >>= 3;
  return (requested & ~granted & 7) === 0 || capable(cred, CAP.IPC_OWNER);
};

/** Creator, owner and root may change and remove (ipcctl_obtain_check). */
export const ipcOwned = ({ cred }: Task, object: IpcObject): boolean =>
  cred.euid === object.cuid || cred.euid === object.uid || capable(cred, CAP.SYS_ADMIN);

/**
 * The get calls: the id of the object with the key, made by `create` if need be, or -errno. `fits` refuses one that is too
 * small (ipcget).
 */
export const ipcGet = <T extends IpcObject>(
  ids: IpcIds<T>,
  task: Task,
  key: number,
  flags: number,
  create: () => number,
  fits: (object: T) => boolean,
): number => {
  if (key === IPC.PRIVATE) return create();
  const object = ids.keys.get(key);
  if (object === undefined) return flags & IPC.CREAT ? create() : -ERRNO.ENOENT;
  if (flags & IPC.CREAT && flags & IPC.EXCL) return -ERRNO.EEXIST;
  if (!fits(object)) return -ERRNO.EINVAL;
  return ipcPermitted(task, object, flags & PERMISSIONS) ? object.id : -ERRNO.EACCES;
};

type PermStruct = ReturnType<typeof IPC_PERM.read>;

/** As the STAT commands show it (kernel_to_ipc64_perm). */
export const permStruct = ({ key, uid, gid, cuid, cgid, mode, seq }: IpcObject): PermStruct => ({
  ...{ key, uid, gid, cuid, cgid, mode, seq },
  ...{ __pad2: 0, __unused1: 0n, __unused2: 0n },
});

/** What IPC_SET changes (ipc_update_perm). -EINVAL for ids that are none. */
export const setPerm = (object: IpcObject, { uid, gid, mode }: PermStruct): number => {
  if (uid === 0xffffffff || gid === 0xffffffff) return -ERRNO.EINVAL;
  object.uid = uid;
  object.gid = gid;
  object.mode = (object.mode & ~PERMISSIONS) | (mode & PERMISSIONS);
  return 0;
};
