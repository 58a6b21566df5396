/** /proc/PID/mem: the memory of a process as a file, at its own addresses (proc_pid_mem(5); fs/proc/base.c). */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { SEEK } from '../abi/fcntl.ts';
import type { Mm } from '../mm/mm.ts';
import { readRemote, writeRemote } from '../mm/remote.ts';
import { accessOk } from '../mm/user.ts';
import { ptraceMayAccess } from '../task/access.ts';
import { openState, type ProcContext } from './procfs.ts';
import type { FileOperations } from './types.ts';

/** What the file's `state` is: the address space, or -errno. It stays that when the process executes another program. */
export const memoryOf = ({ reader, task }: ProcContext): Mm | number => {
  if (task.exiting) return -ERRNO.ESRCH;
  return ptraceMayAccess(reader, task) ? task.mm : -ERRNO.EACCES;
};

const pieceLength = (address: number, left: number): number => Math.min(left, PAGE_SIZE - (address % PAGE_SIZE));

/** `state` is an `Mm`; one that is gone has no bytes. Where nothing is mapped it is EIO (mem_rw). */
export const memoryFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'proc-mem',
  seekable: true,
  opened: openState,
  seek: (_kernel, file, offset, whence) => {
    if (whence !== SEEK.SET && whence !== SEEK.CUR) return -ERRNO.EINVAL;
    file.position = whence === SEEK.SET ? offset : file.position + offset;
    return file.position;
  },
  read: (_kernel, _task, file, sink, position) => {
    const mm: Mm = file.state;
    if (mm.users === 0) return 0;
    for (let done = 0; ; ) {
      const length = pieceLength(position + done, sink.remaining);
      if (length === 0) return done;
      const bytes = accessOk(position + done, length) ? readRemote(mm, position + done, length) : new Uint8Array(0);
      if (bytes.length === 0) return done > 0 ? done : -ERRNO.EIO;
      const put = sink.put(bytes);
      done += put;
      if (put < length) return done;
    }
  },
  write: (_kernel, _task, file, source, position) => {
    const mm: Mm = file.state;
    if (mm.users === 0) return 0;
    for (let done = 0; ; ) {
      const length = pieceLength(position + done, source.remaining);
      if (length === 0) return done;
      const bytes = source.take(length);
      const stored = accessOk(position + done, length) ? writeRemote(mm, position + done, bytes) : 0;
      if (stored === 0) return done > 0 ? done : -ERRNO.EIO;
      done += stored;
      if (stored < length) return done;
    }
  },
});
