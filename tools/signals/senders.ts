/** Who sent a signal, from where and by which call. */
import { errnoName } from '../../kernel/abi/errno.ts';
import { SIG } from '../../kernel/abi/signal.ts';
import type { SigInfo, Task } from '../../kernel/task/task.ts';
import { causeOf } from '../frame/cause.ts';
import type { Sender } from './entries.ts';
import { callName, callText, type Records, whoIs } from './records.ts';

/** Calls that send signals for their caller. They never sleep. */
export const SENDING = new Set([
  'kill',
  'tkill',
  'tgkill',
  'rt_sigqueueinfo',
  'rt_tgsigqueueinfo',
  'pidfd_send_signal',
]);

const TIMER_SIGNALS = new Set<number>([SIG.SIGALRM, SIG.SIGVTALRM, SIG.SIGPROF]);

/** The sender of `info` to `task`, at the time of sending. */
export const senderOf = (records: Records, task: Task, info: SigInfo): Sender => {
  const { machine } = records;
  const { current } = machine;
  const { call } = records.of(current);
  if (call !== null && SENDING.has(callName(call.number))) {
    const how = current.group === task.group ? 'the process itself' : 'a process';
    return { by: 'process', who: whoIs(current), call: callText(current, call), how, where: records.where(current) };
  }
  const cause = causeOf(machine, task, info);
  if (cause.by === 'process' && 'pid' in info && info.pid === machine.starter.pid) {
    return { by: 'outside', who: null, call: null, how: 'from outside the machine', where: null };
  }
  if (cause.by === 'processor' || info.kind === 'sys') {
    return { by: cause.by, who: whoIs(task), call: null, how: cause.how, where: records.where(task) };
  }
  const timed = info.kind === 'timer' || (info.kind === 'kill' && TIMER_SIGNALS.has(info.signo));
  const how = cause.by === 'process' ? `the kernel, in the name of ${cause.who}` : cause.how;
  if (info.kind === 'child') {
    const name = machine.tasks.get(info.pid)?.comm ?? '';
    return { by: 'kernel', who: { pid: info.pid, tid: info.pid, name }, call: null, how, where: null };
  }
  // The kernel does it in the course of a call, but for what time alone brings.
  const inCall = !timed && call !== null && current.state === 'running';
  if (!inCall) return { by: 'kernel', who: null, call: null, how, where: null };
  return { by: 'kernel', who: whoIs(current), call: callText(current, call), how, where: records.where(current) };
};

/** Why a call that sends gave an error. */
export const failureText = (errno: number): string => {
  const name = errnoName(errno);
  const why: Readonly<Record<string, string>> = {
    EPERM: 'the sender may not send to it',
    ESRCH: 'there is no such process or thread',
    EINVAL: 'no such signal, or wrong arguments',
    EAGAIN: 'RLIMIT_SIGPENDING is reached',
    EBADF: 'no such descriptor',
    EFAULT: 'its siginfo cannot be read',
  };
  return why[name] === undefined ? name : `${name}: ${why[name]}`;
};
