/** Open files of terminals: which terminal, and whether it was hung up since. */
import type { OpenFile } from '../fs/types.ts';
import type { Tty } from './tty.ts';

/** `state` of an open file. */
export interface TtyState {
  tty: Tty;
  /** The descriptor is that of the host's standard error. */
  stderr: boolean;
  /** `tty.hangups` when it was opened. */
  hangups: number;
}

export const newTtyState = (tty: Tty, stderr = false): TtyState => ({ tty, stderr, hangups: tty.hangups });

/** The terminal was hung up after this file was opened: nothing but closing is left (hung_up_tty_fops). */
export const isDead = (file: OpenFile): boolean => {
  const { tty, hangups } = file.state as TtyState;
  return tty.hangups !== hangups;
};
