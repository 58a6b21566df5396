/** ioctl(2) requests of files and terminals: asm-generic/ioctls.h, asm-generic/termbits.h. */
import { array, struct, u8, u16, u32 } from './layout.ts';

export const IOCTL = {
  TCGETS: 0x5401,
  TCSETS: 0x5402,
  TCSETSW: 0x5403,
  TCSETSF: 0x5404,
  TCGETA: 0x5405,
  TCSETA: 0x5406,
  TCSETAW: 0x5407,
  TCSETAF: 0x5408,
  TCSBRK: 0x5409,
  TCXONC: 0x540a,
  TCFLSH: 0x540b,
  TIOCEXCL: 0x540c,
  TIOCNXCL: 0x540d,
  TIOCSCTTY: 0x540e,
  TIOCGPGRP: 0x540f,
  TIOCSPGRP: 0x5410,
  TIOCOUTQ: 0x5411,
  TIOCSTI: 0x5412,
  TIOCGWINSZ: 0x5413,
  TIOCSWINSZ: 0x5414,
  TIOCGSOFTCAR: 0x5419,
  TIOCSSOFTCAR: 0x541a,
  FIONREAD: 0x541b,
  TIOCCONS: 0x541d,
  TIOCSSERIAL: 0x541f,
  TIOCPKT: 0x5420,
  FIONBIO: 0x5421,
  TIOCNOTTY: 0x5422,
  TIOCSETD: 0x5423,
  TIOCGETD: 0x5424,
  TCSBRKP: 0x5425,
  TIOCGSID: 0x5429,
  TCGETS2: 0x802c542a,
  TCSETS2: 0x402c542b,
  TCSETSW2: 0x402c542c,
  TCSETSF2: 0x402c542d,
  TIOCGPTN: 0x80045430,
  TIOCSPTLCK: 0x40045431,
  TIOCGDEV: 0x80045432,
  TIOCSIG: 0x40045436,
  TIOCSBRK: 0x5427,
  TIOCCBRK: 0x5428,
  TIOCVHANGUP: 0x5437,
  TIOCGPKT: 0x80045438,
  TIOCGPTLCK: 0x80045439,
  TIOCGEXCL: 0x80045440,
  TIOCGPTPEER: 0x5441,
  FIONCLEX: 0x5450,
  FIOCLEX: 0x5451,
  FIOASYNC: 0x5452,
  TIOCGLCKTRMIOS: 0x5456,
  TIOCSLCKTRMIOS: 0x5457,
  FIOQSIZE: 0x5460,
  FIGETBSZ: 2,
  /** Of timerfd: _IOW('T', 0, u64). */
  TFD_IOC_SET_TICKS: 0x40085400,
  SECCOMP_IOCTL_NOTIF_RECV: 0xc0502100,
  SECCOMP_IOCTL_NOTIF_SEND: 0xc0182101,
  SECCOMP_IOCTL_NOTIF_ID_VALID: 0x40082102,
  /** As the first headers had it. */
  SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR: 0x80082102,
  SECCOMP_IOCTL_NOTIF_ADDFD: 0x40182103,
  SECCOMP_IOCTL_NOTIF_SET_FLAGS: 0x40082104,
  EPIOCSPARAMS: 0x40088a01,
  EPIOCGPARAMS: 0x80088a02,
} as const;

/** Status bytes of packet mode. */
export const TIOCPKT = {
  DATA: 0,
  FLUSHREAD: 1,
  FLUSHWRITE: 2,
  STOP: 4,
  START: 8,
  NOSTOP: 16,
  DOSTOP: 32,
  IOCTL: 64,
} as const;

/** What TCFLSH drops, and what TCXONC does. */
export const TCFLUSH = { IN: 0, OUT: 1, BOTH: 2 } as const;
export const TCFLOW = { OOFF: 0, OON: 1, IOFF: 2, ION: 3 } as const;

/** Indexes into c_cc. */
export const CC = {
  VINTR: 0,
  VQUIT: 1,
  VERASE: 2,
  VKILL: 3,
  VEOF: 4,
  VTIME: 5,
  VMIN: 6,
  VSTART: 8,
  VSTOP: 9,
  VSUSP: 10,
  VEOL: 11,
  VREPRINT: 12,
  VDISCARD: 13,
  VWERASE: 14,
  VLNEXT: 15,
  VEOL2: 16,
} as const;

