/** Pending signals as a file (fs/signalfd.c; signalfd(2)). Whose signals they are depends on who reads. */
import { ERRNO } from '../abi/errno.ts';
import { SIGNALFD_SIGINFO } from '../abi/events.ts';
import { O } from '../abi/fcntl.ts';
import { POLL } from '../abi/poll.ts';
import { interpreted } from '../abi/siginfo.ts';
import { hexSigset, intersects, KERNEL_ONLY, type SigSet, union, without } from '../abi/sigset.ts';
import type { Kernel } from '../kernel.ts';
import { dequeueSignal } from '../signal/pending.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { block } from '../task/wait.ts';
import { anonymousFile } from './anonymous.ts';
import { releaseFile } from './inode.ts';
import type { FileOperations, OpenFile, UserBuffer } from './types.ts';

interface SignalFile {
  mask: SigSet;
}

const maskOf = (file: OpenFile): SigSet => (file.state as SignalFile).mask;

type Siginfo = Partial<ReturnType<typeof SIGNALFD_SIGINFO.read>>;

/** The fields that this kind of siginfo fills (signalfd_copyinfo). */
const fieldsOf = (info: SigInfo): Siginfo => {
  const int = (value: bigint) => Number(BigInt.asIntN(32, value));
  switch (info.kind) {
    case 'kill':
      return { ssi_pid: info.pid, ssi_uid: info.uid };
    case 'queue':
      return { ssi_pid: info.pid, ssi_uid: info.uid, ssi_ptr: info.value, ssi_int: int(info.value) };
    case 'timer':
      return { ssi_tid: info.timer, ssi_overrun: info.overrun, ssi_ptr: info.value, ssi_int: int(info.value) };
    case 'child':
      return {
        ...{ ssi_pid: info.pid, ssi_uid: info.uid, ssi_status: info.status },
        ...{ ssi_utime: BigInt(info.utime), ssi_stime: BigInt(info.stime) },
      };
    case 'fault':
      return { ssi_addr: info.address, ssi_addr_lsb: info.addressLsb ?? 0 };
    case 'poll':
      return { ssi_band: Number(info.band), ssi_fd: info.fd };
    case 'sys':
      return { ssi_call_addr: info.address, ssi_syscall: info.syscall, ssi_arch: info.arch };
    // Interpreted before.
    case 'raw':
    case 'none':
      return {};
  }
};

const encode = (info: SigInfo): Uint8Array => {
  const bytes = new Uint8Array(SIGNALFD_SIGINFO.size);
  const head = { ssi_signo: info.signo, ssi_errno: info.errno, ssi_code: info.code };
  SIGNALFD_SIGINFO.write(new DataView(bytes.buffer), 0, { ...head, ...fieldsOf(interpreted(info)) });
  return bytes;
};

const read = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer): number => {
  const mask = maskOf(file);
  let room = Math.floor(sink.remaining / SIGNALFD_SIGINFO.size);
  if (room === 0) return -ERRNO.EINVAL;
  let done = 0;
  for (; room > 0; room--) {
    const info = dequeueSignal(kernel, task, mask);
    if (info === null) break;
    done += sink.put(encode(info));
  }
  if (done > 0) return done;
  if (file.flags & O.NONBLOCK) return -ERRNO.EAGAIN;
  return block(kernel, task, { what: 'signalfd_read', queues: [task.sighand.signalfd] });
};

const signalFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'signalfd',
  read,
  poll: ({ current }, file) =>
    intersects(union(current.pending.signal, current.group.sharedPending.signal), maskOf(file)) ? POLL.IN : 0,
  pollQueues: ({ current }) => [current.sighand.signalfd],
  seek: () => 0,
  describe: (_kernel, file) => `sigmask:\t${hexSigset(maskOf(file))}\n`,
  release: releaseFile,
});

export const isSignalFile = (file: OpenFile): boolean => file.ops === signalFile;

/** SIGKILL and SIGSTOP are left out silently. */
export const setSignalMask = (kernel: Kernel, task: Task, file: OpenFile, mask: SigSet): void => {
  (file.state as SignalFile).mask = without(mask, KERNEL_ONLY);
  // Sleepers look again.
  for (const sleeper of task.sighand.signalfd.waiters.slice()) kernel.wake(sleeper);
};

export const newSignalFile = (kernel: Kernel, mask: SigSet, flags: number): OpenFile => {
  const state: SignalFile = { mask: without(mask, KERNEL_ONLY) };
  return anonymousFile(kernel, signalFile, '[signalfd]', flags, state);
};
