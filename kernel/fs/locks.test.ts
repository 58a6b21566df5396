import { beforeEach, describe, expect, it } from 'vitest';
import { LOCK_TYPE, O } from '../abi/fcntl.ts';
import { Machine } from '../machine.ts';
import { memoryHost } from '../memory-host.ts';
import type { FileTable } from '../task/task.ts';
import { conflicting, LOCK_EOF, locksOf, releasePosixLocks, setRecordLock, setWholeLock } from './locks.ts';
import { Files } from './testing.ts';
import type { OpenFile } from './types.ts';

const { RDLCK, WRLCK, UNLCK } = LOCK_TYPE;

let files: Files;
let file: OpenFile;
const mine: FileTable = { entries: [] };
const theirs: FileTable = { entries: [] };

const lock = (owner: FileTable, type: number, start: number, end: number | bigint): number =>
  setRecordLock(files.kernel, file.inode, {
    owner,
    file,
    type,
    start: BigInt(start),
    end: BigInt(end),
    pid: owner === mine ? 1 : 2,
  });
const held = (owner: FileTable): string =>
  locksOf(file.inode)
    .records.filter((one) => one.owner === owner)
    .map((one) => `${one.type === RDLCK ? 'r' : 'w'}${one.start}-${one.end}`)
    .join(' ');

beforeEach(() => {
  const machine = new Machine({ host: memoryHost() });
  files = new Files(machine, machine.starter);
  file = files.mustOpen('/f', O.CREAT | O.RDWR);
});

describe('record locks', () => {
  it('join neighbours, split in the middle, change kind in part', () => {
    lock(mine, RDLCK, 0, 10);
    lock(mine, RDLCK, 10, 20);
    expect(held(mine)).toBe('r0-20');
    lock(mine, WRLCK, 5, 8);
    expect(held(mine)).toBe('r0-5 w5-8 r8-20');
    lock(mine, UNLCK, 6, 12);
    expect(held(mine)).toBe('r0-5 w5-6 r12-20');
    lock(mine, RDLCK, 0, LOCK_EOF);
    expect(held(mine)).toBe(`r0-${LOCK_EOF}`);
  });

  it('clash only where bytes overlap and one writes', () => {
    lock(mine, RDLCK, 0, 10);
    expect(lock(theirs, RDLCK, 5, 15)).toBe(0);
    expect(lock(theirs, WRLCK, 9, 10)).toBe(-11);
    expect(lock(theirs, WRLCK, 10, 20)).toBe(0);
    expect(
      conflicting(locksOf(file.inode).records, { owner: mine, file, type: RDLCK, start: 12n, end: 13n, pid: 1 })?.pid,
    ).toBe(2);
  });

  it('go with any close of the process', () => {
    lock(mine, WRLCK, 0, 10);
    lock(theirs, WRLCK, 20, 30);
    releasePosixLocks(files.kernel, file.inode, mine);
    expect(held(mine)).toBe('');
    expect(held(theirs)).toBe('w20-30');
  });
});

describe('flock', () => {
  it('belongs to the open file and goes with it', () => {
    const other = files.mustOpen('/f', O.RDWR);
    expect(setWholeLock(files.kernel, file, WRLCK, 1)).toBe(0);
    expect(setWholeLock(files.kernel, other, RDLCK, 1)).toBe(-11);
    files.close(file);
    expect(setWholeLock(files.kernel, other, RDLCK, 1)).toBe(0);
  });

  it('gives the old lock up before it asks for the new one', () => {
    const other = files.mustOpen('/f', O.RDWR);
    setWholeLock(files.kernel, file, RDLCK, 1);
    setWholeLock(files.kernel, other, RDLCK, 1);
    expect(setWholeLock(files.kernel, file, WRLCK, 1)).toBe(-11);
    expect(setWholeLock(files.kernel, other, WRLCK, 1)).toBe(0);
  });
});
