/**
 * System calls and signals as they happen, in the format of strace(1) 6.x with `-f`.
 *
 * Two things differ, because nobody here is stopped by ptrace(2): a signal that is ignored does not interrupt the call
 * during which it came, and is shown when the call is over; and children are not announced with lines of their own.
 */
import { REG } from '../../emulator/api.ts';
import { errnoName, RESTART } from '../../kernel/abi/errno.ts';
import { SIG, SIG_DFL, signalName } from '../../kernel/abi/signal.ts';
import { inSet, KERNEL_STOP } from '../../kernel/abi/sigset.ts';
import { strerror } from '../../kernel/abi/strerror.ts';
import { syscallName } from '../../kernel/abi/syscalls.ts';
import { CORE_FLAG, exitCode, termSignal } from '../../kernel/abi/wait.ts';
import type { Observer } from '../../kernel/observers.ts';
import { environmentText, siginfoText } from '../../kernel/syscalls/args.ts';
import { peek, peekString } from '../../kernel/syscalls/format/guest.ts';
import { hex, list, quote, quoteStart } from '../../kernel/syscalls/format/text.ts';
import type { FormatContext, SyscallRow } from '../../kernel/syscalls/row.ts';
import { syscallRow } from '../../kernel/syscalls/table.ts';
import { isOrphaned } from '../../kernel/task/pids.ts';
import type { SigInfo, Task } from '../../kernel/task/task.ts';
import { REGISTERS_SET } from '../../kernel/task/wait.ts';
import { ENTRY_TEXT, RESULT_TEXT } from './special.ts';

export interface StraceOptions {
  /** Each line begins with the process's number, as strace writes to a file; else only while there are several. */
  readonly pids?: 'always' | 'several';
}

/** Column of the `=`. */
const RESULT_COLUMN = 40;

const RESTART_TEXTS: Readonly<Record<number, string>> = {
  [RESTART.ERESTARTSYS]: 'ERESTARTSYS (To be restarted if SA_RESTART is set)',
  [RESTART.ERESTARTNOINTR]: 'ERESTARTNOINTR (To be restarted)',
  [RESTART.ERESTARTNOHAND]: 'ERESTARTNOHAND (To be restarted if no handler)',
  [RESTART.ERESTART_RESTARTBLOCK]: 'ERESTART_RESTARTBLOCK (Interrupted by signal)',
};

/** A call that has begun and not ended. */
interface Call {
  readonly name: string;
  readonly row: SyscallRow | undefined;
  readonly args: readonly number[];
  /** Arguments from here on are shown when it ends; past the last when there are none. */
  readonly next: number;
  /** Whether an argument precedes them. */
  readonly separator: boolean;
}

interface Tracee {
  readonly pid: number;
  call: Call | null;
  /** Ignored signals that came during the call. */
  ignored: SigInfo[];
  /** The call before this one: what restart_syscall(2) goes on with. */
  previous: string;
  /** The signal whose action is the death that follows. */
  taken: number;
}

const MAX_ERRNO = 4095;

/** `= 3`, `= -1 ENOENT (No such file or directory)`, `= ? ERESTARTSYS (...)`. */
const resultText = (name: string, result: number, context: FormatContext): string => {
  if (result >= 0 || result < -MAX_ERRNO) return RESULT_TEXT[name]?.(result, context) ?? String(result);
  const restart = RESTART_TEXTS[-result];
  if (restart !== undefined) return `? ${restart}`;
  return `-1 ${errnoName(-result)} (${strerror(-result)})`;
};

class Printer implements Observer {
  readonly #write: (line: string) => void;
  readonly #always: boolean;
  readonly #tracees = new Map<number, Tracee>();
  /** The line that is begun, and whose call it is. */
  #open: { readonly tracee: Tracee; readonly text: string } | null = null;

  constructor(write: (line: string) => void, options: StraceOptions) {
    this.#write = write;
    this.#always = options.pids === 'always';
  }

