/** Open files of the machine's terminal: /dev/tty, /dev/console, /dev/pts/0 and standard streams on a terminal. */
import { ERRNO, RESTART } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { CC, IOCTL, LFLAG, termios, winsize } from '../abi/ioctl.ts';
import { POLL } from '../abi/poll.ts';
import { inSet, SIG, SIG_IGN } from '../abi/signal.ts';
import type { HostStream } from '../host.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, putUser32, readStruct, writeStruct } from '../mm/user.ts';
import { killPgrpInfo } from '../signal/kill.ts';
import { kernelInfo } from '../signal/send.ts';
import { isOrphaned, processGroup } from '../task/pids.ts';
import type { Task } from '../task/task.ts';
import { block } from '../task/wait.ts';
import { flushInput, pullInput, setTermios, terminalInput } from './console.ts';
import { releaseFile } from './inode.ts';
import { writeStream } from './stream.ts';
import type { FileOperations, OpenFile, UserBuffer } from './types.ts';

/** Whether the machine has a terminal at all. */
export const hasTerminal = (kernel: Kernel): boolean =>
  kernel.host.stdin.terminal || kernel.host.stdout.terminal || kernel.host.stderr.terminal;

/** The host's stream that shows what is written: that of the descriptor, or the first that is a terminal. */
const outputOf = (kernel: Kernel, file: OpenFile): HostStream => {
  const { stdout, stderr } = kernel.host;
  return file.state?.stderr || !stdout.terminal ? stderr : stdout;
};

/**
 * A background process may not read, change or (with TOSTOP) write the terminal: SIGTTIN or SIGTTOU to its group
 * (__tty_check_change). 0 to go on.
 */
const checkForeground = (kernel: Kernel, task: Task, signo: number): number => {
  const { pgid, sid } = task.group;
  const { session } = kernel.vfs.console;
  if (session !== sid || pgid === kernel.foreground) return 0;
  if (inSet(task.blocked, signo) || task.sighand.action[signo]!.handler === SIG_IGN) {
    return signo === SIG.SIGTTIN ? -ERRNO.EIO : 0;
  }
  if (isOrphaned(kernel, pgid)) return -ERRNO.EIO;
  killPgrpInfo(kernel, signo, kernelInfo(signo), pgid);
  task.sigpending = true;
  return -RESTART.ERESTARTSYS;
};

const readyBytes = (kernel: Kernel): number => kernel.vfs.console.ready.reduce((sum, piece) => sum + piece.length, 0);

const readTerminal = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer): number => {
  const background = checkForeground(kernel, task, SIG.SIGTTIN);
  if (background !== 0) return background;
  if (sink.remaining === 0) return 0;
  const { console } = kernel.vfs;
  const open = pullInput(kernel);
  const canonical = (console.termios.c_lflag & LFLAG.ICANON) !== 0;
  if (canonical) {
    const line = console.ready[0];
    if (line !== undefined) {
      const moved = sink.put(line.subarray(0, sink.remaining));
      if (moved < line.length) console.ready[0] = line.subarray(moved);
      else console.ready.shift();
      return moved;
    }
    return open ? waitForInput(kernel, task, file, Number.POSITIVE_INFINITY) : 0;
  }
  const least = Math.min(console.termios.c_cc[CC.VMIN]!, sink.remaining);
  const tenths = console.termios.c_cc[CC.VTIME]!;
  const available = readyBytes(kernel);
  if (available === 0 || available < least) {
    if (!open) return 0;
    const waitsForever = least > 0;
    const expired = task.wait?.timedOut === true;
    if (!expired && (waitsForever || tenths > 0)) {
      const deadline = waitsForever
        ? Number.POSITIVE_INFINITY
        : (task.wait?.data?.deadline ?? kernel.now() + tenths * 1e8);
      return waitForInput(kernel, task, file, deadline);
    }
  }
  let done = 0;
  while (sink.remaining > 0 && console.ready.length > 0) {
    const piece = console.ready[0]!;
    const moved = sink.put(piece.subarray(0, sink.remaining));
    done += moved;
    if (moved < piece.length) {
      console.ready[0] = piece.subarray(moved);
      break;
    }
    console.ready.shift();
  }
  return done;
};

const waitForInput = (kernel: Kernel, task: Task, file: OpenFile, deadline: number): number => {
  if (file.flags & O.NONBLOCK) return -ERRNO.EAGAIN;
  return block(kernel, task, { what: 'n_tty_read', queues: [kernel.hostWait], deadline, data: { deadline } });
};

