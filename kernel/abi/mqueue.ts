/** POSIX message queues (linux/mqueue.h, include/linux/ipc_namespace.h; mq_overview(7)). */
import { array, i64, struct } from './layout.ts';

export const MQ_ATTR = struct(
  'struct mq_attr',
  [
    ['mq_flags', i64, 'O_NONBLOCK or 0'],
    ['mq_maxmsg', i64, 'most messages'],
    ['mq_msgsize', i64, 'most bytes of one message'],
    ['mq_curmsgs', i64, 'messages on the queue'],
    ['__reserved', array(i64, 4), 'zero'],
  ],
  { size: 64 },
);

/** Priorities are below this. */
export const MQ_PRIO_MAX = 32768;

/** Even for root (HARD_MSGMAX, HARD_MSGSIZEMAX), and the least that the limits can be set to. */
export const MQ_HARD = { msgmax: 65536, msgsizemax: 16 * 1024 * 1024 } as const;
export const MQ_LEAST = { msgmax: 1, msgsizemax: 128 } as const;

/** Bytes of the cookie that SIGEV_THREAD hands in; the last of them tells why it comes back. */
export const NOTIFY_COOKIE_LEN = 32;
export const NOTIFY_WOKENUP = 1;
export const NOTIFY_REMOVED = 2;
