/** Network interfaces: linux/if.h, linux/if_tun.h, linux/netlink.h, linux/rtnetlink.h. */
import { array, i32, pointer, struct, u8, u16, u32 } from './layout.ts';

/** Bytes of a name with its NUL. */
export const IFNAMSIZ = 16;
/** struct ifreq: a name, and a union of 24 bytes. */
export const IFREQ = { size: 40, value: 16 } as const;

export const IFF = {
  UP: 0x1,
  BROADCAST: 0x2,
  LOOPBACK: 0x8,
  POINTOPOINT: 0x10,
  RUNNING: 0x40,
  NOARP: 0x80,
  PROMISC: 0x100,
  MULTICAST: 0x1000,
  LOWER_UP: 0x10000,
} as const;

/** Hardware types of interfaces. */
export const ARPHRD = { ETHER: 1, LOOPBACK: 772, NONE: 0xfffe } as const;

export const ifconf = struct(
  'struct ifconf',
  [
    ['ifc_len', i32, 'bytes of the buffer, then of what is in it'],
    ['ifc_buf', pointer, 'struct ifreq[]'],
  ],
  { size: 16 },
);

export const sockaddrNl = struct(
  'struct sockaddr_nl',
  [
    ['nl_family', u16, 'AF_NETLINK'],
    ['nl_pad', u16, 'zero'],
    ['nl_pid', u32, 'port, 0 for the kernel'],
    ['nl_groups', u32, 'multicast groups'],
  ],
  { size: 12 },
);

export const nlmsghdr = struct(
  'struct nlmsghdr',
  [
    ['nlmsg_len', u32, 'bytes with this header'],
    ['nlmsg_type', u16, 'RTM_GETLINK, ...'],
    ['nlmsg_flags', u16, 'NLM_F_REQUEST, ...'],
    ['nlmsg_seq', u32, 'number of the request'],
    ['nlmsg_pid', u32, 'port of who asked'],
  ],
  { size: 16 },
);

export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3, LEAST_TYPE: 16 } as const;
export const NLM_F = { REQUEST: 1, MULTI: 2, ACK: 4, DUMP: 0x300 } as const;
export const RTM = { NEWLINK: 16, GETLINK: 18, NEWADDR: 20, GETADDR: 22, GETROUTE: 26 } as const;

export const ifinfomsg = struct(
  'struct ifinfomsg',
  [
    ['ifi_family', u8, 'AF_UNSPEC'],
    ['__ifi_pad', u8, 'zero'],
    ['ifi_type', u16, 'ARPHRD_LOOPBACK, ...'],
    ['ifi_index', i32, 'interface'],
    ['ifi_flags', u32, 'IFF_UP, ...'],
    ['ifi_change', u32, 'mask of changes'],
  ],
  { size: 16 },
);

export const ifaddrmsg = struct(
  'struct ifaddrmsg',
  [
    ['ifa_family', u8, 'AF_INET, AF_INET6'],
    ['ifa_prefixlen', u8, 'bits of the network'],
    ['ifa_flags', u8, 'IFA_F_PERMANENT, ...'],
    ['ifa_scope', u8, 'RT_SCOPE_HOST, ...'],
    ['ifa_index', u32, 'interface'],
  ],
  { size: 8 },
);

export const IFLA = { ADDRESS: 1, BROADCAST: 2, IFNAME: 3, MTU: 4, TXQLEN: 13 } as const;
export const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3 } as const;
export const IFA_F_PERMANENT = 0x80;
export const RT_SCOPE_HOST = 254;

/** ioctl(2) requests of /dev/net/tun. */
export const TUN = {
  SETNOCSUM: 0x400454c8,
  SETDEBUG: 0x400454c9,
  SETIFF: 0x400454ca,
  SETPERSIST: 0x400454cb,
  SETOWNER: 0x400454cc,
  SETLINK: 0x400454cd,
  SETGROUP: 0x400454ce,
  GETFEATURES: 0x800454cf,
  SETOFFLOAD: 0x400454d0,
  GETIFF: 0x800454d2,
  GETSNDBUF: 0x800454d3,
  SETSNDBUF: 0x400454d4,
  GETVNETHDRSZ: 0x800454d7,
  SETVNETHDRSZ: 0x400454d8,
  SETQUEUE: 0x400454d9,
  SETVNETLE: 0x400454dc,
  GETVNETLE: 0x800454dd,
} as const;

export const IFF_TUN = {
  TUN: 0x1,
  TAP: 0x2,
  NAPI: 0x10,
  NAPI_FRAGS: 0x20,
  NO_CARRIER: 0x40,
  MULTI_QUEUE: 0x100,
  ATTACH_QUEUE: 0x200,
  DETACH_QUEUE: 0x400,
  PERSIST: 0x800,
  NO_PI: 0x1000,
  ONE_QUEUE: 0x2000,
  VNET_HDR: 0x4000,
  TUN_EXCL: 0x8000,
  /** In TUNGETIFF's answer the bit of NO_PI says that there is no packet filter. */
  NOFILTER: 0x1000,
} as const;

/** What stands before a packet without IFF_NO_PI: flags, and the protocol, big endian. */
export const tunPi = struct(
  'struct tun_pi',
  [
    ['flags', u16, 'TUN_PKT_STRIP when the reader had too little room'],
    ['proto', array(u8, 2), 'ETH_P_IP, ...'],
  ],
  { size: 4 },
);
export const TUN_PKT_STRIP = 1;

/** What TUNSETOFFLOAD may ask for. */
export const TUN_F = { CSUM: 1, TSO4: 2, TSO6: 4, TSO_ECN: 8, UFO: 0x10, USO4: 0x20, USO6: 0x40 } as const;

/** What stands before a frame with IFF_VNET_HDR (linux/virtio_net.h); with 12 bytes a number of buffers follows. */
export const virtioNetHdr = struct(
  'struct virtio_net_hdr',
  [
    ['flags', u8, 'VIRTIO_NET_HDR_F_*'],
    ['gso_type', u8, 'VIRTIO_NET_HDR_GSO_*'],
    ['hdr_len', u16, 'bytes of headers'],
    ['gso_size', u16, 'bytes of a segment'],
    ['csum_start', u16, 'where what is to be summed begins'],
    ['csum_offset', u16, 'where from there the sum is put'],
  ],
  { size: 10 },
);
export const VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;
