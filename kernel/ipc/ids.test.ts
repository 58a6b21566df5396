import { describe, expect, it } from 'vitest';
import { ERRNO } from '../abi/errno.ts';
import { IPC } from '../abi/ipc.ts';
import { userCredentials } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import {
  addIpcObject,
  type IpcObject,
  ipcGet,
  ipcObject,
  ipcOwned,
  ipcPermitted,
  newIpcIds,
  newIpcObject,
  READ,
  removeIpcObject,
  WRITE,
} from './ids.ts';

const user = (uid: number, gid = uid, groups: number[] = []): Task =>
  ({ cred: { ...userCredentials(uid, gid), groups } }) as unknown as Task;

describe('identifiers of System V objects', () => {
  it('takes slots in turn, and a higher sequence number when it comes around', () => {
    const ids = newIpcIds<IpcObject>();
    const add = () => {
      const object = newIpcObject(user(1), IPC.PRIVATE, 0o600);
      addIpcObject(ids, object);
      return object;
    };
    const first = add();
    expect(first.id).toBe(0);
    removeIpcObject(ids, first);
    // Slot 0 is free, but slot 1 comes next, so that old ids stay invalid for long.
    const seen = Array.from({ length: 64 }, () => {
      const object = add();
      removeIpcObject(ids, object);
      return object.id;
    });
    expect(seen.slice(0, 63)).toEqual(Array.from({ length: 63 }, (_, i) => i + 1));
    expect(seen[63]).toBe(1 << 15);
    expect(ipcObject(ids, 0)).toBe(-ERRNO.EINVAL);
  });

  it('finds more slots when the first 64 are full', () => {
    const ids = newIpcIds<IpcObject>();
    const all = Array.from({ length: 200 }, () => addIpcObject(ids, newIpcObject(user(1), IPC.PRIVATE, 0)));
    expect(new Set(all).size).toBe(200);
    for (const id of all) expect(ipcObject(ids, id)).toMatchObject({ id });
  });
});

describe('permissions of System V objects', () => {
  const object = { ...newIpcObject(user(10, 20), 5, 0o640), uid: 11, gid: 21 };

  it('uses the bits of owner and creator, of their groups, of others; root may all', () => {
    expect(ipcPermitted(user(10), object, READ | WRITE)).toBe(true);
    expect(ipcPermitted(user(11), object, READ | WRITE)).toBe(true);
    expect(ipcPermitted(user(30, 20), object, READ)).toBe(true);
    expect(ipcPermitted(user(30, 30, [21]), object, READ)).toBe(true);
    expect(ipcPermitted(user(30, 20), object, WRITE)).toBe(false);
    expect(ipcPermitted(user(30), object, READ)).toBe(false);
    expect(ipcPermitted(user(0), object, READ | WRITE)).toBe(true);
    // The owner's bits count for the owner even where others have more.
    expect(ipcPermitted(user(10), { ...object, mode: 0o066 }, READ)).toBe(false);
  });

  it('lets owner, creator and root change it', () => {
    expect([10, 11, 0, 12].map((uid) => ipcOwned(user(uid), object))).toEqual([true, true, true, false]);
  });

  it('refuses a key to those who ask for what they may not', () => {
    const ids = newIpcIds<IpcObject>();
    addIpcObject(ids, newIpcObject(user(10), 5, 0o600));
    const create = () => -ERRNO.ENOSPC;
    const get = (uid: number, flags: number) => ipcGet(ids, user(uid), 5, flags, create, () => true);
    expect(get(12, 0)).toBe(0);
    expect(get(12, 0o400)).toBe(-ERRNO.EACCES);
    expect(get(10, 0o600 | IPC.CREAT)).toBe(0);
    expect(get(10, IPC.CREAT | IPC.EXCL)).toBe(-ERRNO.EEXIST);
    expect(ipcGet(ids, user(10), 6, 0, create, () => true)).toBe(-ERRNO.ENOENT);
    expect(ipcGet(ids, user(10), 5, 0, create, () => false)).toBe(-ERRNO.EINVAL);
  });
});
