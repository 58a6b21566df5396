/** All syscalls, by number. */
import { aioSyscalls } from './aio.ts';
import { epollSyscalls } from './epoll.ts';
import { eventfdSyscalls } from './eventfd.ts';
import { execSyscalls } from './exec.ts';
import { fileAttrSyscalls } from './file-attr.ts';
import { fileCopySyscalls } from './file-copy.ts';
import { fileDescSyscalls } from './file-desc.ts';
import { fileDirSyscalls } from './file-dir.ts';
import { fileIoSyscalls } from './file-io.ts';
import { fileMountSyscalls } from './file-mount.ts';
import { fileOpenSyscalls } from './file-open.ts';
import { fileSizeSyscalls } from './file-size.ts';
import { fileSpliceSyscalls } from './file-splice.ts';
import { fileStatSyscalls } from './file-stat.ts';
import { futexSyscalls } from './futex.ts';
import { futex2Syscalls } from './futex2.ts';
import { identitySyscalls } from './identity.ts';
import { inotifySyscalls } from './inotify.ts';
import { msgSyscalls } from './ipc-msg.ts';
import { semSyscalls } from './ipc-sem.ts';
import { shmSyscalls } from './ipc-shm.ts';
import { limitsSyscalls } from './limits.ts';
import { memorySyscalls } from './memory.ts';
import { mqueueSyscalls } from './mqueue.ts';
import { namespaceSyscalls } from './namespace.ts';
import { pidfdSyscalls } from './pidfd.ts';
import { pollSyscalls } from './poll.ts';
import { prctlSyscalls } from './prctl.ts';
import { processSyscalls } from './process.ts';
import { ptraceSyscalls } from './ptrace.ts';
import { restartSyscalls } from './restart.ts';
import type { SyscallRow } from './row.ts';
import { rseqSyscalls } from './rseq.ts';
import { scheduleSyscalls } from './schedule.ts';
import { seccompSyscalls } from './seccomp.ts';
import { signalSyscalls } from './signal.ts';
import { signalfdSyscalls } from './signalfd.ts';
import { socketSyscalls } from './socket.ts';
import { socketMessageSyscalls } from './socket-message.ts';
import { socketOptionSyscalls } from './socket-option.ts';
import { systemSyscalls } from './system.ts';
import { timeSyscalls } from './time.ts';
import { timerSyscalls } from './timer.ts';
import { timerfdSyscalls } from './timerfd.ts';
import { ttySyscalls } from './tty.ts';

/** Ascending by number. */
export const syscallRows: readonly SyscallRow[] = [
  ...aioSyscalls,
  ...epollSyscalls,
  ...eventfdSyscalls,
  ...execSyscalls,
  ...fileCopySyscalls,
  ...fileIoSyscalls,
  ...fileOpenSyscalls,
  ...fileAttrSyscalls,
  ...fileDescSyscalls,
  ...fileDirSyscalls,
  ...fileMountSyscalls,
  ...fileSizeSyscalls,
  ...fileSpliceSyscalls,
  ...fileStatSyscalls,
  ...namespaceSyscalls,
  ...pidfdSyscalls,
  ...pollSyscalls,
  ...futexSyscalls,
  ...futex2Syscalls,
  ...identitySyscalls,
  ...msgSyscalls,
  ...inotifySyscalls,
  ...mqueueSyscalls,
  ...semSyscalls,
  ...shmSyscalls,
  ...memorySyscalls,
  ...processSyscalls,
  ...ptraceSyscalls,
  ...restartSyscalls,
  ...rseqSyscalls,
  ...signalSyscalls,
  ...signalfdSyscalls,
  ...limitsSyscalls,
  ...prctlSyscalls,
  ...scheduleSyscalls,
  ...seccompSyscalls,
  ...socketSyscalls,
  ...socketMessageSyscalls,
  ...socketOptionSyscalls,
  ...systemSyscalls,
  ...timeSyscalls,
  ...timerSyscalls,
  ...timerfdSyscalls,
  ...ttySyscalls,
].sort((a, b) => a.number - b.number);

const byNumber: (SyscallRow | undefined)[] = [];
for (const row of syscallRows) {
  if (byNumber[row.number] !== undefined) throw new Error(`two rows for syscall ${row.number}`);
  byNumber[row.number] = row;
}

/** The row of a syscall, undefined for one that is not supported. */
export const syscallRow = (number: number): SyscallRow | undefined => byNumber[number];
