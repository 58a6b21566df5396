/** Settings and control of terminals (ioctl_tty(2); drivers/tty/tty_io.c, tty_ioctl.c, pty.c). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { CC, CFLAG, IOCTL, TCFLOW, TCFLUSH, termios, winsize } from '../abi/ioctl.ts';
import { SIG } from '../abi/signal.ts';
import { isReadable } from '../fs/inode.ts';
import type { FileOperations, OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, getUser8, getUser32, putUser32, readStruct, writeStruct } from '../mm/user.ts';
import { killPgrpInfo } from '../signal/kill.ts';
import { kernelInfo } from '../signal/send.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { pullInput, windowSize } from './console.ts';
import { checkForeground, disassociateTty, hangUp, setForeground, takeControllingTty } from './control.ts';
import { flushInput, flushOutput, receive, setStopped } from './discipline.ts';
import { isDead, type TtyState } from './file.ts';
import { drive } from './output.ts';
import { openPeer } from './pty.ts';
import { redirectConsole } from './redirect.ts';
import { readTermios, setTermios, TERMIOS_FORMS, writeTermios } from './termios.ts';
import { END_OF_FILE, isCanonical, type Tty, ttyDevice } from './tty.ts';

/** The end that programs use: settings asked of a master are those of its slave. */
const realTty = (tty: Tty): Tty => (tty.kind === 'master' ? tty.link! : tty);

/** Requests that change something, for which a background process is stopped (tty_ioctl's first switch). */
const { TIOCSETD, TIOCSBRK, TIOCCBRK, TCSBRK, TCSBRKP, TCXONC } = IOCTL;
const CHANGES: readonly number[] = [TIOCSETD, TIOCSBRK, TIOCCBRK, TCSBRK, TCSBRKP, TCXONC];

const flush = (kernel: Kernel, tty: Tty, which: number): number => {
  if (which > TCFLUSH.BOTH) return -ERRNO.EINVAL;
  if (which !== TCFLUSH.OUT) {
    if (tty.kind === 'console') pullInput(kernel, tty);
    flushInput(kernel, tty);
  }
  if (which !== TCFLUSH.IN) flushOutput(kernel, tty);
  return 0;
};

const flow = (kernel: Kernel, tty: Tty, action: number): number => {
  switch (action) {
    case TCFLOW.OOFF:
    case TCFLOW.OON:
      setStopped(kernel, tty, action === TCFLOW.OOFF);
      return 0;
    case TCFLOW.IOFF:
    case TCFLOW.ION: {
      const key = tty.termios.c_cc[action === TCFLOW.IOFF ? CC.VSTOP : CC.VSTART]!;
      if (key !== 0) drive(kernel, tty, Uint8Array.of(key));
      return 0;
    }
    default:
      return -ERRNO.EINVAL;
  }
};

const setWindowSize = (kernel: Kernel, task: Task, tty: Tty, address: number, stderr: boolean): number => {
  const size = readStruct(task.mm, winsize, address);
  const before = windowSize(kernel, tty, stderr);
  if (Object.entries(size).every(([name, value]) => before[name as keyof typeof before] === value)) return 0;
  for (const end of [tty, tty.link]) {
    if (end === null) continue;
    end.winsize = size;
    if (end.foreground !== 0) killPgrpInfo(kernel, SIG.SIGWINCH, kernelInfo(SIG.SIGWINCH), end.foreground);
  }
  return 0;
};

/** Bytes that a read would give (FIONREAD). */
const readableBytes = (tty: Tty): number => {
  if (!isCanonical(tty)) return tty.input.bytes.length;
  const line = tty.input.bytes.slice(0, tty.input.editable);
  return line.filter((entry) => !(entry & END_OF_FILE)).length;
};

/** Simulates a key, on one's own terminal or by root (tiocsti). */
const insert = (kernel: Kernel, task: Task, tty: Tty, address: number): number => {
  if (task.group.tty !== tty && !capable(task.cred, CAP.SYS_ADMIN)) return -ERRNO.EPERM;
  receive(kernel, tty, Uint8Array.of(getUser8(task.mm, address)));
  return 0;
};

/** sizeof(struct serial_struct). */
const SERIAL_STRUCT_SIZE = 72;

