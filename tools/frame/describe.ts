/** From a machine that stands at a handler's first instruction to all that there is to say about the frame. */
import { errnoName, RESTART } from '../../kernel/abi/errno.ts';
import { RLIMIT } from '../../kernel/abi/resource.ts';
import {
  FPSTATE,
  type FpuUserCfg,
  formatSigset,
  fpuUserCfg,
  RT_SIGFRAME,
  type SIGCONTEXT,
  UCONTEXT,
  XFEATURE,
  XSTATE_HEADER,
} from '../../kernel/abi/sigframe.ts';
import { codeName, SA, SS, signalName } from '../../kernel/abi/signal.ts';
import { withSignal } from '../../kernel/abi/sigset.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { VM, vmaAt } from '../../kernel/mm/vma.ts';
import { peek, peekStruct, peekUpTo } from '../../kernel/syscalls/format/guest.ts';
import { saFlagsText } from '../../kernel/syscalls/format/signal.ts';
import type { SigAction, SigInfo, Task } from '../../kernel/task/task.ts';
import { type FrameBytes, labelBytes } from './bytes.ts';
import { causeOf } from './cause.ts';
import { explainer } from './explain.ts';
import type {
  Frame,
  FrameReport,
  Handler,
  Interrupted,
  InterruptedCall,
  OuterFrame,
  Restores,
  StackRoom,
} from './facts.ts';
import { mxcsrText, xfeaturesText } from './flags.ts';
import { describeOldFrame, oldFrameSize } from './old-frame.ts';
import { instructionAt, placeOf, type Symbolize } from './places.ts';
import { type Naming, type PtRegs, ptRegs, registerRows } from './registers.ts';

/** What is known from the time before the frame was made. All of it may be missing: then the frame alone speaks. */
export interface Prelude {
  /** Registers when the signal was taken, before a restart was decided upon. */
  readonly before?: PtRegs;
  /** The system call that ended because of the signal, or just before it. */
  readonly call?: { readonly name: string; readonly number: number; readonly text: string; readonly result: number };
  /** As it was when the signal was taken: SA_RESETHAND changes it. */
  readonly action?: SigAction;
  /** Handlers that had not ended, innermost first. */
  readonly outer?: readonly OuterFrame[];
}

/** A frame's place, and what its own fields say. */
export interface FramePlace {
  readonly address: number;
  readonly end: number;
  readonly fpstate: number;
  /** What it has on this processor, and its bytes. */
  readonly xstate: FpuUserCfg['layout'];
  readonly fpstateSize: number;
  readonly onAltstack: boolean;
  /** Lowest address of the alternate stack that the frame is on; 0 on the program's own. */
  readonly low: number;
}

const UC_AT = RT_SIGFRAME.offsets.uc;

/** Reads where the frame at `address` ends. Throws if it cannot be read. */
export const framePlace = (kernel: Kernel, task: Task, address: number, action: SigAction): FramePlace => {
  if (kernel.personality === 'linux-0.11') {
    const { layout } = fpuUserCfg(kernel.cpu.features);
    const end = address + oldFrameSize(action.flags);
    return { address, end, fpstate: 0, xstate: layout, fpstateSize: 0, onAltstack: false, low: 0 };
  }
  const context = peekStruct(task.mm, UCONTEXT, address + UC_AT);
  if (context === null) throw new Error(`there is no signal frame at 0x${address.toString(16)}`);
  const { uc_mcontext, uc_stack } = context;
  const rsp = Number(uc_mcontext.rsp);
  const stackEnd = uc_stack.ss_sp + uc_stack.ss_size;
  const { layout } = fpuUserCfg(kernel.cpu.features);
  const inside = (at: number) => at > uc_stack.ss_sp && at <= stackEnd;
  const onAltstack = uc_stack.ss_size > 0 && inside(address) && !inside(rsp);
  return {
    address,
    end: onAltstack ? stackEnd : rsp,
    fpstate: uc_mcontext.fpstate,
    xstate: layout,
    fpstateSize: layout.size,
    onAltstack,
    low: onAltstack ? uc_stack.ss_sp : 0,
  };
};

