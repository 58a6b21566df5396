/** poll(2) and select(2): asm-generic/poll.h, linux/posix_types.h. */
import { i16, i32, pointer, struct } from './layout.ts';

export const POLL = {
  IN: 0x1,
  PRI: 0x2,
  OUT: 0x4,
  ERR: 0x8,
  HUP: 0x10,
  NVAL: 0x20,
  RDNORM: 0x40,
  RDBAND: 0x80,
  WRNORM: 0x100,
  WRBAND: 0x200,
  MSG: 0x400,
  RDHUP: 0x2000,
} as const;

/** What select(2) calls readable, writable, exceptional (fs/select.c). */
export const POLLIN_SET = POLL.RDNORM | POLL.RDBAND | POLL.IN | POLL.HUP | POLL.ERR | POLL.NVAL;
export const POLLOUT_SET = POLL.WRBAND | POLL.WRNORM | POLL.OUT | POLL.ERR | POLL.NVAL;
export const POLLEX_SET = POLL.PRI | POLL.NVAL;

/** What files that never make anyone wait answer (DEFAULT_POLLMASK). */
export const DEFAULT_POLLMASK = POLL.IN | POLL.OUT | POLL.RDNORM | POLL.WRNORM;

export const pollfd = struct(
  'struct pollfd',
  [
    ['fd', i32, 'descriptor; negative is skipped'],
    ['events', i16, 'asked for'],
    ['revents', i16, 'found'],
  ],
  { size: 8 },
);

/** The sixth argument of pselect6(2). */
export const sigsetArgpack = struct(
  'struct sigset_argpack',
  [
    ['p', pointer, 'signal mask or NULL'],
    ['size', pointer, 'its size'],
  ],
  { size: 16 },
);
