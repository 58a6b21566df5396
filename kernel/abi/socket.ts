/** Sockets: asm-generic/socket.h, linux/socket.h, linux/un.h, linux/in.h, linux/in6.h. */
import { array, i32, pointer, struct, u8, u16, u32 } from './layout.ts';

export const AF = { UNSPEC: 0, UNIX: 1, INET: 2, INET6: 10, NETLINK: 16 } as const;
/** Families are below this (NPROTO). */
export const AF_MAX = 46;

export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, SEQPACKET: 5, NONBLOCK: 0x800, CLOEXEC: 0x80000 } as const;
/** Types are below this; the bits of a type without flags. */
export const SOCK_MAX = 11;
export const SOCK_TYPE_MASK = 0xf;

export const MSG = {
  OOB: 0x1,
  PEEK: 0x2,
  DONTROUTE: 0x4,
  CTRUNC: 0x8,
  TRUNC: 0x20,
  DONTWAIT: 0x40,
  EOR: 0x80,
  WAITALL: 0x100,
  CONFIRM: 0x800,
  ERRQUEUE: 0x2000,
  NOSIGNAL: 0x4000,
  MORE: 0x8000,
  WAITFORONE: 0x10000,
  FASTOPEN: 0x20000000,
  CMSG_CLOEXEC: 0x40000000,
  CMSG_COMPAT: 0x80000000,
} as const;

export const SHUT = { RD: 0, WR: 1, RDWR: 2 } as const;

export const SOL = { IP: 0, SOCKET: 1, TCP: 6, UDP: 17, IPV6: 41, NETLINK: 270 } as const;

export const SO = {
  DEBUG: 1,
  REUSEADDR: 2,
  TYPE: 3,
  ERROR: 4,
  DONTROUTE: 5,
  BROADCAST: 6,
  SNDBUF: 7,
  RCVBUF: 8,
  KEEPALIVE: 9,
  OOBINLINE: 10,
  NO_CHECK: 11,
  PRIORITY: 12,
  LINGER: 13,
  REUSEPORT: 15,
  PASSCRED: 16,
  PEERCRED: 17,
  RCVLOWAT: 18,
  SNDLOWAT: 19,
  RCVTIMEO: 20,
  SNDTIMEO: 21,
  BINDTODEVICE: 25,
  PEERNAME: 28,
  TIMESTAMP: 29,
  ACCEPTCONN: 30,
  PEERSEC: 31,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
  PASSSEC: 34,
  TIMESTAMPNS: 35,
  MARK: 36,
  PROTOCOL: 38,
  DOMAIN: 39,
  RXQ_OVFL: 40,
  PEEK_OFF: 42,
  PEERGROUPS: 59,
  COOKIE: 57,
  INCOMING_CPU: 49,
  BSDCOMPAT: 14,
  TIMESTAMPING: 37,
  WIFI_STATUS: 41,
  NOFCS: 43,
  LOCK_FILTER: 44,
  SELECT_ERR_QUEUE: 45,
  BUSY_POLL: 46,
  MAX_PACING_RATE: 47,
  BPF_EXTENSIONS: 48,
  ZEROCOPY: 60,
  BINDTOIFINDEX: 62,
  RCVTIMEO_NEW: 66,
  SNDTIMEO_NEW: 67,
  PREFER_BUSY_POLL: 69,
  BUF_LOCK: 72,
  RESERVE_MEM: 73,
  TXREHASH: 74,
  RCVMARK: 75,
  RCVPRIORITY: 82,
  PASSPIDFD: 76,
  PASSRIGHTS: 83,
  PEERPIDFD: 77,
} as const;

export const SCM = { RIGHTS: 1, CREDENTIALS: 2, PIDFD: 4, TIMESTAMP: 29, TIMESTAMPNS: 35, TIMESTAMPING: 37 } as const;
/** Descriptors in one message (SCM_MAX_FD). */
export const SCM_MAX_FD = 253;

