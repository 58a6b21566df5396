/**
 * The machine's terminal over the host's streams. While the guest leaves it in its usual state the host's terminal edits
 * lines and echoes, and lines come here whole; otherwise the host's is made raw and the line discipline does it all.
 */
import { IFLAG, LFLAG } from '../abi/ioctl.ts';
import type { HostStream } from '../host.ts';
import type { Kernel } from '../kernel.ts';
import { receive, receiveLines } from './discipline.ts';
import { consoleOutput } from './output.ts';
import type { Tty, WindowSize } from './tty.ts';

/** What of the usual settings the host's own terminal takes care of. */
const HOST_DOES = LFLAG.ISIG | LFLAG.ICANON | LFLAG.ECHO;
const CHUNK = 4096;

/** Whether the machine has a terminal at all. */
export const hasTerminal = ({ host }: Kernel): boolean =>
  host.stdin.terminal || host.stdout.terminal || host.stderr.terminal;

const inputOf = ({ host }: Kernel): HostStream | undefined => (host.stdin.terminal ? host.stdin : undefined);

/** After a change of settings: the host's terminal becomes raw, or goes back to its lines. */
export const adjustHost = (kernel: Kernel, tty: Tty): void => {
  const { c_lflag, c_iflag } = tty.termios;
  const raw = (c_lflag & HOST_DOES) !== HOST_DOES || (c_iflag & IFLAG.ICRNL) === 0;
  const input = inputOf(kernel);
  if (raw === tty.raw || input?.setRaw === undefined) return;
  tty.raw = raw;
  input.setRaw(raw);
};

/** Takes whatever the host has. Returns false at its end. */
export const pullInput = (kernel: Kernel, tty: Tty): boolean => {
  const input = inputOf(kernel);
  if (input === undefined) return false;
  for (;;) {
    const bytes = input.read(CHUNK);
    if (bytes === 'wait') return true;
    if (bytes === 'end') return false;
    if (tty.raw) receive(kernel, tty, bytes);
    else receiveLines(kernel, tty, bytes);
  }
};

/** Rows and columns: as set by TIOCSWINSZ, or those of the host's window. */
export const windowSize = (kernel: Kernel, tty: Tty, stderr: boolean): WindowSize => {
  if (tty.winsize !== null) return tty.winsize;
  const size = consoleOutput(kernel, stderr).size?.() ?? inputOf(kernel)?.size?.() ?? { rows: 0, columns: 0 };
  return { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
};
