/** epoll(7), eventfd(2) and signalfd(2) (linux/eventpoll.h, signalfd.h). */
import { array, i32, struct, u8, u16, u32, u64 } from './layout.ts';

export const EPOLL_CTL = { ADD: 1, DEL: 2, MOD: 3 } as const;

/** Events besides those of poll(2), and how they are told. */
export const EPOLL = {
  EXCLUSIVE: 0x10000000,
  WAKEUP: 0x20000000,
  ONESHOT: 0x40000000,
  ET: 0x80000000,
} as const;

/** struct epoll_event is packed on x86-64, which this notation does not know: `data` is at 4. */
export const EPOLL_EVENT = { size: 12, data: 4 } as const;

export const EPOLL_PARAMS = struct(
  'struct epoll_params',
  [
    ['busy_poll_usecs', u32, 'microseconds'],
    ['busy_poll_budget', u16, 'packets of one look'],
    ['prefer_busy_poll', u8, '0 or 1'],
    ['__pad', u8, 'zero'],
  ],
  { size: 8 },
);

export const EFD_SEMAPHORE = 1;

export const SIGNALFD_SIGINFO = struct(
  'struct signalfd_siginfo',
  [
    ['ssi_signo', u32, 'signal'],
    ['ssi_errno', i32, 'unused'],
    ['ssi_code', i32, 'si_code'],
    ['ssi_pid', u32, 'sender'],
    ['ssi_uid', u32, "sender's user"],
    ['ssi_fd', i32, 'SIGIO: descriptor'],
    ['ssi_tid', u32, 'timer'],
    ['ssi_band', u32, 'SIGIO: events'],
    ['ssi_overrun', u32, 'timer: expirations missed'],
    ['ssi_trapno', u32, 'trap'],
    ['ssi_status', i32, 'SIGCHLD: status or signal'],
    ['ssi_int', i32, 'value'],
    ['ssi_ptr', u64, 'value'],
    ['ssi_utime', u64, 'SIGCHLD: user time'],
    ['ssi_stime', u64, 'SIGCHLD: system time'],
    ['ssi_addr', u64, 'faults: address'],
    ['ssi_addr_lsb', u16, 'faults: bits of the address which count'],
    ['__pad2', u16, 'padding'],
    ['ssi_syscall', i32, 'SIGSYS: number'],
    ['ssi_call_addr', u64, 'SIGSYS: address'],
    ['ssi_arch', u32, 'SIGSYS: architecture'],
    ['__pad', array(u8, 28), 'padding'],
  ],
  { size: 128 },
);
