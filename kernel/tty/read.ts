/** Reading a terminal: a line, or with VMIN and VTIME what there is (n_tty.c, n_tty_read). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { CC } from '../abi/ioctl.ts';
import { SIG } from '../abi/signal.ts';
import type { OpenFile, UserBuffer } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block, wakeAll } from '../task/wait.ts';
import { pullInput } from './console.ts';
import { checkForeground } from './control.ts';
import { digest } from './discipline.ts';
import { isDead, type TtyState } from './file.ts';
import { END_OF_FILE, isCanonical, LINE_END, type Tty } from './tty.ts';

/** VTIME's unit, nanoseconds. */
const TENTH = 1e8;
const NEVER = Number.POSITIVE_INFINITY;

/** What can be read now is enough for a reader that does not set VMIN aside (input_available_p). */
export const inputAvailable = (tty: Tty, polling: boolean): boolean => {
  if (isCanonical(tty)) return tty.input.lines > 0;
  const { c_cc } = tty.termios;
  const least = polling && c_cc[CC.VTIME] === 0 && c_cc[CC.VMIN] !== 0 ? c_cc[CC.VMIN]! : 1;
  return tty.input.bytes.length >= least;
};

/** The other end is closed for good: nothing more will come. `open` is false at the end of the host's input. */
const atEnd = (tty: Tty, open: boolean): number | null => {
  if (tty.kind === 'console') return open ? null : 0;
  return tty.link === null || tty.link.opens > 0 || !tty.link.everOpened ? null : -ERRNO.EIO;
};

/** After a read there is room again, here and for who writes to it. */
const madeRoom = (kernel: Kernel, tty: Tty): void => {
  digest(kernel, tty);
  if (tty.link !== null) wakeAll(kernel, tty.link.writeWait);
};

/** Up to a whole line; an end-of-file mark is taken with it. */
const takeLine = (kernel: Kernel, tty: Tty, sink: UserBuffer): number => {
  const { input } = tty;
  const end = input.bytes.findIndex((entry) => (entry & (LINE_END | END_OF_FILE)) !== 0);
  const marked = (input.bytes[end]! & END_OF_FILE) !== 0;
  const length = marked ? end : end + 1;
  const wanted = Math.min(length, sink.remaining);
  const moved = wanted === 0 ? 0 : sink.put(Uint8Array.from(input.bytes.slice(0, wanted), (entry) => entry & 0xff));
  // A read that takes all before the mark takes the mark, so that the next one waits for another line.
  const whole = moved === length;
  const taken = whole ? end + 1 : moved;
  input.bytes.splice(0, taken);
  input.editable -= taken;
  if (whole) input.lines--;
  madeRoom(kernel, tty);
  return moved;
};

const takeBytes = (kernel: Kernel, tty: Tty, sink: UserBuffer): number => {
  const { input } = tty;
  const bytes = Uint8Array.from(input.bytes.slice(0, sink.remaining), (entry) => entry & 0xff);
  const moved = sink.put(bytes);
  input.bytes.splice(0, moved);
  input.editable = Math.max(0, input.editable - moved);
  madeRoom(kernel, tty);
  return moved;
};

const sleep = (kernel: Kernel, task: Task, file: OpenFile, tty: Tty, deadline: number, began: number): number => {
  if (file.flags & O.NONBLOCK) return -ERRNO.EAGAIN;
  const queues = tty.kind === 'console' ? [tty.readWait, kernel.hostWait] : [tty.readWait];
  return block(kernel, task, { what: 'n_tty_read', queues, deadline, data: { began } });
};

export const readTty = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer): number => {
  const { tty } = file.state as TtyState;
  // Who slept when the other end closed learns of that, who comes later finds nothing.
  if (isDead(file)) return task.wait !== null && tty.kind === 'slave' ? -ERRNO.EIO : 0;
  const background = checkForeground(kernel, task, tty, SIG.SIGTTIN);
  if (background !== 0) return background;
  if (sink.remaining === 0) return 0;
  const open = tty.kind === 'console' ? pullInput(kernel, tty) : true;
  if (tty.packet && tty.packetStatus !== 0) {
    const status = tty.packetStatus;
    tty.packetStatus = 0;
    return sink.put(Uint8Array.of(status));
  }
  if (isCanonical(tty)) {
    if (tty.input.lines > 0) return takeLine(kernel, tty, sink);
    return atEnd(tty, open) ?? sleep(kernel, task, file, tty, NEVER, 0);
  }
  return readRaw(kernel, task, file, sink, tty, open);
};

/** VMIN and VTIME: a number of bytes, a time for the first, or a time between them (termios(3)). */
const readRaw = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer, tty: Tty, open: boolean): number => {
  const { c_cc } = tty.termios;
  const least = tty.packet ? 1 : Math.min(c_cc[CC.VMIN]!, sink.remaining);
  const time = c_cc[CC.VTIME]! * TENTH;
  const began: number = task.wait?.data?.began ?? kernel.now();
  const available = tty.input.bytes.length;
  const take = (): number => {
    if (!tty.packet) return takeBytes(kernel, tty, sink);
    sink.put(Uint8Array.of(0));
    return 1 + takeBytes(kernel, tty, sink);
  };
  if (available > 0 && available >= least) return take();
  const end = atEnd(tty, open);
  if (end !== null) return available > 0 ? take() : end;
  let deadline = NEVER;
  if (least > 0) {
    if (available > 0 && time > 0) deadline = tty.input.last + time;
  } else {
    deadline = began + time;
  }
  if (kernel.now() >= deadline) return available > 0 ? take() : 0;
  const result = sleep(kernel, task, file, tty, deadline, began);
  // What has come is not lost when a signal ends the call.
  return result !== BLOCKED && available > 0 ? take() : result;
};