/** Signals of keys, which TIOCSIG sends as the keys would (pty_signal). */
const KEY_SIGNALS: readonly number[] = [SIG.SIGINT, SIG.SIGQUIT, SIG.SIGTSTP];

/** Those of masters alone (pty_unix98_ioctl); -ENOTTY for others. */
const masterIoctl = (kernel: Kernel, task: Task, file: OpenFile, request: number, argument: number): number => {
  const { tty } = file.state as TtyState;
  const slave = tty.link!;
  switch (request) {
    case IOCTL.TIOCGPTN:
      putUser32(task.mm, argument, tty.index);
      return 0;
    case IOCTL.TIOCSPTLCK:
      slave.locked = getUser32(task.mm, argument) !== 0;
      return 0;
    case IOCTL.TIOCGPTLCK:
      putUser32(task.mm, argument, slave.locked ? 1 : 0);
      return 0;
    case IOCTL.TIOCPKT:
      tty.packet = getUser32(task.mm, argument) !== 0;
      if (!tty.packet) tty.packetStatus = 0;
      return 0;
    case IOCTL.TIOCGPKT:
      putUser32(task.mm, argument, tty.packet ? 1 : 0);
      return 0;
    case IOCTL.TIOCGPTPEER:
      return openPeer(kernel, task, file.ops, slave, argument);
    case IOCTL.TIOCSIG:
      if (!KEY_SIGNALS.includes(argument)) return -ERRNO.EINVAL;
      if (slave.foreground !== 0) {
        const info = kernelInfo(argument);
        killPgrpInfo(kernel, argument, info, slave.foreground);
      }
      return 0;
    default:
      return -ERRNO.ENOTTY;
  }
};

const jobIoctl = (kernel: Kernel, task: Task, file: OpenFile, request: number, argument: number): number | null => {
  const { tty } = file.state as TtyState;
  const real = realTty(tty);
  const foreign = tty === real && task.group.tty !== real;
  switch (request) {
    case IOCTL.TIOCGPGRP:
      if (foreign) return -ERRNO.ENOTTY;
      putUser32(task.mm, argument, real.foreground);
      return 0;
    case IOCTL.TIOCSPGRP:
      return setForeground(kernel, task, real, getUser32(task.mm, argument) | 0);
    case IOCTL.TIOCGSID:
      if (foreign || real.session === 0) return -ERRNO.ENOTTY;
      putUser32(task.mm, argument, real.session);
      return 0;
    case IOCTL.TIOCSCTTY:
      return takeControllingTty(kernel, task, real, argument, isReadable(file));
    case IOCTL.TIOCNOTTY:
      if (task.group.tty !== tty) return -ERRNO.ENOTTY;
      disassociateTty(kernel, task, false);
      return 0;
    default:
      return null;
  }
};

/** What TCSETS and its like have in common besides the struct: to wait for output, to drop input. */
const FLUSHING: readonly number[] = [IOCTL.TCSETSF, IOCTL.TCSETSF2, IOCTL.TCSETAF];

const termiosIoctl = (kernel: Kernel, task: Task, file: OpenFile, request: number, argument: number): number | null => {
  const real = realTty((file.state as TtyState).tty);
  const { mm } = task;
  const form = TERMIOS_FORMS.get(request);
  if (form !== undefined) {
    if (form.get) {
      writeTermios(mm, form.kind, argument, real.termios);
      return 0;
    }
    const background = checkForeground(kernel, task, real, SIG.SIGTTOU);
    if (background !== 0) return background;
    const settings = readTermios(mm, form.kind, argument, real.termios);
    if (FLUSHING.includes(request)) flush(kernel, real, TCFLUSH.IN);
    setTermios(kernel, real, settings);
    return 0;
  }
  switch (request) {
    case IOCTL.TIOCGLCKTRMIOS:
      writeTermios(mm, 'termios', argument, real.lockedTermios);
      return 0;
    case IOCTL.TIOCSLCKTRMIOS:
      if (![CAP.CHECKPOINT_RESTORE, CAP.SYS_ADMIN].some((each) => capable(task.cred, each))) return -ERRNO.EPERM;
      real.lockedTermios = { ...real.lockedTermios, ...readStruct(mm, termios, argument) };
      return 0;
    case IOCTL.TIOCGSOFTCAR:
      putUser32(mm, argument, real.termios.c_cflag & CFLAG.CLOCAL ? 1 : 0);
      return 0;
    case IOCTL.TIOCSSOFTCAR: {
      const local = getUser32(mm, argument) === 0 ? 0 : CFLAG.CLOCAL;
      real.termios = { ...real.termios, c_cflag: (real.termios.c_cflag & ~CFLAG.CLOCAL) | local };
      return 0;
    }
    default:
      return null;
  }
};