  syscallEntry(task: Task, number: number, args: readonly number[]): void {
    const tracee = this.#tracee(task, 1);
    this.#cut();
    const row = syscallRow(number);
    const name = row?.name ?? syscallName(number) ?? `syscall_${hex(number >>> 0)}`;
    const { text, ...rest } = entryText(name, row, contextOf(task, args), tracee.previous);
    tracee.call = { name, row, args, ...rest };
    this.#open = { tracee, text: `${this.#prefix(tracee)}${name}(${text}` };
  }

  syscallExit(task: Task, _number: number, _args: readonly number[], value: number): void {
    const tracee = this.#tracee(task, 1);
    const { call } = tracee;
    if (call === null) return;
    const result = value === REGISTERS_SET ? Number(BigInt.asIntN(64, task.mm.kernel.cpu.state.get(REG.rax))) : value;
    // strace never sees the end of a call that SIGKILL, or the end of the process, broke off.
    if (RESTART_TEXTS[-result] !== undefined && isKilled(task)) return;
    const context = contextOf(task, call.args, result);
    if (/^(clone3?|v?fork)$/.test(call.name) && result > 0) this.#know(result);
    const text = this.#resume(tracee, call) + exitText(call, context);
    this.#end(text, resultText(call.name, result, context));
    tracee.previous = call.name;
    tracee.call = null;
    for (const info of tracee.ignored.splice(0)) this.#signal(tracee, info);
  }

  signalIgnored(task: Task, info: SigInfo): void {
    const tracee = this.#tracees.get(task.pid);
    if (tracee === undefined) return;
    if (tracee.call !== null) tracee.ignored.push(info);
    else this.#signal(tracee, info);
  }

  signalTaken(task: Task, info: SigInfo): void {
    const { signo } = info;
    const tracee = this.#tracee(task);
    this.#signal(tracee, info);
    tracee.taken = signo;
    const { handler } = task.sighand.action[signo]!;
    if (handler !== SIG_DFL || !inSet(KERNEL_STOP, signo)) return;
    if (signo !== SIG.SIGSTOP && isOrphaned(task.mm.kernel, task.group.pgid)) return;
    this.#line(tracee, `--- stopped by ${signalName(signo)} ---`);
  }

  exit(task: Task): void {
    const tracee = this.#tracee(task);
    const { call } = tracee;
    if (call !== null) {
      // What was to be shown at the call's end never will be.
      const complete = call.next >= (call.row?.args.length ?? 0);
      this.#end(`${this.#resume(tracee, call)}${complete ? '' : ' <unfinished ...>'})`, '?');
    }
    const status = task.exitCode;
    const signo = termSignal(status);
    const cause = task.end?.signal;
    if (cause !== undefined && signo !== SIG.SIGKILL && tracee.taken !== signo) this.#signal(tracee, cause);
    const core = status & CORE_FLAG ? ' (core dumped)' : '';
    const how = signo === 0 ? `exited with ${exitCode(status)}` : `killed by ${signalName(signo)}${core}`;
    this.#line(tracee, `+++ ${how} +++`);
    this.#tracees.delete(task.pid);
  }

  /** The task's entry, made when it is first heard of; `syscalls` is its count then if it was traced from its start. */
  #tracee(task: Task, syscalls = 0): Tracee {
    const known = this.#tracees.get(task.pid);
    if (known !== undefined) return known;
    const first = this.#tracees.size === 0;
    const tracee = this.#know(task.pid);
    if (first && task.syscalls <= syscalls && !task.exiting) this.#end(execText(this.#prefix(tracee), task), '0');
    return tracee;
  }

  #know(pid: number): Tracee {
    const known = this.#tracees.get(pid);
    if (known !== undefined) return known;
    const tracee: Tracee = { pid, call: null, ignored: [], previous: '', taken: 0 };
    this.#tracees.set(pid, tracee);
    return tracee;
  }

  #prefix({ pid }: Tracee): string {
    if (this.#always) return `${String(pid).padEnd(5)} `;
    return this.#tracees.size > 1 ? `[pid ${String(pid).padStart(5)}] ` : '';
  }

  /** Ends a line that another one interrupts. */
  #cut(): void {
    if (this.#open === null) return;
    this.#write(`${this.#open.text} <unfinished ...>`);
    this.#open = null;
  }

  /** The line begun by this call, or one that says that it goes on. */
  #resume(tracee: Tracee, call: Call): string {
    const text = this.#open?.tracee === tracee ? this.#open.text : null;
    if (text === null) this.#cut();
    this.#open = null;
    return text ?? `${this.#prefix(tracee)}<... ${call.name} resumed>`;
  }

  #end(text: string, result: string): void {
    this.#write(`${`${text} `.padEnd(RESULT_COLUMN)}= ${result}`);
  }

  #line(tracee: Tracee, text: string): void {
    this.#cut();
    this.#write(this.#prefix(tracee) + text);
  }

  #signal(tracee: Tracee, info: SigInfo): void {
    this.#line(tracee, `--- ${signalName(info.signo)} ${siginfoText(info)} ---`);
  }
}

