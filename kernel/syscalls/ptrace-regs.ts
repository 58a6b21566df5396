/** ptrace(2): the registers of a tracee - struct user, and register sets (arch/x86/kernel/ptrace.c, kernel/regset.c). */
import { NT, USER_REGS_SIZE } from '../abi/core.ts';
import { ERRNO } from '../abi/errno.ts';
import { FXSAVE_SIZE, IOVEC_OF_REGSET, USER_DEBUGREG, USER_SIZE } from '../abi/ptrace.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, putUser64, readStruct, writeStruct } from '../mm/user.ts';
import { getDebugRegister, setDebugRegister } from '../process/debugreg.ts';
import { putReg, tracedRegs, withRegisters } from '../process/regset.ts';
import { loadXstateImage, xstateImage } from '../signal/fpstate.ts';
import type { Task } from '../task/task.ts';

const WORD = 8;

const isDebugRegister = (offset: number): boolean => offset >= USER_DEBUGREG && offset < USER_DEBUGREG + 8 * WORD;

/** PTRACE_PEEKUSER: a word of struct user. */
export const peekUser = (kernel: Kernel, task: Task, tracee: Task, offset: number, data: number): number => {
  if (offset % WORD !== 0 || offset >= USER_SIZE) return -ERRNO.EIO;
  let value = 0n;
  if (offset < USER_REGS_SIZE) value = tracedRegs(kernel, tracee)[offset / WORD]!;
  else if (isDebugRegister(offset)) value = getDebugRegister(tracee, (offset - USER_DEBUGREG) / WORD);
  putUser64(task.mm, data, value);
  return 0;
};

/** PTRACE_POKEUSER. */
export const pokeUser = (kernel: Kernel, tracee: Task, offset: number, value: bigint): number => {
  if (offset % WORD !== 0 || offset >= USER_SIZE) return -ERRNO.EIO;
  if (offset < USER_REGS_SIZE) return putReg(kernel, tracee, offset / WORD, value) ? 0 : -ERRNO.EIO;
  return isDebugRegister(offset) ? setDebugRegister(tracee, (offset - USER_DEBUGREG) / WORD, value) : -ERRNO.EIO;
};

/** struct user_regs_struct. */
export const regsImage = (kernel: Kernel, tracee: Task): Uint8Array =>
  new Uint8Array(new BigUint64Array(tracedRegs(kernel, tracee)).buffer);

/** Sets the registers whose words are given, from the first on. */
export const setRegs = (kernel: Kernel, tracee: Task, bytes: Uint8Array): number => {
  const values = new BigUint64Array(bytes.slice(0, bytes.length & -WORD).buffer);
  for (const [index, value] of values.entries()) if (!putReg(kernel, tracee, index, value)) return -ERRNO.EIO;
  return 0;
};

/** The image of XSAVE; its first 512 bytes are struct user_fpregs_struct. */
export const floatImage = (kernel: Kernel, tracee: Task): Uint8Array => withRegisters(kernel, tracee, xstateImage);

/** Takes such an image, or 512 bytes of it. */
export const setFloat = (kernel: Kernel, tracee: Task, bytes: Uint8Array): number =>
  withRegisters(kernel, tracee, (cpu) => loadXstateImage(cpu, bytes)) ? 0 : -ERRNO.EINVAL;

/** The set's bytes, and how to put them back; null for one there is not (find_regset). */
const regset = (
  kernel: Kernel,
  tracee: Task,
  type: number,
): { bytes: Uint8Array; set: (bytes: Uint8Array) => number } | null => {
  switch (type) {
    case NT.PRSTATUS:
      return { bytes: regsImage(kernel, tracee), set: (bytes) => setRegs(kernel, tracee, bytes) };
    case NT.PRFPREG: {
      const bytes = floatImage(kernel, tracee).subarray(0, FXSAVE_SIZE);
      return { bytes, set: (given) => (given.length < FXSAVE_SIZE ? -ERRNO.EINVAL : setFloat(kernel, tracee, given)) };
    }
    case NT.X86_XSTATE: {
      const bytes = floatImage(kernel, tracee);
      if (bytes.length === FXSAVE_SIZE) return null;
      return { bytes, set: (given) => (given.length < bytes.length ? -ERRNO.EFAULT : setFloat(kernel, tracee, given)) };
    }
    case NT.X86_IOPERM:
      return { bytes: new Uint8Array(0), set: () => -ERRNO.EOPNOTSUPP };
    default:
      return null;
  }
};

/** PTRACE_GETREGSET and PTRACE_SETREGSET (ptrace_regset). */
export const moveRegset = (
  kernel: Kernel,
  task: Task,
  tracee: Task,
  set: { type: number; vector: number; write: boolean },
): number => {
  const found = regset(kernel, tracee, set.type);
  const vector = readStruct(task.mm, IOVEC_OF_REGSET, set.vector);
  if (found === null || vector.iov_len % WORD !== 0) return -ERRNO.EINVAL;
  const length = Math.min(vector.iov_len, found.bytes.length);
  // Nobody has ports of the machine here: the set is there, and empty.
  if (set.type === NT.X86_IOPERM) return set.write ? -ERRNO.EOPNOTSUPP : -ERRNO.ENXIO;
  let result = 0;
  if (set.write) result = found.set(copyFromUser(task.mm, vector.iov_base, length));
  else copyToUser(task.mm, vector.iov_base, found.bytes.subarray(0, length));
  if (result === 0) writeStruct(task.mm, IOVEC_OF_REGSET, set.vector, { ...vector, iov_len: length });
  return result;
};
