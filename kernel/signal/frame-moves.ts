/**
 * What registers and a signal frame exchange, as moves that become one function each: frames are written and read at every
 * signal. Where fields are is `abi/sigframe.ts`'s to say, what is in them `frame.ts`'s and `return.ts`'s.
 */
import { type Field, moves, REG, type Source, stateOffset } from '../../emulator/api.ts';
import { RT_SIGFRAME, SIGCONTEXT, STACK_T, UCONTEXT } from '../abi/sigframe.ts';

/** Selectors of 64-bit user code and of data (arch/x86/include/asm/segment.h). */
export const USER_CS = 0x33;
export const USER_DS = 0x2b;

/** Byte offsets in the frame. */
export const FRAME_AT = {
  uc: RT_SIGFRAME.offsets.uc,
  flags: RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_flags,
  link: RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_link,
  stack: RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_stack,
  context: RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_mcontext,
  mask: RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_sigmask,
  info: RT_SIGFRAME.offsets.info,
} as const;

const inFrame = (offset: number, bytes: Field['bytes'] = 8): Field => ({ of: 'area', offset, bytes });
const inStack = (name: keyof typeof STACK_T.offsets, bytes: Field['bytes'] = 8): Field =>
  inFrame(FRAME_AT.stack + STACK_T.offsets[name], bytes);
const inContext = (name: keyof typeof SIGCONTEXT.offsets, bytes: Field['bytes'] = 8): Field =>
  inFrame(FRAME_AT.context + SIGCONTEXT.offsets[name], bytes);
const general = (register: number): Field => ({ of: 'state', offset: stateOffset('gpr') + register * 8, bytes: 8 });
const state = (name: 'rip' | 'cs' | 'ss', bytes: Field['bytes']): Field => ({
  of: 'state',
  offset: stateOffset(name),
  bytes,
});

/** General registers in sigcontext's order, which is nobody else's. */
const GENERAL = [
  ...(['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'] as const),
  ...(['rdi', 'rsi', 'rbp', 'rbx', 'rdx', 'rax', 'rcx', 'rsp'] as const),
] as const;

/** Registers that are the same in the CPU's state and in the frame: [state, frame]. */
const REGISTERS: readonly (readonly [Field, Field])[] = [
  ...GENERAL.map((name): readonly [Field, Field] => [general(REG[name]), inContext(name)]),
  [state('rip', 8), inContext('rip')],
];

const argument = (index: number): Source => ({ argument: index });

/**
 * Stores all of a frame but siginfo, cr2 and signal sets. Arguments: restorer, `uc_flags`; alternate stack's start, flags and
 * size; RFLAGS, error code, number of the exception, address of the floating-point state.
 */
export const SAVE_CONTEXT = moves([
  { to: inFrame(RT_SIGFRAME.offsets.pretcode), from: argument(0) },
  { to: inFrame(FRAME_AT.flags), from: argument(1) },
  { to: inFrame(FRAME_AT.link), from: { constant: 0 } },
  { to: inStack('ss_sp'), from: argument(2) },
  { to: inStack('ss_flags', 4), from: argument(3) },
  { to: inStack('ss_size'), from: argument(4) },
  ...REGISTERS.map(([register, place]) => ({ to: place, from: register })),
  { to: inContext('eflags'), from: argument(5) },
  { to: inContext('cs', 2), from: state('cs', 2) },
  { to: inContext('gs', 2), from: { constant: 0 } },
  { to: inContext('fs', 2), from: { constant: 0 } },
  { to: inContext('ss', 2), from: state('ss', 2) },
  { to: inContext('err'), from: argument(6) },
  { to: inContext('trapno'), from: argument(7) },
  { to: inContext('fpstate'), from: argument(8) },
]);

/** Loads general registers and rip from a frame. */
export const LOAD_REGISTERS = moves(REGISTERS.map(([register, place]) => ({ to: register, from: place })));

/** Points registers at a handler. Arguments: signal, address of siginfo, of ucontext, of the handler, of the frame. */
export const ENTER_HANDLER = moves([
  { to: general(REG.rdi), from: argument(0) },
  // For handlers declared without a prototype.
  { to: general(REG.rax), from: { constant: 0 } },
  { to: general(REG.rsi), from: argument(1) },
  { to: general(REG.rdx), from: argument(2) },
  { to: state('rip', 8), from: argument(3) },
  { to: general(REG.rsp), from: argument(4) },
  { to: state('cs', 2), from: { constant: USER_CS } },
  { to: state('ss', 2), from: { constant: USER_DS } },
]);