const settingsIoctl = (
  kernel: Kernel,
  task: Task,
  file: OpenFile,
  request: number,
  argument: number,
): number | null => {
  const { tty, stderr } = file.state as TtyState;
  const real = realTty(tty);
  switch (request) {
    case IOCTL.TIOCGWINSZ:
      writeStruct(task.mm, winsize, argument, windowSize(kernel, tty, stderr));
      return 0;
    case IOCTL.TIOCSWINSZ:
      return setWindowSize(kernel, task, tty, argument, stderr);
    case IOCTL.TIOCGETD:
      putUser32(task.mm, argument, 0);
      return 0;
    // N_TTY is the only line discipline.
    case IOCTL.TIOCSETD:
      return getUser32(task.mm, argument) === 0 ? 0 : -ERRNO.EINVAL;
    case IOCTL.TIOCEXCL:
    case IOCTL.TIOCNXCL:
      tty.exclusive = request === IOCTL.TIOCEXCL;
      return 0;
    case IOCTL.TIOCGEXCL:
      putUser32(task.mm, argument, tty.exclusive ? 1 : 0);
      return 0;
    case IOCTL.TIOCGDEV:
      putUser32(task.mm, argument, ttyDevice(real));
      return 0;
    default:
      return null;
  }
};

const queueIoctl = (kernel: Kernel, task: Task, file: OpenFile, request: number, argument: number): number | null => {
  const { tty } = file.state as TtyState;
  switch (request) {
    case IOCTL.TCFLSH: {
      const background = checkForeground(kernel, task, tty, SIG.SIGTTOU);
      return background !== 0 ? background : flush(kernel, tty, argument);
    }
    case IOCTL.TCXONC:
      return flow(kernel, tty, argument);
    case IOCTL.TCSBRK:
    case IOCTL.TCSBRKP:
    case IOCTL.TIOCSBRK:
    case IOCTL.TIOCCBRK:
      return 0;
    // There is no line behind the terminal, but the argument is looked at first.
    case IOCTL.TIOCSSERIAL:
      copyFromUser(task.mm, argument, SERIAL_STRUCT_SIZE);
      return -ERRNO.ENOTTY;
    case IOCTL.TIOCCONS:
      return redirectConsole(kernel, task, file);
    case IOCTL.TIOCSTI:
      return insert(kernel, task, tty, argument);
    case IOCTL.TIOCOUTQ:
      putUser32(task.mm, argument, 0);
      return 0;
    case IOCTL.FIONREAD:
      if (tty.kind === 'console') pullInput(kernel, tty);
      putUser32(task.mm, argument, readableBytes(tty));
      return 0;
    case IOCTL.TIOCVHANGUP:
      if (!capable(task.cred, CAP.SYS_ADMIN)) return -ERRNO.EPERM;
      hangUp(kernel, tty);
      return 0;
    default:
      return null;
  }
};

export const ttyIoctl: NonNullable<FileOperations['ioctl']> = (kernel, task, file, request, argument) => {
  const { tty } = file.state as TtyState;
  if (isDead(file)) return request === IOCTL.TIOCSPGRP ? -ERRNO.ENOTTY : -ERRNO.EIO;
  if (CHANGES.includes(request)) {
    const background = checkForeground(kernel, task, tty, SIG.SIGTTOU);
    if (background !== 0) return background;
  }
  const result =
    jobIoctl(kernel, task, file, request, argument) ??
    termiosIoctl(kernel, task, file, request, argument) ??
    settingsIoctl(kernel, task, file, request, argument) ??
    queueIoctl(kernel, task, file, request, argument);
  if (result !== null) return result;
  if (tty.kind === 'master') return masterIoctl(kernel, task, file, request, argument);
  return request === IOCTL.TIOCGPTPEER ? -ERRNO.EIO : -ERRNO.ENOTTY;
};
