/** Asynchronous input and output: linux/aio_abi.h and what fs/aio.c shares with user space (io_submit(2)). */
import { i16, i64, pointer, struct, u16, u32, u64 } from './layout.ts';

/** aio_lio_opcode. */
export const IOCB_CMD = { PREAD: 0, PWRITE: 1, FSYNC: 2, FDSYNC: 3, POLL: 5, NOOP: 6, PREADV: 7, PWRITEV: 8 } as const;

/** aio_flags. */
export const IOCB_FLAG = { RESFD: 1, IOPRIO: 2 } as const;

/** What the kernel stores as aio_key, and io_cancel(2) wants to find there. */
export const KIOCB_KEY = 0;

export const IOCB = struct(
  'struct iocb',
  [
    ['aio_data', u64, 'handed back in the event'],
    ['aio_key', u32, "the kernel's"],
    ['aio_rw_flags', u32, 'RWF_*'],
    ['aio_lio_opcode', u16, 'IOCB_CMD_*'],
    ['aio_reqprio', i16, 'priority, with IOCB_FLAG_IOPRIO'],
    ['aio_fildes', u32, 'descriptor'],
    ['aio_buf', pointer, 'bytes, vector, or events to poll for'],
    ['aio_nbytes', u64, 'bytes, or elements of the vector'],
    ['aio_offset', i64, 'place in the file'],
    ['aio_reserved2', u64, 'zero'],
    ['aio_flags', u32, 'IOCB_FLAG_*'],
    ['aio_resfd', u32, 'eventfd, with IOCB_FLAG_RESFD'],
  ],
  { size: 64 },
);

export const IO_EVENT = struct(
  'struct io_event',
  [
    ['data', u64, "the request's aio_data"],
    ['obj', u64, 'address of the request'],
    ['res', i64, 'result, or -errno'],
    ['res2', i64, 'zero'],
  ],
  { size: 32 },
);

/** The start of the ring that a context maps into its process; events follow. */
export const AIO_RING = struct(
  'struct aio_ring',
  [
    ['id', u32, "index in the process's table of contexts"],
    ['nr', u32, 'events that the ring has room for'],
    ['head', u32, 'the next to be taken, by whoever takes it'],
    ['tail', u32, 'where the next goes'],
    ['magic', u32, 'AIO_RING_MAGIC'],
    ['compat_features', u32, '1'],
    ['incompat_features', u32, '0'],
    ['header_length', u32, 'bytes of this struct'],
  ],
  { size: 32 },
);

export const AIO_RING_MAGIC = 0xa10a10a1;

/** The last argument of io_pgetevents(2). */
export const AIO_SIGSET = struct(
  'struct __aio_sigset',
  [
    ['sigmask', pointer, 'signal mask or NULL'],
    ['sigsetsize', pointer, 'its size'],
  ],
  { size: 16 },
);