export const IFLAG = {
  IGNBRK: 0x1,
  BRKINT: 0x2,
  IGNPAR: 0x4,
  PARMRK: 0x8,
  INPCK: 0x10,
  ISTRIP: 0x20,
  INLCR: 0x40,
  IGNCR: 0x80,
  ICRNL: 0x100,
  IUCLC: 0x200,
  IXON: 0x400,
  IXANY: 0x800,
  IXOFF: 0x1000,
  IMAXBEL: 0x2000,
  IUTF8: 0x4000,
} as const;
/** The delays above these bits are all zero here. */
export const OFLAG = {
  OPOST: 0x1,
  OLCUC: 0x2,
  ONLCR: 0x4,
  OCRNL: 0x8,
  ONOCR: 0x10,
  ONLRET: 0x20,
  OFILL: 0x40,
  OFDEL: 0x80,
} as const;
export const CFLAG = {
  /** The speed, the bits that hold it, its upper half, and the value that means any (c_ispeed, c_ospeed). */
  B38400: 0xf,
  CBAUD: 0x100f,
  CBAUDEX: 0x1000,
  BOTHER: 0x1000,
  /** Bits a character, CS5 is 0. */
  CS6: 0x10,
  CS7: 0x20,
  CS8: 0x30,
  CSIZE: 0x30,
  CSTOPB: 0x40,
  CREAD: 0x80,
  PARENB: 0x100,
  PARODD: 0x200,
  HUPCL: 0x400,
  CLOCAL: 0x800,
  /** Characters of which one bit says that they are addresses. */
  ADDRB: 0x20000000,
  CRTSCTS: 0x80000000,
} as const;
export const LFLAG = {
  ISIG: 0x1,
  ICANON: 0x2,
  ECHO: 0x8,
  ECHOE: 0x10,
  ECHOK: 0x20,
  ECHONL: 0x40,
  NOFLSH: 0x80,
  TOSTOP: 0x100,
  ECHOCTL: 0x200,
  ECHOPRT: 0x400,
  ECHOKE: 0x800,
  FLUSHO: 0x1000,
  PENDIN: 0x4000,
  IEXTEN: 0x8000,
  EXTPROC: 0x10000,
} as const;

/** The kernel's struct termios, which TCGETS moves; the C library's is longer. */
export const termios = struct(
  'struct termios',
  [
    ['c_iflag', u32, 'input modes'],
    ['c_oflag', u32, 'output modes'],
    ['c_cflag', u32, 'control modes'],
    ['c_lflag', u32, 'local modes'],
    ['c_line', u8, 'line discipline'],
    ['c_cc', array(u8, 19), 'control characters'],
  ],
  { size: 36 },
);

/** With the speeds as numbers, as TCGETS2 moves it. */
export const termios2 = struct(
  'struct termios2',
  [
    ['c_iflag', u32, 'input modes'],
    ['c_oflag', u32, 'output modes'],
    ['c_cflag', u32, 'control modes'],
    ['c_lflag', u32, 'local modes'],
    ['c_line', u8, 'line discipline'],
    ['c_cc', array(u8, 19), 'control characters'],
    ['c_ispeed', u32, 'bits a second, in'],
    ['c_ospeed', u32, 'and out'],
  ],
  { size: 44 },
);

/** System V's, as TCGETA moves it: the lower halves of the modes, and the first control characters. */
export const termio = struct(
  'struct termio',
  [
    ['c_iflag', u16, 'input modes'],
    ['c_oflag', u16, 'output modes'],
    ['c_cflag', u16, 'control modes'],
    ['c_lflag', u16, 'local modes'],
    ['c_line', u8, 'line discipline'],
    ['c_cc', array(u8, 8), 'control characters'],
  ],
  { size: 18 },
);

/** Bits of c_cflag above which the input speed stands, if it is another. */
export const IBSHIFT = 16;

/** Speeds by their number in CBAUD, those with CBAUDEX from 16 on. */
export const BAUD_RATES: readonly number[] = [
  ...[0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400],
  ...[57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000],
  ...[3500000, 4000000],
];

export const winsize = struct(
  'struct winsize',
  [
    ['ws_row', u16, 'rows'],
    ['ws_col', u16, 'columns'],
    ['ws_xpixel', u16, 'unused'],
    ['ws_ypixel', u16, 'unused'],
  ],
  { size: 8 },
);
