/** The system: uname(2), sysinfo(2), getrandom(2). */

import { PAGE_SIZE } from '../../emulator/api.ts';
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { SYSINFO, UTSNAME } from '../abi/process.ts';
import { GRND, SYSTEM } from '../abi/system.ts';
import { NSEC_PER_SEC } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, writeStruct } from '../mm/user.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

const UTS_LENGTH = 65;
const fixedText = (text: string): number[] => {
  const bytes = new Array<number>(UTS_LENGTH).fill(0);
  for (let i = 0; i < Math.min(text.length, UTS_LENGTH - 1); i++) bytes[i] = text.charCodeAt(i);
  return bytes;
};

const uname = (kernel: Kernel, task: Task, address: number): number => {
  writeStruct(task.mm, UTSNAME, address, {
    sysname: fixedText(SYSTEM.sysname),
    nodename: fixedText(kernel.hostname),
    release: fixedText(SYSTEM.release),
    version: fixedText(SYSTEM.version),
    machine: fixedText(SYSTEM.machine),
    domainname: fixedText(SYSTEM.domainname),
  });
  return 0;
};

const sethostname = (kernel: Kernel, task: Task, address: number, length: number): number => {
  if (!capable(task.cred, CAP.SYS_ADMIN)) return -ERRNO.EPERM;
  if (length < 0 || length > UTS_LENGTH - 1) return -ERRNO.EINVAL;
  kernel.hostname = String.fromCharCode(...copyFromUser(task.mm, address, length));
  return 0;
};

const sysinfo = (kernel: Kernel, task: Task, address: number): number => {
  const { physical } = kernel;
  writeStruct(task.mm, SYSINFO, address, {
    uptime: Math.floor(kernel.now() / NSEC_PER_SEC),
    loads: [0n, 0n, 0n],
    totalram: physical.limit * PAGE_SIZE,
    freeram: (physical.limit - physical.allocated) * PAGE_SIZE,
    sharedram: 0,
    bufferram: 0,
    totalswap: 0,
    freeswap: 0,
    procs: kernel.tasks.size,
    pad: 0,
    totalhigh: 0,
    freehigh: 0,
    mem_unit: 1,
  });
  return 0;
};
/** Bytes filled at a time. */
const RANDOM_CHUNK = 65536;

const getrandom = (kernel: Kernel, task: Task, address: number, length: number, flags: number): number => {
  if (flags & ~(GRND.NONBLOCK | GRND.RANDOM | GRND.INSECURE)) return -ERRNO.EINVAL;
  if ((flags & (GRND.RANDOM | GRND.INSECURE)) === (GRND.RANDOM | GRND.INSECURE)) return -ERRNO.EINVAL;
  const wanted = Math.min(length, 0x7fffffff);
  for (let done = 0; done < wanted; ) {
    const bytes = new Uint8Array(Math.min(RANDOM_CHUNK, wanted - done));
    kernel.random(bytes);
    copyToUser(task.mm, address + done, bytes);
    done += bytes.length;
  }
  return wanted;
};

export const systemSyscalls: readonly SyscallRow[] = [
  syscall(63, 'uname', [['buf', arg.utsname]], uname),
  syscall(99, 'sysinfo', [['info', arg.sysinfo]], sysinfo),
  syscall(
    170,
    'sethostname',
    [
      ['name', arg.buffer],
      ['len', arg.int],
    ],
    sethostname,
  ),
  syscall(
    318,
    'getrandom',
    [
      ['buf', arg.outRandom],
      ['buflen', arg.size],
      ['flags', arg.getrandomFlags],
    ],
    getrandom,
  ),
];
