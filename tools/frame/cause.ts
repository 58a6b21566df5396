/** Who caused a signal, and how, in words (sigaction(2), "The siginfo_t argument to a SA_SIGINFO handler"). */
import { BUS, CLD, FPE, ILL, SEGV, SI, SIG, signalName, TRAP } from '../../kernel/abi/signal.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { SigInfo, Task } from '../../kernel/task/task.ts';
import type { Cause } from './facts.ts';
import { pageFaultText, vectorName } from './flags.ts';

const hex = (value: bigint): string => `0x${value.toString(16)}`;

const SEGMENT_FAULTS: Readonly<Record<number, string>> = {
  [SEGV.MAPERR]: 'nothing is mapped there',
  [SEGV.ACCERR]: 'its mapping does not allow that',
};
const BUS_ERRORS: Readonly<Record<number, string>> = {
  [BUS.ADRALN]: 'an address that is not aligned',
  [BUS.ADRERR]: 'behind the end of the mapped file',
  [BUS.OBJERR]: 'hardware error',
};
const ILLEGAL: Readonly<Record<number, string>> = {
  [ILL.ILLOPC]: 'illegal opcode',
  [ILL.ILLOPN]: 'an instruction that does not exist, or not here',
  [ILL.PRVOPC]: 'privileged instruction',
};
const ARITHMETIC: Readonly<Record<number, string>> = {
  [FPE.INTDIV]: 'integer division by zero, or its result is too large',
  [FPE.FLTDIV]: 'floating-point division by zero',
  [FPE.FLTOVF]: 'floating-point overflow',
  [FPE.FLTUND]: 'floating-point underflow or denormal operand',
  [FPE.FLTRES]: 'inexact floating-point result',
  [FPE.FLTINV]: 'invalid floating-point operation',
};
const TRAPS: Readonly<Record<number, string>> = {
  [TRAP.BRKPT]: 'breakpoint',
  [TRAP.TRACE]: 'single step',
};
const CHILD: Readonly<Record<number, (status: number) => string>> = {
  [CLD.EXITED]: (status) => `exited with status ${status}`,
  [CLD.KILLED]: (status) => `was killed by ${signalName(status)}`,
  [CLD.DUMPED]: (status) => `was killed by ${signalName(status)} and dumped core`,
  [CLD.STOPPED]: (status) => `was stopped by ${signalName(status)}`,
  [CLD.CONTINUED]: () => 'was continued',
  [CLD.TRAPPED]: (status) => `was trapped by ${signalName(status)}`,
};

/** What the kernel itself sends signals for, where siginfo says no more than SI_KERNEL. */
const KERNEL_REASONS: Readonly<Record<number, string>> = {
  [SIG.SIGALRM]: 'the timer of alarm(2) or setitimer(ITIMER_REAL) went off',
  [SIG.SIGVTALRM]: 'ITIMER_VIRTUAL went off: its user CPU time is spent',
  [SIG.SIGPROF]: 'ITIMER_PROF went off: its CPU time is spent',
  [SIG.SIGINT]: 'Ctrl-C on the terminal',
  [SIG.SIGQUIT]: 'Ctrl-\\ on the terminal',
  [SIG.SIGTSTP]: 'Ctrl-Z on the terminal',
  [SIG.SIGTTIN]: 'a background process read from the terminal',
  [SIG.SIGTTOU]: 'a background process wrote to the terminal',
  [SIG.SIGHUP]: 'its terminal or its process group lost its leader',
  [SIG.SIGCONT]: 'its process group became an orphan while stopped',
  [SIG.SIGPIPE]: 'it wrote to a pipe that nobody reads',
  [SIG.SIGXCPU]: 'RLIMIT_CPU is reached',
  [SIG.SIGXFSZ]: 'RLIMIT_FSIZE is reached',
  [SIG.SIGWINCH]: 'the terminal has another size',
};

/** A fault: by the exception that it was. */
const faultText = (task: Task, info: SigInfo & { kind: 'fault' }): string => {
  const { signo, code, address } = info;
  const vector = vectorName(BigInt(task.trapNr));
  switch (signo) {
    case SIG.SIGSEGV:
    case SIG.SIGBUS: {
      const why = (signo === SIG.SIGSEGV ? SEGMENT_FAULTS : BUS_ERRORS)[code] ?? `code ${code}`;
      if (signo === SIG.SIGBUS && code === BUS.ADRALN) return `${vector}: ${why}`;
      const access = pageFaultText(BigInt(task.errorCode)).split(',')[0]!;
      return `${access} at ${hex(address)}: ${why}`;
    }
    case SIG.SIGILL:
      return `${vector} at ${hex(address)}: ${ILLEGAL[code] ?? `code ${code}`}`;
    case SIG.SIGFPE:
      return `${vector} at ${hex(address)}: ${ARITHMETIC[code] ?? `code ${code}`}`;
    case SIG.SIGTRAP:
      return `${vector} at ${hex(address)}: ${TRAPS[code] ?? `code ${code}`}`;
    default:
      return `at ${hex(address)}`;
  }
};

