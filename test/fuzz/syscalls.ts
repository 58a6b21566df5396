/** Random system calls: what `guest/fuzz/syscalls.c` is given, and how a run of it is watched. */

import type { CpuKind } from '../../emulator/api.ts';
import { boot } from '../../kernel/index.ts';
import { observe } from '../../kernel/observers.ts';
import type { ArgumentType, SyscallRow } from '../../kernel/syscalls/row.ts';
import { syscallRows } from '../../kernel/syscalls/table.ts';

/** Letters of the guest program's `value()` by names of arguments. */
const KINDS: Readonly<Record<string, string>> = {
  d: 'fd dirfd oldfd newfd olddirfd newdirfd fd_in fd_out in_fd out_fd first last',
  s: 'path pathname oldpath newpath linkpath filename new_root put_old source type target',
  g: 'sig signum',
  P: 'pid tid tgid pgid who id',
  o: 'offset pos length len nbytes',
  z: 'count len size buflen bufsiz sigsetsize vlen liovcnt riovcnt cpusetsize nfds rseq_len',
  m: 'mode dev mask',
  q: 'request',
  c: 'cmd',
  O: 'op',
  t: 'seconds timeout',
};

/** Where a name does not say it. */
const BY_CALL: Readonly<Record<string, string>> = {
  mmap: 'alrMdo',
  munmap: 'al',
  mprotect: 'alr',
  pkey_mprotect: 'alri',
  mremap: 'alzra',
  msync: 'ali',
  mincore: 'alp',
  madvise: 'ali',
  mlock: 'al',
  mlock2: 'alf',
  munlock: 'al',
  brk: 'a',
  clone: 'Cpppp',
  pipe: 'p',
  pipe2: 'pf',
  rt_sigsuspend: 'pz',
  sched_setaffinity: 'Pzp',
  sched_getaffinity: 'Pzp',
  setxattr: 'sspzf',
  lsetxattr: 'sspzf',
  fsetxattr: 'dspzf',
  getxattr: 'sspz',
  lgetxattr: 'sspz',
  fgetxattr: 'dspz',
  removexattr: 'ss',
  lremovexattr: 'ss',
  fremovexattr: 'ds',
  memfd_create: 'sf',
  futex: 'pOippi',
  clone3: 'pz',
};

const kindOf = (name: string, type: ArgumentType): string => {
  const isPointer = type.pass === 'pointer';
  for (const [kind, names] of Object.entries(KINDS)) {
    if (names.split(' ').includes(name) && !(isPointer && kind === 't')) return kind;
  }
  if (name === 'flags') return 'f';
  return isPointer ? 'p' : 'i';
};

/** One line: number and a letter for each of six arguments; those that the call has not are anything. */
const line = (row: SyscallRow): string =>
  `${row.number} ${(BY_CALL[row.name] ?? row.args.map(([name, type]) => kindOf(name, type)).join('')).padEnd(6, 'i')}\n`;

/** Lines for all calls there are, or those named. */
export const callList = (names: readonly string[] = []): string =>
  syscallRows
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .map(line)
    .join('');

export interface FuzzRun {
  /** A line for each child, among what children wrote themselves. */
  readonly stdout: string;
  readonly instructions: number;
  /** How many calls were made, by number; of all processes. */
  readonly made: ReadonlyMap<number, number>;
  /** The last calls, for a report. */
  readonly last: readonly string[];
  readonly end: string;
}

/** Calls that a report of a failure shows. */
const SHOWN = 8;

/** Bound of a run, in instructions: each child is ended after 20 million nanoseconds. */
const INSTRUCTIONS_PER_CHILD = 25_000_000;

export interface FuzzOptions {
  readonly seed: number;
  readonly children: number;
  readonly calls: number;
  readonly cpu: CpuKind;
  readonly names?: readonly string[];
  readonly onCall?: (text: string) => void;
}

/** Runs the program; throws what the machine throws, with the last calls in the message. */
export const fuzzSyscalls = async (program: Uint8Array, options: FuzzOptions): Promise<FuzzRun> => {
  const { seed, children, calls, cpu } = options;
  const box = await boot({
    program,
    args: [String(seed), String(children), String(calls), '/calls'],
    files: { '/calls': callList(options.names), '/tmp/work': { directory: {} } },
    cwd: '/tmp/work',
    cpu,
    memory: 256 << 20,
    limits: { tasks: 200, fileBytes: 64 << 20 },
    deterministic: { seed },
  });
  const made = new Map<number, number>();
  const last: string[] = [];
  observe(box.machine.observers, {
    syscallEntry: (task, number, args) => {
      made.set(number, (made.get(number) ?? 0) + 1);
      const text = `${task.pid}: ${number}(${args.map((a) => a.toString(16)).join(', ')})`;
      options.onCall?.(text);
      last.push(text);
      if (last.length > SHOWN) last.shift();
    },
  });
  try {
    const stop = await box.runUntil({ instructions: children * INSTRUCTIONS_PER_CHILD });
    const { instructions } = box.machine.cpu;
    const end = stop.kind === 'exit' ? JSON.stringify(stop.end) : stop.kind;
    return { stdout: box.stdout, instructions, made, last, end };
  } catch (error) {
    throw new Error(`seed ${seed}, after ${last.join('; ')}`, { cause: error });
  }
};
