/** readv(2) and friends: linux/uio.h. */
import { pointer, struct } from './layout.ts';

export const iovec = struct(
  'struct iovec',
  [
    ['iov_base', pointer, 'address'],
    ['iov_len', pointer, 'bytes'],
  ],
  { size: 16 },
);