/** The frame's bytes as they are now. What cannot be read, at most of the red zone, is zero. */
export const frameBytes = (task: Task, { address, end }: FramePlace): Uint8Array => {
  const bytes = new Uint8Array(end - address);
  bytes.set(peekUpTo(task.mm, address, bytes.length));
  return bytes;
};

const callOf = (prelude: Prelude, action: SigAction): InterruptedCall | null => {
  const { call } = prelude;
  if (call === undefined) return null;
  const { name, number, text, result } = call;
  const code = -result;
  const restart = code >= RESTART.ERESTARTSYS && code <= RESTART.ERESTART_RESTARTBLOCK;
  const returned = result < 0 && result > -4096 ? errnoName(code) : String(result);
  const about = { name, number, text, returned };
  if (!restart) {
    return { ...about, restarts: null, how: `it was over, and had returned ${returned}` };
  }
  const wanted = (action.flags & SA.RESTART) !== 0;
  switch (code) {
    case RESTART.ERESTARTNOINTR:
      return {
        ...about,
        restarts: true,
        how: `starts again whatever the handler's flags: rax is ${number} and rip back at SYSCALL`,
      };
    case RESTART.ERESTARTSYS:
      if (wanted)
        return {
          ...about,
          restarts: true,
          how: `SA_RESTART is set, so it starts again: rax is ${number} and rip back at SYSCALL`,
        };
      return { ...about, restarts: false, how: 'SA_RESTART is not set, so it fails with EINTR' };
    default:
      return { ...about, restarts: false, how: `fails with EINTR, as ${name} does after any handler` };
  }
};

const restoresOf = (task: Task, place: FramePlace, bytes: Uint8Array): Restores => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const context = UCONTEXT.read(view, UC_AT);
  const { ss_sp, ss_flags, ss_size } = context.uc_stack;
  const altstack =
    ss_flags & SS.DISABLE || ss_size === 0
      ? 'none'
      : `0x${ss_sp.toString(16)}, ${ss_size} bytes${ss_flags & SS.AUTODISARM ? ', SS_AUTODISARM' : ''}`;
  const { rip, rsp } = context.uc_mcontext;
  return {
    mask: formatSigset(context.uc_sigmask),
    blockedNow: formatSigset(task.blocked),
    altstack,
    fpState: fpStateText(task, place),
    registers: `all, with rip 0x${rip.toString(16)} and rsp 0x${rsp.toString(16)}`,
  };
};

const fpStateText = (task: Task, { fpstate, xstate }: FramePlace): string => {
  if (fpstate === 0) return 'none in the frame: reset to its initial state';
  const header =
    xstate.size === FPSTATE.size
      ? { xfeatures: BigInt(XFEATURE.FP | XFEATURE.SSE) }
      : peekStruct(task.mm, XSTATE_HEADER, fpstate + FPSTATE.size);
  const mxcsr = peek(task.mm, fpstate + FPSTATE.offsets.mxcsr, 4);
  if (header === null || mxcsr === null) return 'cannot be read: SIGSEGV';
  const word = new DataView(mxcsr.buffer, mxcsr.byteOffset).getUint32(0, true);
  return `${xfeaturesText(header.xfeatures)}; ${mxcsrText(word)}`;
};

const handlerOf = (task: Task, action: SigAction, signo: number, place: FramePlace, symbolize: Symbolize): Handler => {
  const blocked = action.flags & SA.NODEFER ? action.mask : withSignal(action.mask, signo);
  return {
    address: placeOf(task, BigInt(action.handler), symbolize),
    flags: saFlagsText(BigInt(action.flags >>> 0)),
    restorer: placeOf(task, BigInt(action.restorer), symbolize),
    stack: place.onAltstack ? 'alternate' : 'interrupted',
    blocked: formatSigset(blocked),
  };
};

/** The main stack grows down to its limit (setrlimit(2), RLIMIT_STACK); others are as large as they are. */
const roomOf = (task: Task, { address, end, onAltstack, low }: FramePlace): StackRoom => {
  const vma = vmaAt(task.mm, address);
  if (vma === undefined) throw new Error(`there is no stack at 0x${address.toString(16)}`);
  const limit = task.group.rlimits[RLIMIT.STACK]!.soft;
  const grown = (vma.flags & VM.GROWSDOWN) !== 0 && limit < vma.end ? vma.end - limit : vma.start;
  const bottom = onAltstack ? low : Math.min(grown, vma.start);
  const headroom = address - bottom;
  return {
    kind: onAltstack ? 'alternate' : 'normal',
    low: BigInt(bottom),
    high: BigInt(onAltstack ? end : vma.end),
    headroom,
    frames: Math.floor(headroom / (end - address)),
  };
};

