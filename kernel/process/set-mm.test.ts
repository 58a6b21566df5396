import { expect, test } from 'vitest';
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { u64 } from '../abi/layout.ts';
import { MAP, PROT } from '../abi/mman.ts';
import { SET_MM } from '../abi/process.ts';
import { doMmap } from '../mm/mmap.ts';
import { writeStruct } from '../mm/user.ts';
import { prctlSetMm } from './set-mm.ts';
import { execMachine } from './testing.ts';

/** Single places need CAP_SYS_RESOURCE, which root on many hosts is without: guest/process/prctl_mm.c has the rest. */
test('each place is set by its own option, within order', () => {
  const { kernel, task } = execMachine();
  const { mm } = task;
  const page = doMmap(mm, 0, 4096, PROT.READ | PROT.WRITE, MAP.PRIVATE | MAP.ANONYMOUS, null, 0);
  const set = (option: number, address: number, size = 0) => prctlSetMm(kernel, task, option, address, size, 0);
  Object.assign(mm, { startCode: page, endCode: page + 1, startData: page, endData: page, startBrk: page, brk: page });
  Object.assign(mm, { startStack: page, argStart: page, argEnd: page, envStart: page, envEnd: page });
  expect(set(SET_MM.END_CODE, page + 16)).toBe(0);
  expect(set(SET_MM.START_CODE, page + 8)).toBe(0);
  expect(set(SET_MM.START_CODE, page + 16)).toBe(-ERRNO.EINVAL);
  expect(set(SET_MM.ARG_END, page + 32)).toBe(0);
  expect(set(SET_MM.ENV_START, page + 4)).toBe(-ERRNO.EINVAL);
  expect(set(SET_MM.START_STACK, page + 8192)).toBe(-ERRNO.EFAULT);
  expect(set(SET_MM.BRK, page + 8192)).toBe(0);
  expect(set(SET_MM.BRK, 4096)).toBe(-ERRNO.EINVAL);
  expect(set(99, page)).toBe(-ERRNO.EINVAL);
  expect(set(SET_MM.BRK, page, 1)).toBe(-ERRNO.EINVAL);
  expect(set(SET_MM.EXE_FILE, 5)).toBe(-ERRNO.EBADF);
  expect(mm).toMatchObject({ startCode: page + 8, endCode: page + 16, argEnd: page + 32, brk: page + 8192 });
  writeStruct(mm, u64, page, 6n);
  expect(set(SET_MM.AUXV, page, 8)).toBe(0);
  expect([...mm.auxv.subarray(0, 9)]).toEqual([6, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(set(SET_MM.AUXV, page, 449)).toBe(-ERRNO.EINVAL);
  task.cred = { ...task.cred, effective: task.cred.effective & ~(1n << BigInt(CAP.SYS_RESOURCE)) };
  expect(set(SET_MM.END_CODE, page + 17)).toBe(-ERRNO.EPERM);
});