/** `, its child`. */
const kinship = (task: Task, pid: number): string => {
  if (pid === task.parent?.group.tgid) return ', its parent';
  return task.children.some((child) => child.group.tgid === pid) ? ', its child' : '';
};

const senderOf = (kernel: Kernel, task: Task, pid: number): Pick<Cause, 'pid' | 'name' | 'who'> => {
  const name = kernel.tasks.get(pid)?.comm ?? '';
  if (pid === task.group.tgid) return { pid, name, who: 'itself' };
  if (pid === 0) return { pid, name: '', who: 'a process that is not visible here' };
  return { pid, name, who: `process ${pid}${name === '' ? '' : ` (${name})`}${kinship(task, pid)}` };
};

/** sigval: what programs put into it as an int, or a pointer. */
const valueText = (value: bigint): string => {
  const int = BigInt.asIntN(32, value);
  return BigInt.asUintN(32, int) === value ? String(int) : hex(value);
};

const QUEUED: Readonly<Record<number, string>> = {
  [SI.QUEUE]: 'sigqueue(3)',
  [SI.MESGQ]: 'a message arrived in its queue',
  [SI.ASYNCIO]: 'asynchronous input or output is complete',
};

/** Why this signal came to `task`. */
export const causeOf = (kernel: Kernel, task: Task, info: SigInfo): Cause => {
  const nobody = { pid: null, name: '' };
  switch (info.kind) {
    case 'kill': {
      if (info.code === SI.KERNEL) {
        const fault = info.signo === SIG.SIGSEGV || info.signo === SIG.SIGBUS || info.signo === SIG.SIGTRAP;
        if (!fault)
          return { by: 'kernel', ...nobody, who: 'the kernel', how: KERNEL_REASONS[info.signo] ?? 'SI_KERNEL' };
        const vector = vectorName(BigInt(task.trapNr));
        return {
          by: 'processor',
          ...nobody,
          who: 'the processor',
          how: `${vector || 'an exception'}, of which it says no more`,
        };
      }
      if (info.signo === SIG.SIGPIPE && info.pid === task.group.tgid) {
        return { by: 'kernel', ...nobody, who: 'the kernel', how: KERNEL_REASONS[SIG.SIGPIPE]! };
      }
      const how = info.code === SI.TKILL ? 'tgkill(2), as raise(3) calls it' : 'kill(2)';
      return { by: 'process', ...senderOf(kernel, task, info.pid), how };
    }
    case 'queue': {
      const call = QUEUED[info.code] ?? `rt_sigqueueinfo(2) with si_code ${info.code}`;
      return {
        by: 'process',
        ...senderOf(kernel, task, info.pid),
        how: `${call} with the value ${valueText(info.value)}`,
      };
    }
    case 'timer': {
      const overrun = info.overrun === 0 ? '' : `, ${info.overrun} times missed`;
      return { by: 'kernel', ...nobody, who: 'the kernel', how: `timer ${info.timer} of timer_create(2)${overrun}` };
    }
    case 'child': {
      const sender = senderOf(kernel, task, info.pid);
      return {
        by: 'kernel',
        ...sender,
        who: 'the kernel',
        how: `${sender.who} ${CHILD[info.code]?.(info.status) ?? ''}`,
      };
    }
    case 'fault':
      return { by: 'processor', ...nobody, who: 'the processor', how: faultText(task, info) };
    case 'poll':
      return { by: 'kernel', ...nobody, who: 'the kernel', how: `descriptor ${info.fd} is ready` };
    case 'sys':
      return { by: 'kernel', ...nobody, who: 'the kernel', how: `seccomp(2) refused system call ${info.syscall}` };
    case 'raw':
      return { by: 'process', ...nobody, who: 'a process', how: `rt_sigqueueinfo(2) with si_code ${info.code}` };
    case 'none':
      return {
        by: 'kernel',
        ...nobody,
        who: 'an unknown sender',
        how: 'the queue was full, and only its number was kept',
      };
  }
};
