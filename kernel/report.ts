/** How each process ended and what it did: gathered while a machine runs. */
import { unannounced, VECTOR } from '../emulator/api.ts';
import { codeName, signalName } from './abi/signal.ts';
import { CORE_FLAG } from './abi/wait.ts';
import type { Kernel } from './kernel.ts';
import { accessibleLength, copyFromUser } from './mm/user.ts';
import type { Observer } from './observers.ts';
import type { SigInfo, Task } from './task/task.ts';

/** How a process ended: `exit` is its status, or it died of a signal. Addresses are unsigned. */
export type ProcessEnd =
  | { readonly exit: number }
  | {
      readonly signal: string;
      /** Name of si_code, as `SEGV_MAPERR`; the number where it has none. */
      readonly code: string;
      /** si_addr, for faults. */
      readonly address: bigint | null;
      /** Sender, where there is one. */
      readonly from: number | null;
      /** Instruction pointer when the signal was taken. */
      readonly rip: number;
      readonly coreDumped: boolean;
    };

export interface ProcessReport {
  readonly pid: number;
  readonly parent: number;
  /** Path of the executable. */
  readonly program: string;
  /** Name, at most 15 bytes. */
  readonly name: string;
  /** Null while it lives. */
  readonly end: ProcessEnd | null;
  /** Of all its threads. */
  readonly instructions: number;
  readonly syscalls: number;
  /** Handlers entered. */
  readonly signals: number;
}

export interface Report {
  /** By pid of creation; those that still run come last. */
  readonly processes: readonly ProcessReport[];
  /** Sums over all processes. */
  readonly instructions: number;
  readonly syscalls: number;
  readonly signals: number;
  /** Most bytes of memory in use when a process ended or the report was made. */
  readonly memory: number;
  /** What the program asked for and the emulator lacks, one line each. */
  readonly messages: readonly string[];
}

/** The end of a thread-group leader, or of any task by itself. */
export const describeEnd = (task: Task): ProcessEnd | null => {
  const { end } = task;
  if (end === null) return null;
  const signo = end.status & 0x7f;
  if (signo === 0) return { exit: (end.status >> 8) & 0xff };
  const info: SigInfo = end.signal ?? { kind: 'none', signo, errno: 0, code: 0 };
  return {
    signal: signalName(signo),
    code: codeName(info.signo, info.code),
    address: info.kind === 'fault' ? info.address : null,
    from: info.kind === 'kill' || info.kind === 'queue' ? info.pid : null,
    rip: end.rip ?? 0,
    coreDumped: (end.status & CORE_FLAG) !== 0,
  };
};

interface Counts {
  instructions: number;
  syscalls: number;
  signals: number;
}

const add = (to: Counts, from: Counts): void => {
  to.instructions += from.instructions;
  to.syscalls += from.syscalls;
  to.signals += from.signals;
};

/** What a recorder keeps: plain data, part of snapshots. */
export interface Recording {
  readonly ended: ProcessReport[];
  /** Counts of threads that ended before their process, by its id. */
  readonly threads: Map<number, Counts>;
  memory: number;
  readonly messages: string[];
  /** Bytes of the last instruction that raised #UD, and what may follow it. */
  undefinedInstruction: Uint8Array | null;
}

export const newRecording = (): Recording => ({
  ended: [],
  threads: new Map(),
  memory: 0,
  messages: [],
  undefinedInstruction: null,
});

const PAGE = 4096;

const reportOf = (recording: Recording, task: Task, live: readonly Task[]): ProcessReport => {
  const counts: Counts = { instructions: 0, syscalls: 0, signals: 0 };
  for (const thread of live) add(counts, thread);
  const earlier = recording.threads.get(task.group.tgid);
  if (earlier !== undefined) add(counts, earlier);
  const { pid, executable: program, comm: name } = task;
  return { pid, parent: task.parent?.group.tgid ?? 0, program, name, end: describeEnd(task), ...counts };
};

/** Longest instruction (SDM Vol. 2A, 2.3.11). */
const MOST_BYTES = 15;

/** UD0, UD1 and UD2 are there to raise #UD. */
const isMeant = (bytes: Uint8Array): boolean => {
  const opcode = bytes.indexOf(0x0f);
  return opcode >= 0 && opcode < 5 && [0x0b, 0xb9, 0xff].includes(bytes[opcode + 1]!);
};

/** The bytes at rip, as many as an instruction may have. */
export const instructionBytes = (kernel: Kernel, task: Task): Uint8Array => {
  const { rip } = kernel.cpu.state;
  return copyFromUser(task.mm, rip, accessibleLength(task.mm, rip, MOST_BYTES, false));
};

const hexBytes = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** Listens to a machine, records ends, and tells of instructions that the CPU does not have. */
export const recorder = (kernel: Kernel, recording: Recording): Observer => ({
  exception: (task, vector) => {
    if (vector !== VECTOR.UD) return;
    const bytes = instructionBytes(kernel, task);
    recording.undefinedInstruction = bytes;
    if (isMeant(bytes)) return;
    const { rip } = kernel.cpu.state;
    const place = `at 0x${rip.toString(16)}`;
    const known = unannounced(bytes, kernel.cpu.features);
    const what =
      known === null
        ? `unknown instruction ${place}, bytes ${hexBytes(bytes)}`
        : `${known.mnemonic} ${place} needs ${known.missing.join(' and ')}, which the processor does not announce`;
    kernel.log(`${task.comm}: ${what}: SIGILL`);
  },
  exit: (task) => {
    recording.memory = Math.max(recording.memory, kernel.physical.allocated * PAGE);
    const { group } = task;
    const last = group.threads.every((thread) => thread.exiting);
    if (last) {
      recording.ended.push({ ...reportOf(recording, group.leader, [task]) });
      recording.threads.delete(group.tgid);
      return;
    }
    const counts = recording.threads.get(group.tgid) ?? { instructions: 0, syscalls: 0, signals: 0 };
    add(counts, task);
    recording.threads.set(group.tgid, counts);
  },
});

/** The report as of now. */
export const makeReport = (kernel: Kernel, recording: Recording, idle: readonly Task[]): Report => {
  const alive: ProcessReport[] = [];
  for (const task of kernel.tasks.values()) {
    const { group } = task;
    if (idle.includes(task) || group.leader !== task || group.threads.every((thread) => thread.exiting)) continue;
    const live = group.threads.filter((thread) => !thread.exiting);
    alive.push(reportOf(recording, task, live));
  }
  const processes = [...recording.ended.toSorted((a, b) => a.pid - b.pid), ...alive];
  const sums: Counts = { instructions: 0, syscalls: 0, signals: 0 };
  for (const process of processes) add(sums, process);
  return {
    processes,
    ...sums,
    memory: Math.max(recording.memory, kernel.physical.allocated * PAGE),
    messages: [...recording.messages],
  };
};