/** The task will end without another word: by SIGKILL, or with its process. */
const isKilled = (task: Task): boolean => {
  const { groupExiting, groupExitCode } = task.group;
  if (!groupExiting) return task.mm.kernel.fatalSignalPending(task);
  const signo = termSignal(groupExitCode);
  return signo === 0 || signo === SIG.SIGKILL;
};

const contextOf = (task: Task, args: readonly number[], result?: number): FormatContext => ({
  kernel: task.mm.kernel,
  task,
  args,
  index: 0,
  result,
});

/** Arguments up to the first that the call fills, and where that is. */
const entryText = (name: string, row: SyscallRow | undefined, context: FormatContext, previous: string) => {
  const end = row?.args.length ?? 0;
  const all = (text: string) => ({ text, next: end, separator: text !== '' });
  if (row === undefined) return all(context.args.map((value) => hex(value)).join(', '));
  if (name === 'restart_syscall') return all(`<... resuming interrupted ${previous} ...>`);
  const special = ENTRY_TEXT[name];
  if (special !== undefined) return all(special(context));
  const parts: string[] = [];
  for (let index = 0; index < end; index++) {
    const [, type] = row.args[index]!;
    const shown = type.format(context.args[index]!, { ...context, index });
    if (shown === null) return all(parts.join(', '));
    if (type.out) {
      const text = parts.map((part) => `${part}, `).join('');
      return { text, next: index, separator: false };
    }
    if (shown !== '') parts.push(shown);
  }
  return all(parts.join(', '));
};

/** The arguments that are left, and the parenthesis. */
const exitText = ({ row, args, next, separator }: Call, context: FormatContext): string => {
  const parts: string[] = [];
  for (let index = next; index < (row?.args.length ?? 0); index++) {
    const shown = row!.args[index]![1].format(args[index]!, { ...context, index });
    if (shown === null) break;
    if (shown !== '') parts.push(shown);
  }
  return `${separator && parts.length > 0 ? ', ' : ''}${parts.join(', ')})`;
};

/** The execve(2) that started the first program, from what it left on the stack. */
const execText = (prefix: string, { mm }: Task): string => {
  const file = peekString(mm, mm.envEnd, 4096)?.bytes ?? new Uint8Array(0);
  const argv = strings(peek(mm, mm.argStart, mm.argEnd - mm.argStart) ?? new Uint8Array(0));
  const envp = strings(peek(mm, mm.envStart, mm.envEnd - mm.envStart) ?? new Uint8Array(0));
  const envpAt = mm.startStack + 8 * (argv.length + 2);
  const shown = list(argv, (each) => quoteStart(each, each.length));
  return `${prefix}execve(${quote(file)}, ${shown}, ${environmentText(envpAt, envp.length)})`;
};

/** Strings that each end with a NUL. */
const strings = (bytes: Uint8Array): Uint8Array[] => {
  const found: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const nul = bytes.indexOf(0, start);
    const end = nul < 0 ? bytes.length : nul;
    found.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return found;
};

/** An observer that writes a trace, line by line, without line ends. Give it to a machine before its first instruction. */
export const strace = (write: (line: string) => void, options: StraceOptions = {}): Observer =>
  new Printer(write, options);
