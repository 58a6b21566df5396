/** Descriptors: dup(2), fcntl(2), ioctl(2), pipe(2), flock(2), memfd_create(2). */
import { ERRNO } from '../abi/errno.ts';
import { F, FD_CLOEXEC, MFD, O, SEAL } from '../abi/fcntl.ts';
import { IOCTL } from '../abi/ioctl.ts';
import { SIOC } from '../abi/socket.ts';
import { isReg, S } from '../abi/stat.ts';
import { closeFile, descriptorLimit, getFile, installFile, replaceFile } from '../fs/descriptors.ts';
import { isWritable, newOpenFile, ownerOrCapable } from '../fs/inode.ts';
import { getLease, setLease } from '../fs/leases.ts';
import { memFile } from '../fs/memfile.ts';
import { newMemInode } from '../fs/memfs.ts';
import type { MemInode } from '../fs/memnode.ts';
import { isPathFile } from '../fs/open.ts';
import { createPipe, pipeOf } from '../fs/pipe.ts';
import { pipeSize, setPipeSize } from '../fs/pipe-ring.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { copyToUser, getUser32, putUser32, readCString, UserFault } from '../mm/user.ts';
import { VM } from '../mm/vma.ts';
import { isSocket } from '../net/file.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { flock, recordLock } from './file-lock.ts';
import { fileOwner, notifyDirectory } from './file-owner.ts';
import { type SyscallRow, syscall } from './row.ts';

const dupFrom = (kernel: Kernel, task: Task, fd: number, from: number, closeOnExec: boolean): number => {
  const file = getFile(task, fd, true);
  if (file === undefined) return -ERRNO.EBADF;
  file.refs++;
  return installFile(kernel, task, file, closeOnExec, from);
};

const dup3 = (kernel: Kernel, task: Task, oldFd: number, newFd: number, flags: number): number => {
  if (flags & ~O.CLOEXEC || oldFd === newFd) return -ERRNO.EINVAL;
  if (newFd < 0 || newFd >= descriptorLimit(task)) return -ERRNO.EBADF;
  const file = getFile(task, oldFd, true);
  if (file === undefined) return -ERRNO.EBADF;
  file.refs++;
  replaceFile(kernel, task, newFd, file, (flags & O.CLOEXEC) !== 0);
  return newFd;
};

const dup2 = (kernel: Kernel, task: Task, oldFd: number, newFd: number): number => {
  if (oldFd === newFd) return getFile(task, oldFd, true) === undefined ? -ERRNO.EBADF : newFd;
  return dup3(kernel, task, oldFd, newFd, 0);
};

/** What F_SETFL may change; the rest stays (setfl). */
const SETTABLE = O.APPEND | O.NONBLOCK | O.DIRECT | O.NOATIME | O.ASYNC;

/** Seals belong to files of memfd_create(2). */
const sealed = (file: OpenFile): MemInode | null =>
  isReg(file.inode.mode) && file.inode.sb.type === 'tmpfs' && 'seals' in file.inode ? (file.inode as MemInode) : null;

const ALL_SEALS = SEAL.SEAL | SEAL.SHRINK | SEAL.GROW | SEAL.WRITE | SEAL.FUTURE_WRITE | SEAL.EXEC;

const isMappedForWriting = (kernel: Kernel, inode: MemInode): boolean =>
  [...kernel.tasks.values()].some(({ mm }) =>
    mm.vmas.some(
      (vma) => vma.file?.inode === inode && (vma.flags & (VM.SHARED | VM.MAYWRITE)) === (VM.SHARED | VM.MAYWRITE),
    ),
  );

const addSeals = (kernel: Kernel, file: OpenFile, seals: number): number => {
  const inode = sealed(file);
  if (inode === null) return -ERRNO.EINVAL;
  if (!isWritable(file)) return -ERRNO.EPERM;
  if (seals & ~ALL_SEALS) return -ERRNO.EINVAL;
  if (inode.seals & SEAL.SEAL) return -ERRNO.EPERM;
  if (seals & SEAL.WRITE && !(inode.seals & SEAL.WRITE) && isMappedForWriting(kernel, inode)) return -ERRNO.EBUSY;
  inode.seals |= seals;
  if (seals & (SEAL.WRITE | SEAL.FUTURE_WRITE)) inode.writeSealed = true;
  return 0;
};

/** O_ASYNC goes on or off, where the kind of file knows it. */
const setAsyncFlag = (file: OpenFile, fd: number, on: boolean): void => {
  if (on !== ((file.flags & O.ASYNC) !== 0)) file.ops.fasync?.(file, fd, on);
};

