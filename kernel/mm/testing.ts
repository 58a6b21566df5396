/** What tests of memory need of a machine: frames, a CPU, one task with limits, files of bytes. */
import { createCpu, PAGE_SIZE, PhysicalMemory } from '../../emulator/api.ts';
import { O } from '../abi/fcntl.ts';
import { RLIM_NLIMITS } from '../abi/resource.ts';
import { S } from '../abi/stat.ts';
import type { FileOperations, Inode, OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { userCredentials } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { newMemory, reclaimPages } from './memory.ts';
import { type Mm, newMm } from './mm.ts';

export interface TestMachine {
  kernel: Kernel;
  task: Task;
  mm: Mm;
  /** Frames in use before any address space was made. */
  idleFrames: number;
  log: string[];
}

/** Limits start as infinity; the user is root unless `uid` says otherwise. */
export const testMachine = (bytes = 64 << 20, uid = 0): TestMachine => {
  const physical = new PhysicalMemory(bytes);
  const cpu = createCpu('reference', { physical, timestamp: () => 0n, random64: () => 0n });
  const rlimits = Array.from({ length: RLIM_NLIMITS }, () => ({ soft: Infinity, hard: Infinity }));
  const task = { pid: 1, group: { rlimits }, cred: userCredentials(uid, uid) } as unknown as Task;
  const log: string[] = [];
  const kernel = {
    cpu,
    physical,
    memory: newMemory(physical),
    tasks: new Map([[1, task]]),
    current: task,
    random: (into: Uint8Array) => into.fill(0xa5),
    log: (line: string) => log.push(line),
  } as unknown as Kernel;
  const idleFrames = physical.allocated;
  const mm = newMm(kernel);
  mm.mmapBase = 0x7ffff7fff000;
  task.mm = mm;
  cpu.switchAddressSpace(mm.pageTable.root);
  return { kernel, task, mm, idleFrames, log };
};

/** Frames beyond those of an idle machine, after the page cache gave back what it can. */
export const leakedFrames = ({ kernel, idleFrames }: TestMachine): number => {
  reclaimPages(kernel);
  return kernel.physical.allocated - idleFrames;
};

const byteFile: FileOperations = {
  kind: 'test',
  readPage: (_kernel, file, offset, into) => {
    into.set(file.state.subarray(offset, offset + PAGE_SIZE));
    return 0;
  },
  writePage: (_kernel, file, offset, from) => {
    file.state.set(from, offset);
    return 0;
  },
};

/** An open file over these bytes, for mapping. */
export const fileOf = (bytes: Uint8Array, flags: number = O.RDWR): OpenFile => ({
  ops: byteFile,
  inode: { mode: S.IFREG | 0o755, size: bytes.length, mtime: 0n, nlink: 1, rdev: 0, ops: {} } as unknown as Inode,
  path: '/test',
  flags,
  position: 0,
  refs: 1,
  state: bytes,
});
