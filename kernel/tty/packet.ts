/** Packet mode: a master learns of flushes and flow control on the slave (ioctl_tty(2), TIOCPKT). */
import { CC, IFLAG, LFLAG, TIOCPKT } from '../abi/ioctl.ts';
import type { Kernel } from '../kernel.ts';
import { wakeAll } from '../task/wait.ts';
import type { Termios, Tty } from './tty.ts';

/** Something happened on a slave that its master may want to know. */
export const packetChange = (
  kernel: Kernel,
  tty: Tty,
  what: 'flushRead' | 'flushWrite' | 'stop' | 'start' | 'doStop' | 'noStop' | 'ioctl',
): void => {
  const master = tty.kind === 'slave' ? tty.link : null;
  if (master === null || !master.packet) return;
  const status = master.packetStatus;
  switch (what) {
    case 'flushRead':
      master.packetStatus = status | TIOCPKT.FLUSHREAD;
      break;
    case 'flushWrite':
      master.packetStatus = status | TIOCPKT.FLUSHWRITE;
      break;
    case 'stop':
      master.packetStatus = (status & ~TIOCPKT.START) | TIOCPKT.STOP;
      break;
    case 'start':
      master.packetStatus = (status & ~TIOCPKT.STOP) | TIOCPKT.START;
      break;
    case 'doStop':
      master.packetStatus = (status & ~TIOCPKT.NOSTOP) | TIOCPKT.DOSTOP;
      break;
    case 'noStop':
      master.packetStatus = (status & ~TIOCPKT.DOSTOP) | TIOCPKT.NOSTOP;
      break;
    case 'ioctl':
      master.packetStatus = status | TIOCPKT.IOCTL;
  }
  wakeAll(kernel, master.readWait);
};

const flowsByKeys = ({ c_iflag, c_cc }: Termios): boolean =>
  (c_iflag & IFLAG.IXON) !== 0 && c_cc[CC.VSTOP] === 19 && c_cc[CC.VSTART] === 17;

/** New settings: whether ^S and ^Q are what stops output may have changed; with EXTPROC all is told (pty_set_termios). */
export const packetTermios = (kernel: Kernel, tty: Tty, old: Termios): void => {
  const now = flowsByKeys(tty.termios);
  if (now !== flowsByKeys(old)) packetChange(kernel, tty, now ? 'doStop' : 'noStop');
  if ((old.c_lflag | tty.termios.c_lflag) & LFLAG.EXTPROC) packetChange(kernel, tty, 'ioctl');
};
