/** Writing to a terminal (n_tty.c, n_tty_write). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { LFLAG } from '../abi/ioctl.ts';
import { SIG } from '../abi/signal.ts';
import type { OpenFile, UserBuffer } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block } from '../task/wait.ts';
import { checkForeground } from './control.ts';
import { receive } from './discipline.ts';
import { isDead, type TtyState } from './file.ts';
import { drive, processed, writeRoom } from './output.ts';
import { redirected } from './redirect.ts';
import type { Tty } from './tty.ts';

const CHUNK = 2048;
/** Most bytes that one byte becomes. */
const WIDEST = 8;

/** Nobody is at the other end; what is typed on a slave waits for whoever opens it. */
const isOrphan = (tty: Tty): boolean => tty.kind === 'slave' && tty.link!.opens === 0;

/** Processes and hands on as much as there is room for; how many of `bytes` that was. */
const writeSome = (kernel: Kernel, tty: Tty, bytes: Uint8Array, stderr: boolean): number => {
  let room = writeRoom(kernel, tty, stderr);
  const shown: number[] = [];
  let done = 0;
  while (done < bytes.length && room >= WIDEST) {
    const before = shown.length;
    shown.push(...processed(tty, bytes[done]!));
    room -= shown.length - before;
    done++;
  }
  const sent = Uint8Array.from(shown);
  // What is written to a master is typed on its slave.
  if (tty.kind === 'master') receive(kernel, tty.link!, sent);
  else if (sent.length > 0) drive(kernel, tty, sent, stderr);
  return done;
};

export const writeTty = (kernel: Kernel, task: Task, opened: OpenFile, source: UserBuffer): number => {
  const file = redirected(kernel, opened);
  const { tty, stderr } = file.state as TtyState;
  if (isDead(file)) return -ERRNO.EIO;
  if (tty.termios.c_lflag & LFLAG.TOSTOP) {
    const background = checkForeground(kernel, task, tty, SIG.SIGTTOU);
    if (background !== 0) return background;
  }
  const before: number = task.wait?.data?.written ?? 0;
  let total = 0;
  while (total < before) total += source.take(Math.min(CHUNK, before - total)).length;
  while (source.remaining > 0) {
    if (isOrphan(tty)) return total > 0 ? total : -ERRNO.EIO;
    const bytes = source.take(Math.min(CHUNK, source.remaining));
    if (bytes.length === 0) return total > 0 ? total : -ERRNO.EFAULT;
    let done = 0;
    while (done < bytes.length) {
      const moved = writeSome(kernel, tty, bytes.subarray(done), stderr);
      done += moved;
      total += moved;
      if (moved > 0 || done === bytes.length) continue;
      if (file.flags & O.NONBLOCK) return total > 0 ? total : -ERRNO.EAGAIN;
      const queues = tty.kind === 'console' ? [tty.writeWait, kernel.hostWait] : [tty.writeWait];
      const result = block(kernel, task, { what: 'n_tty_write', queues, data: { written: total } });
      return result !== BLOCKED && total > 0 ? total : result;
    }
  }
  return total;
};
