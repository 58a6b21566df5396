/** The operations of terminals' files (drivers/tty/tty_io.c: tty_read, tty_write, tty_poll, tty_release). */
import { O } from '../abi/fcntl.ts';
import { POLL } from '../abi/poll.ts';
import { setAsync } from '../fs/fasync.ts';
import { releaseFile } from '../fs/inode.ts';
import type { FileOperations, OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { wakeAll } from '../task/wait.ts';
import { pullInput } from './console.ts';
import { hangUp } from './control.ts';
import { isDead, type TtyState } from './file.ts';
import { ttyIoctl } from './ioctl.ts';
import { writeRoom } from './output.ts';
import { removePty } from './pty.ts';
import { inputAvailable, readTty } from './read.ts';
import { writeTty } from './write.ts';

/** Output is called possible while less than this waits (WAKEUP_CHARS). */
const WAKEUP_CHARS = 256;

const stateOf = (file: OpenFile): TtyState => file.state as TtyState;

const poll = (kernel: Kernel, file: OpenFile): number => {
  const { tty, stderr } = stateOf(file);
  if (isDead(file)) return POLL.IN | POLL.OUT | POLL.ERR | POLL.HUP | POLL.RDNORM | POLL.WRNORM;
  const open = tty.kind === 'console' ? pullInput(kernel, tty) : true;
  let mask = 0;
  if (inputAvailable(tty, true) || !open) mask |= POLL.IN | POLL.RDNORM;
  if (tty.packet && tty.packetStatus !== 0) mask |= POLL.PRI | POLL.IN | POLL.RDNORM;
  if (tty.link !== null && tty.link.opens === 0 && tty.link.everOpened) mask |= POLL.HUP;
  if (writeRoom(kernel, tty, stderr) > WAKEUP_CHARS) mask |= POLL.OUT | POLL.WRNORM;
  return mask;
};

const release = (kernel: Kernel, file: OpenFile): void => {
  const { tty } = stateOf(file);
  if (file.flags & O.ASYNC) setAsync(tty.async, file, -1, false);
  tty.opens--;
  if (tty.opens === 0 && tty.link !== null) {
    wakeAll(kernel, tty.link.readWait);
    wakeAll(kernel, tty.link.writeWait);
    tty.link.packet = false;
    if (tty.kind === 'master') {
      hangUp(kernel, tty.link);
      removePty(kernel, tty);
    }
  }
  releaseFile(kernel, file);
};

export const ttyFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'terminal',
  read: readTty,
  write: writeTty,
  poll,
  pollQueues: (kernel, file) => {
    const { tty } = stateOf(file);
    const own = [tty.readWait, tty.writeWait];
    return tty.kind === 'console' ? [...own, kernel.hostWait] : own;
  },
  ioctl: ttyIoctl,
  fasync: (file, fd, on) => setAsync(stateOf(file).tty.async, file, fd, on),
  release,
});
