/** The debug registers of a tracee, as far as a tracer may set them (arch/x86/kernel/ptrace.c, hw_breakpoint.c). */
import { USER_END, type Watchpoint } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import type { DebugRegisters, Task } from '../task/task.ts';

/** How many places there are: DR0 to DR3. */
const COUNT = 4;
const DR6 = 6;
const DR7 = 7;
/** DR6 with nothing in it: these bits are 1 where nothing happened. */
const DR6_RESERVED = 0xffff0ff0;
/** Its bits of DR0 to DR3. */
export const DR6_TRAPS = 0xf;
/** What of DR7 is not reserved. */
const CONTROL_MASK = 0xffff03ff;
/** By the two bits of DR7. */
const KINDS = ['execute', 'write', null, 'access'] as const;
const LENGTHS = [1, 2, 8, 4] as const;

const isEnabled = (control: number, index: number): boolean => (control & (3 << (2 * index))) !== 0;

const pointOf = ({ addresses, control }: DebugRegisters, index: number): Watchpoint | null => {
  const kind = KINDS[(control >>> (16 + 4 * index)) & 3]!;
  const length = LENGTHS[(control >>> (18 + 4 * index)) & 3]!;
  return kind === null ? null : { index, address: addresses[index]!, length, kind };
};

/** What the CPU has to watch. */
export const watchpoints = (debug: DebugRegisters | null): Watchpoint[] => {
  const points: Watchpoint[] = [];
  for (let index = 0; debug !== null && index < COUNT; index++) {
    const point = isEnabled(debug.control, index) ? pointOf(debug, index) : null;
    if (point !== null) points.push(point);
  }
  return points;
};

/** One of these bits of DR6 is of a place to execute, which RFLAGS.RF lets pass. */
export const isExecution = ({ debug }: Task, dr6: number): boolean =>
  watchpoints(debug).some(({ index, kind }) => kind === 'execute' && (dr6 & (1 << index)) !== 0);

/** Places that are switched on must make sense (arch_build_bp_info, hw_breakpoint_arch_parse): 0 or -errno. */
const check = (debug: DebugRegisters): number => {
  for (let index = 0; index < COUNT; index++) {
    if (!isEnabled(debug.control, index)) continue;
    const point = pointOf(debug, index);
    if (point === null || (point.kind === 'execute' && point.length !== 1)) return -ERRNO.EINVAL;
    if (point.address % point.length !== 0) return -ERRNO.EINVAL;
  }
  return 0;
};

/** DR0 to DR7 (ptrace_get_debugreg). */
export const getDebugRegister = (task: Task, n: number): bigint => {
  if (n === DR6) return BigInt((task.dr6 ^ DR6_RESERVED) >>> 0);
  if (n === DR7) return BigInt(task.debug?.control ?? 0);
  return BigInt(n < COUNT ? (task.debug?.addresses[n] ?? 0) : 0);
};

/** 0 or -errno; then nothing has changed (ptrace_set_debugreg). */
export const setDebugRegister = (task: Task, n: number, value: bigint): number => {
  if (n === DR6) {
    task.dr6 = Number(BigInt.asUintN(32, value)) ^ DR6_RESERVED;
    return 0;
  }
  const { addresses, control } = task.debug ?? { addresses: [0, 0, 0, 0], control: 0 };
  const changed: DebugRegisters = { addresses: addresses.slice(), control };
  if (n === DR7) changed.control = (Number(BigInt.asUintN(32, value)) & CONTROL_MASK) >>> 0;
  else if (n >= COUNT) return -ERRNO.EIO;
  else if (value >= BigInt(USER_END)) return -ERRNO.EINVAL;
  else changed.addresses[n] = Number(value);
  const error = check(changed);
  if (error === 0) task.debug = changed;
  return error;
};
