/** ioctl(2) of files and terminals, as strace writes it. */
import { TUN } from '../../abi/interface.ts';
import { CFLAG, IFLAG, IOCTL, LFLAG, OFLAG, termios, winsize } from '../../abi/ioctl.ts';
import { SIOC } from '../../abi/socket.ts';
import type { FormatContext } from '../row.ts';
import { argument, failed, structText } from './argument.ts';
import { peekView } from './guest.ts';
import { address, choice, flagParts, flags, hex, names } from './text.ts';

const REQUESTS = [
  ...names('', IOCTL),
  ...names('TUN', TUN),
  ...Object.entries(SIOC).map(([name, value]) => [name.startsWith('FIO') ? name : `SIOC${name}`, value] as const),
];

/** The parts of a request without a name (asm-generic/ioctl.h). */
const iocText = (request: number): string => {
  const directions = ['_IOC_NONE', '_IOC_WRITE', '_IOC_READ', '_IOC_READ|_IOC_WRITE'];
  const [type, number, size] = [(request >>> 8) & 0xff, request & 0xff, (request >>> 16) & 0x3fff];
  return `_IOC(${directions[request >>> 30]}, ${hex(type)}, ${hex(number)}, ${hex(size)})`;
};

export const ioctlRequest = argument(
  'unsigned',
  (value) => REQUESTS.find(([, each]) => each === value)?.[0] ?? iocText(value),
);

/** Types of delay that strace names though they are zero. */
const DELAYS = ['NL0', 'CR0', 'TAB0', 'BS0', 'VT0', 'FF0'];
const SIZES = ['CS5', 'CS6', 'CS7', 'CS8'];
const controlText = (value: number): string => {
  const speed = (value & CFLAG.CBAUD) === CFLAG.B38400 ? 'B38400' : hex(value & CFLAG.CBAUD);
  const bits = names('', CFLAG, ['CSTOPB', 'CREAD', 'PARENB', 'PARODD', 'HUPCL', 'CLOCAL', 'CRTSCTS']);
  return [speed, SIZES[(value & CFLAG.CSIZE) >> 4], ...flagParts(bits, value & ~CFLAG.CBAUD & ~CFLAG.CSIZE)].join('|');
};
const LOCAL = names('', LFLAG, [
  ...(['ISIG', 'ICANON', 'ECHO', 'ECHOE', 'ECHOK', 'ECHONL', 'NOFLSH', 'TOSTOP', 'IEXTEN', 'ECHOCTL'] as const),
  ...(['ECHOPRT', 'ECHOKE', 'FLUSHO', 'PENDIN', 'EXTPROC'] as const),
]);
const termiosText = structText(termios, ({ c_iflag, c_oflag, c_cflag, c_lflag }) => {
  const input = flags(names('', IFLAG), '???')(c_iflag);
  const output = [...DELAYS, ...flagParts(names('', OFLAG), c_oflag)].join('|');
  const local = flags(LOCAL, '???')(c_lflag);
  return `{c_iflag=${input}, c_oflag=${output}, c_cflag=${controlText(c_cflag)}, c_lflag=${local}, ...}`;
});

const winsizeText = structText(winsize, (value) => {
  const fields = Object.entries(value).map(([name, size]) => `${name}=${size}`);
  return `{${fields.join(', ')}}`;
});

const intText = (value: number, { task }: FormatContext): string | null => {
  const view = peekView(task.mm, value, 4);
  return view === null ? null : `[${view.getInt32(0, true)}]`;
};

const queues = choice(
  [
    ['TCIFLUSH', 0],
    ['TCOFLUSH', 1],
    ['TCIOFLUSH', 2],
  ],
  'TC???',
);
const flows = choice(
  [
    ['TCOOFF', 0],
    ['TCOON', 1],
    ['TCIOFF', 2],
    ['TCION', 3],
  ],
  'TC???',
);

/** The third argument of ioctl(2), which follows the request. */
export const ioctlArg = {
  ...argument('pointer', (value, context) => {
    const at = (text: string | null) => (value === 0 ? 'NULL' : (text ?? address(value)));
    const filled = (text: typeof intText) => at(failed(context) ? null : text(value, context));
    switch (context.args[context.index - 1]) {
      case IOCTL.TCGETS:
        return filled(termiosText);
      case IOCTL.TCSETS:
      case IOCTL.TCSETSW:
      case IOCTL.TCSETSF:
        return at(termiosText(value, context));
      case IOCTL.TIOCGWINSZ:
        return filled(winsizeText);
      case IOCTL.TIOCSWINSZ:
        return at(winsizeText(value, context));
      case IOCTL.FIONREAD:
      case IOCTL.TIOCOUTQ:
      case IOCTL.TIOCGPGRP:
      case IOCTL.TIOCGSID:
      case IOCTL.TIOCGETD:
        return filled(intText);
      case IOCTL.TIOCSPGRP:
      case IOCTL.FIONBIO:
      case IOCTL.FIOASYNC:
        return at(intText(value, context));
      case IOCTL.TCFLSH:
        return queues(value);
      case IOCTL.TCXONC:
        return flows(value);
      case IOCTL.TCSBRK:
      case IOCTL.TIOCSCTTY:
        return String(value | 0);
      case IOCTL.FIOCLEX:
      case IOCTL.FIONCLEX:
      case IOCTL.TIOCNOTTY:
        return null;
      case IOCTL.FIGETBSZ:
      case IOCTL.FIOQSIZE:
        return address(value);
      default:
        return hex(value);
    }
  }),
  out: true,
};