export const IPPROTO = { IP: 0, ICMP: 1, TCP: 6, UDP: 17, IPV6: 41, ICMPV6: 58, MAX: 263 } as const;

/** ioctl(2) requests of sockets (linux/sockios.h). */
export const SIOC = {
  FIOSETOWN: 0x8901,
  SPGRP: 0x8902,
  FIOGETOWN: 0x8903,
  GPGRP: 0x8904,
  ATMARK: 0x8905,
  GIFNAME: 0x8910,
  GIFCONF: 0x8912,
  GIFFLAGS: 0x8913,
  SIFFLAGS: 0x8914,
  GIFADDR: 0x8915,
  GIFDSTADDR: 0x8917,
  GIFBRDADDR: 0x8919,
  GIFNETMASK: 0x891b,
  GIFMETRIC: 0x891d,
  GIFMTU: 0x8921,
  GIFHWADDR: 0x8927,
  GIFINDEX: 0x8933,
  GIFTXQLEN: 0x8942,
  OUTQNSD: 0x894b,
} as const;

/** struct sockaddr_storage: no address is longer. */
export const SOCKADDR_STORAGE_SIZE = 128;
/** sun_path, and offset of it. */
export const UNIX_PATH_MAX = 108;
export const SUN_PATH = 2;

/** Ports and addresses are big endian, and so are shown as bytes. */
export const sockaddrIn = struct(
  'struct sockaddr_in',
  [
    ['sin_family', u16, 'AF_INET'],
    ['sin_port', array(u8, 2), 'port, big endian'],
    ['sin_addr', array(u8, 4), 'address'],
    ['__pad', array(u8, 8), 'padding'],
  ],
  { size: 16 },
);

export const sockaddrIn6 = struct(
  'struct sockaddr_in6',
  [
    ['sin6_family', u16, 'AF_INET6'],
    ['sin6_port', array(u8, 2), 'port, big endian'],
    ['sin6_flowinfo', u32, 'flow label'],
    ['sin6_addr', array(u8, 16), 'address'],
    ['sin6_scope_id', u32, 'interface of a link-local address'],
  ],
  { size: 28 },
);

export const msghdr = struct(
  'struct msghdr',
  [
    ['msg_name', pointer, 'address'],
    ['msg_namelen', i32, 'its size'],
    ['msg_iov', pointer, 'data'],
    ['msg_iovlen', pointer, 'elements of it'],
    ['msg_control', pointer, 'control messages'],
    ['msg_controllen', pointer, 'bytes of them'],
    ['msg_flags', u32, 'MSG_TRUNC and its like, on return'],
  ],
  { size: 56 },
);

export const mmsghdr = struct(
  'struct mmsghdr',
  [
    ['msg_hdr', msghdr, 'message'],
    ['msg_len', u32, 'bytes moved'],
  ],
  { size: 64 },
);

export const cmsghdr = struct(
  'struct cmsghdr',
  [
    ['cmsg_len', pointer, 'bytes with this header'],
    ['cmsg_level', i32, 'SOL_SOCKET, ...'],
    ['cmsg_type', i32, 'SCM_RIGHTS, ...'],
  ],
  { size: 16 },
);

export const ucred = struct(
  'struct ucred',
  [
    ['pid', i32, 'process'],
    ['uid', u32, 'user'],
    ['gid', u32, 'group'],
  ],
  { size: 12 },
);

export const linger = struct(
  'struct linger',
  [
    ['l_onoff', i32, 'close waits'],
    ['l_linger', i32, 'so many seconds'],
  ],
  { size: 8 },
);

export const sockExtendedErr = struct(
  'struct sock_extended_err',
  [
    ['ee_errno', u32, 'error'],
    ['ee_origin', u8, 'who told: SO_EE_ORIGIN_*'],
    ['ee_type', u8, 'of ICMP'],
    ['ee_code', u8, 'of ICMP'],
    ['ee_pad', u8, 'padding'],
    ['ee_info', u32, 'largest packet, ...'],
    ['ee_data', u32, ''],
  ],
  { size: 16 },
);