const fcntl = (kernel: Kernel, task: Task, fd: number, command: number, argument: number): number => {
  const entry = task.files.entries[fd];
  if (entry === undefined) return -ERRNO.EBADF;
  const { file } = entry;
  const known: readonly number[] = [F.DUPFD, F.DUPFD_CLOEXEC, F.GETFD, F.SETFD, F.GETFL];
  if (isPathFile(file) && !known.includes(command)) return -ERRNO.EBADF;
  switch (command) {
    case F.DUPFD:
    case F.DUPFD_CLOEXEC:
      if (argument < 0 || argument >= descriptorLimit(task)) return -ERRNO.EINVAL;
      return dupFrom(kernel, task, fd, argument, command === F.DUPFD_CLOEXEC);
    case F.GETFD:
      return entry.closeOnExec ? FD_CLOEXEC : 0;
    case F.SETFD:
      entry.closeOnExec = argument % 2 === FD_CLOEXEC;
      return 0;
    case F.GETFL:
      return file.flags;
    case F.SETFL: {
      const flags = Number(BigInt.asIntN(32, BigInt(argument)));
      if (flags & O.NOATIME && !(file.flags & O.NOATIME) && !ownerOrCapable(task.cred, file.inode)) {
        return -ERRNO.EPERM;
      }
      setAsyncFlag(file, fd, (flags & O.ASYNC) !== 0);
      file.flags =
        (file.flags & ~SETTABLE) | (flags & (file.ops.fasync === undefined ? SETTABLE & ~O.ASYNC : SETTABLE));
      return 0;
    }
    case F.GETLK:
    case F.SETLK:
    case F.SETLKW:
    case F.OFD_GETLK:
    case F.OFD_SETLK:
    case F.OFD_SETLKW:
      return recordLock(kernel, task, file, command, argument);
    case F.GETPIPE_SZ: {
      const pipe = pipeOf(file);
      return pipe === null ? -ERRNO.EBADF : pipeSize(pipe);
    }
    case F.SETPIPE_SZ: {
      const pipe = pipeOf(file);
      return pipe === null ? -ERRNO.EBADF : setPipeSize(kernel, task.cred, pipe, argument);
    }
    case F.GET_SEALS:
      return sealed(file)?.seals ?? -ERRNO.EINVAL;
    case F.ADD_SEALS:
      return addSeals(kernel, file, argument);
    case F.GETOWN:
    case F.SETOWN:
    case F.GETOWN_EX:
    case F.GETOWNER_UIDS:
    case F.SETOWN_EX:
    case F.GETSIG:
    case F.SETSIG:
      return fileOwner(kernel, task, file, command, argument);
    case F.NOTIFY:
      return notifyDirectory(kernel, task, file, fd, argument);
    case F.GETLEASE:
      return getLease(kernel, file);
    case F.SETLEASE:
      return setLease(kernel, task, file, fd, argument);
    default:
      return -ERRNO.EINVAL;
  }
};

const ioctl = (kernel: Kernel, task: Task, fd: number, wide: number, argument: number): number => {
  const entry = task.files.entries[fd];
  if (entry === undefined || isPathFile(entry.file)) return -ERRNO.EBADF;
  const { file } = entry;
  // The request is an unsigned int, though callers may have sign-extended it.
  const request = Number(BigInt.asUintN(32, BigInt(wide)));
  switch (request) {
    case IOCTL.FIOCLEX:
      entry.closeOnExec = true;
      return 0;
    case IOCTL.FIONCLEX:
      entry.closeOnExec = false;
      return 0;
    case IOCTL.FIONBIO:
      file.flags = getUser32(task.mm, argument) !== 0 ? file.flags | O.NONBLOCK : file.flags & ~O.NONBLOCK;
      return 0;
    case IOCTL.FIOASYNC: {
      const on = getUser32(task.mm, argument) !== 0;
      if (file.ops.fasync === undefined) return on === ((file.flags & O.ASYNC) !== 0) ? 0 : -ERRNO.ENOTTY;
      setAsyncFlag(file, fd, on);
      file.flags = on ? file.flags | O.ASYNC : file.flags & ~O.ASYNC;
      return 0;
    }
    case IOCTL.FIONREAD:
      if (!isReg(file.inode.mode)) break;
      putUser32(task.mm, argument, Math.max(0, file.inode.size - file.position));
      return 0;
    case IOCTL.FIGETBSZ:
      if (!isReg(file.inode.mode)) break;
      putUser32(task.mm, argument, 4096);
      return 0;
  }
  if (isSocket(file)) {
    const owned = socketOwner(kernel, task, file, request, argument);
    if (owned !== null) return owned;
  }
  return file.ops.ioctl?.(kernel, task, file, request, argument) ?? -ERRNO.ENOTTY;
};