/** `SIGUSR1 for demo[1000] from process 1001 (demo), its child: sigqueue(3) ...; interrupted read at __read+0x1d, which restarts`. */
const headlineOf = (report: Omit<FrameReport, 'headline' | 'return'>): string => {
  const { process, signal, cause, interrupted } = report;
  const { call, rip } = interrupted;
  const at = rip.name || `0x${rip.address.toString(16)}`;
  const end =
    call === null ? '' : call.restarts === null ? '' : call.restarts ? ', which restarts' : ', which fails with EINTR';
  const what =
    call === null
      ? `interrupted at ${at}`
      : `${call.restarts === null ? 'after' : 'interrupted'} ${call.name} at ${at}${end}`;
  return `${signal.name} for ${process.name}[${process.pid}] from ${cause.who}: ${cause.how}; ${what}`;
};

/**
 * Describes the frame at `address` on the stack of `task`, whose handler is about to run; nothing in the machine changes.
 * Registers of the task must be in the CPU.
 */
export const describeFrame = (
  kernel: Kernel,
  task: Task,
  address: number,
  info: SigInfo,
  symbolize: Symbolize,
  prelude: Prelude = {},
): FrameReport => {
  const { signo } = info;
  const action = prelude.action ?? task.sighand.action[signo]!;
  const place = framePlace(kernel, task, address, action);
  const bytes = frameBytes(task, place);
  const call = callOf(prelude, action);
  const siginfo = (action.flags & SA.SIGINFO) !== 0;
  const fpstateAt = place.fpstate > address && place.fpstate < place.end ? place.fpstate - address : null;
  const old = kernel.personality === 'linux-0.11' ? describeOldFrame(task, address, action.flags, symbolize) : null;
  const where: FrameBytes = {
    bytes,
    address,
    fpstateAt,
    xstate: place.xstate,
    rspAt: place.onAltstack ? null : place.end - address,
    siginfo,
    signo,
    code: info.code,
  };
  const frame: Frame = {
    address: BigInt(address),
    end: BigInt(place.end),
    size: place.end - address,
    lines: old?.lines ?? labelBytes(where, explainer(task, symbolize, call, place, info)),
  };
  const saved = old !== null ? null : UCONTEXT.read(new DataView(bytes.buffer, bytes.byteOffset), UC_AT).uc_mcontext;
  const rip = saved?.rip ?? old!.rip;
  const interrupted: Interrupted = {
    rip: placeOf(task, rip, symbolize),
    instruction: instructionAt(task, rip),
    call,
  };
  const entry = ptRegs(kernel, task);
  const naming = namingOf(task, place, symbolize, prelude);
  const facts = {
    personality: kernel.personality,
    process: { pid: task.pid, name: task.comm, executable: task.executable },
    signal: { number: signo, name: signalName(signo), code: info.code, codeName: codeName(signo, info.code) },
    cause: causeOf(kernel, task, info),
    interrupted,
    handler: handlerOf(task, action, signo, place, symbolize),
    stack: roomOf(task, place),
    outer: prelude.outer ?? [],
    frame,
    registers: registerRows(naming, prelude.before ?? (saved === null ? entry : fromContext(saved, task)), entry, null),
    restores: old?.restores ?? restoresOf(task, place, bytes),
  };
  return { ...facts, headline: headlineOf(facts), return: null };
};

/** How registers around this frame are named. */
export const namingOf = (task: Task, frame: FramePlace, symbolize: Symbolize, { call }: Prelude): Naming => ({
  task,
  symbolize,
  frame,
  call: call?.number ?? -1,
});

/** Registers as the frame has them, where nobody saw the true ones. */
const fromContext = (saved: ReturnType<typeof SIGCONTEXT.read>, task: Task): PtRegs => ({
  ...saved,
  cs: BigInt(saved.cs),
  ss: BigInt(saved.ss),
  eflags: saved.eflags,
  orig_rax: BigInt.asUintN(64, BigInt(task.origAx)),
});