const windowSize = (kernel: Kernel, file: OpenFile) => {
  const { console } = kernel.vfs;
  if (console.winsize !== null) return console.winsize;
  const size = outputOf(kernel, file).size?.() ?? terminalInput(kernel)?.size?.() ?? { rows: 0, columns: 0 };
  return { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
};

const setForeground = (kernel: Kernel, task: Task, pgid: number): number => {
  const background = checkForeground(kernel, task, SIG.SIGTTOU);
  if (background !== 0) return background;
  if (kernel.vfs.console.session !== task.group.sid) return -ERRNO.ENOTTY;
  if (pgid < 0) return -ERRNO.EINVAL;
  const members = processGroup(kernel, pgid);
  if (members.length === 0) return -ERRNO.ESRCH;
  if (members[0]!.group.sid !== task.group.sid) return -ERRNO.EPERM;
  kernel.foreground = pgid;
  return 0;
};

const terminalIoctl: NonNullable<FileOperations['ioctl']> = (kernel, task, file, request, argument) => {
  const { console } = kernel.vfs;
  switch (request) {
    case IOCTL.TCGETS:
      writeStruct(task.mm, termios, argument, console.termios);
      return 0;
    case IOCTL.TCSETSF:
    case IOCTL.TCSETSW:
    case IOCTL.TCSETS: {
      const background = checkForeground(kernel, task, SIG.SIGTTOU);
      if (background !== 0) return background;
      const settings = readStruct(task.mm, termios, argument);
      if (request === IOCTL.TCSETSF) {
        pullInput(kernel);
        flushInput(kernel);
      }
      setTermios(kernel, settings);
      return 0;
    }
    case IOCTL.TIOCGWINSZ:
      writeStruct(task.mm, winsize, argument, windowSize(kernel, file));
      return 0;
    case IOCTL.TIOCSWINSZ: {
      const size = readStruct(task.mm, winsize, argument);
      const before = windowSize(kernel, file);
      console.winsize = size;
      if (before.ws_row !== size.ws_row || before.ws_col !== size.ws_col) {
        killPgrpInfo(kernel, SIG.SIGWINCH, kernelInfo(SIG.SIGWINCH), kernel.foreground);
      }
      return 0;
    }
    case IOCTL.TIOCGPGRP:
      if (console.session !== task.group.sid) return -ERRNO.ENOTTY;
      putUser32(task.mm, argument, kernel.foreground);
      return 0;
    case IOCTL.TIOCSPGRP:
      return setForeground(kernel, task, getUser32(task.mm, argument) | 0);
    case IOCTL.TIOCGSID:
      if (console.session !== task.group.sid) return -ERRNO.ENOTTY;
      putUser32(task.mm, argument, console.session);
      return 0;
    case IOCTL.TIOCSCTTY:
      if (console.session === task.group.sid) return 0;
      if (!task.group.sessionLeader || console.session !== 0) return -ERRNO.EPERM;
      console.session = task.group.sid;
      kernel.foreground = task.group.pgid;
      return 0;
    case IOCTL.TIOCNOTTY:
      if (console.session !== task.group.sid) return -ERRNO.ENOTTY;
      if (task.group.sessionLeader) console.session = 0;
      return 0;
    case IOCTL.TCFLSH:
      if (argument > 2) return -ERRNO.EINVAL;
      if (argument !== 1) {
        pullInput(kernel);
        flushInput(kernel);
      }
      return 0;
    case IOCTL.TCSBRK:
    case IOCTL.TCXONC:
      return 0;
    case IOCTL.TIOCGETD:
    case IOCTL.TIOCOUTQ:
      putUser32(task.mm, argument, 0);
      return 0;
    case IOCTL.FIONREAD:
      pullInput(kernel);
      putUser32(task.mm, argument, readyBytes(kernel));
      return 0;
    default:
      return -ERRNO.ENOTTY;
  }
};

/** `state.stderr` is set on the descriptor that belongs to the host's standard error. */
export const terminalFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'terminal',
  read: readTerminal,
  write: (kernel, task, file, source) => {
    if (kernel.vfs.console.termios.c_lflag & LFLAG.TOSTOP) {
      const background = checkForeground(kernel, task, SIG.SIGTTOU);
      if (background !== 0) return background;
    }
    return writeStream(kernel, task, file, source, outputOf(kernel, file));
  },
  poll: (kernel, file) => {
    const open = pullInput(kernel);
    const output = outputOf(kernel, file).writable() ? POLL.OUT | POLL.WRNORM : 0;
    return output | (kernel.vfs.console.ready.length > 0 || !open ? POLL.IN | POLL.RDNORM : 0);
  },
  pollQueues: (kernel) => [kernel.hostWait],
  ioctl: terminalIoctl,
  release: releaseFile,
});