/** F_SETOWN and F_GETOWN as requests of sockets (sock_ioctl); null for others. */
const socketOwner = (kernel: Kernel, task: Task, file: OpenFile, request: number, argument: number): number | null => {
  switch (request) {
    case SIOC.FIOSETOWN:
    case SIOC.SPGRP:
      return fileOwner(kernel, task, file, F.SETOWN, getUser32(task.mm, argument));
    case SIOC.FIOGETOWN:
    case SIOC.GPGRP:
      putUser32(task.mm, argument, fileOwner(kernel, task, file, F.GETOWN, 0));
      return 0;
    default:
      return null;
  }
};

const pipe2 = (kernel: Kernel, task: Task, address: number, flags: number): number => {
  if (flags & ~(O.CLOEXEC | O.NONBLOCK | O.DIRECT)) return -ERRNO.EINVAL;
  const closeOnExec = (flags & O.CLOEXEC) !== 0;
  const [reader, writer] = createPipe(kernel, task, kernel.vfs.pipefs, flags & (O.NONBLOCK | O.DIRECT));
  const read = installFile(kernel, task, reader, closeOnExec);
  const write = installFile(kernel, task, writer, closeOnExec);
  const undo = (): void => {
    if (read >= 0) closeFile(kernel, task, read);
    if (write >= 0) closeFile(kernel, task, write);
  };
  if (read < 0 || write < 0) {
    undo();
    return -ERRNO.EMFILE;
  }
  try {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setInt32(0, read, true);
    new DataView(bytes.buffer).setInt32(4, write, true);
    copyToUser(task.mm, address, bytes);
    return 0;
  } catch (error) {
    if (error instanceof UserFault) undo();
    throw error;
  }
};

const MEMFD_NAME_MAX = 249;

const memfdCreate = (kernel: Kernel, task: Task, address: number, flags: number): number => {
  if (flags & ~(MFD.CLOEXEC | MFD.ALLOW_SEALING | MFD.NOEXEC_SEAL | MFD.EXEC)) return -ERRNO.EINVAL;
  if (flags & MFD.EXEC && flags & MFD.NOEXEC_SEAL) return -ERRNO.EINVAL;
  const name = readCString(task.mm, address, MEMFD_NAME_MAX + 1);
  if (name === null) return -ERRNO.EINVAL;
  const mode = S.IFREG | (flags & MFD.NOEXEC_SEAL ? 0o666 : 0o777);
  const owner = { uid: task.cred.fsuid, gid: task.cred.fsgid };
  const inode = newMemInode(kernel, kernel.vfs.shmfs, mode, owner);
  if (typeof inode === 'number') return inode;
  inode.nlink = 0;
  const maySeal = (flags & (MFD.ALLOW_SEALING | MFD.NOEXEC_SEAL)) !== 0;
  inode.seals = (maySeal ? 0 : SEAL.SEAL) | (flags & MFD.NOEXEC_SEAL ? SEAL.EXEC : 0);
  const file = newOpenFile(memFile, inode, `/memfd:${name} (deleted)`, O.RDWR | O.LARGEFILE);
  return installFile(kernel, task, file, (flags & MFD.CLOEXEC) !== 0);
};

export const fileDescSyscalls: readonly SyscallRow[] = [
  syscall(
    16,
    'ioctl',
    [
      ['fd', arg.fd],
      ['request', arg.ioctlRequest],
      ['argp', arg.ioctlArg],
    ],
    ioctl,
    'of terminals: no line discipline but N_TTY',
  ),
  syscall(22, 'pipe', [['pipefd', arg.pipefds]], (kernel, task, address) => pipe2(kernel, task, address!, 0)),
  syscall(32, 'dup', [['oldfd', arg.fd]], (kernel, task, fd) => dupFrom(kernel, task, fd!, 0, false)),
  syscall(
    33,
    'dup2',
    [
      ['oldfd', arg.fd],
      ['newfd', arg.fd],
    ],
    dup2,
  ),
  syscall(
    72,
    'fcntl',
    [
      ['fd', arg.fd],
      ['cmd', arg.fcntlCmd],
      ['arg', arg.fcntlArg],
    ],
    fcntl,
  ),
  syscall(
    73,
    'flock',
    [
      ['fd', arg.fd],
      ['operation', arg.flockOperation],
    ],
    flock,
  ),
  syscall(
    292,
    'dup3',
    [
      ['oldfd', arg.fd],
      ['newfd', arg.fd],
      ['flags', arg.descriptorFlags],
    ],
    dup3,
  ),
  syscall(
    293,
    'pipe2',
    [
      ['pipefd', arg.pipefds],
      ['flags', arg.descriptorFlags],
    ],
    pipe2,
  ),
  syscall(
    319,
    'memfd_create',
    [
      ['name', arg.string],
      ['flags', arg.memfdFlags],
    ],
    memfdCreate,
    'no huge pages',
  ),
];
