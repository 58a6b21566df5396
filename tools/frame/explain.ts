/** What single fields of a frame say: names for addresses, words for bits. */
import { ERRNO, errnoName } from '../../kernel/abi/errno.ts';
import type { LayoutLine } from '../../kernel/abi/layout.ts';
import { FP_XSTATE_MAGIC1, FP_XSTATE_MAGIC2, FPSTATE, formatSigset, UC } from '../../kernel/abi/sigframe.ts';
import { fromBits } from '../../kernel/abi/sigset.ts';
import { syscallRow } from '../../kernel/syscalls/table.ts';
import type { SigInfo, Task } from '../../kernel/task/task.ts';
import type { Explain } from './bytes.ts';
import type { InterruptedCall } from './facts.ts';
import {
  controlWordText,
  eflagsNames,
  extendedText,
  mxcsrText,
  pageFaultText,
  statusWordText,
  vectorName,
  xfeaturesText,
} from './flags.ts';
import { type FrameRange, placeOf, placeText, type Symbolize } from './places.ts';

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** `EINTR` for -4 in 64 bits; `''` for what is no error number. */
export const errorName = (value: bigint): string => {
  const signed = BigInt.asIntN(64, value);
  return signed < 0n && signed >= -BigInt(ERRNO.EHWPOISON) ? `-${errnoName(Number(-signed))}` : '';
};

/** General registers and other fields that may hold an address. */
const ADDRESS =
  /^(pretcode|uc\.uc_stack\.ss_sp|uc\.uc_mcontext\.(r\d+|r[a-d]x|r[sd]i|r[bs]p|rip|cr2|fpstate)|info\.si_(addr|call_addr)|fpstate\.r[id]p)$/;

const SCALARS: Readonly<Record<string, (value: bigint) => string>> = {
  'uc.uc_mcontext.eflags': (value) => `RFLAGS ${eflagsNames(value)}`,
  'uc.uc_mcontext.oldmask': (value) => `the signal mask once more: ${formatSigset(fromBits(value))}`,
  'uc.uc_flags': (value) => ucFlagsText(Number(value)),
  'fpstate.cwd': (value) => `x87 control word: ${controlWordText(Number(value))}`,
  'fpstate.swd': (value) => `x87 status word: ${statusWordText(Number(value))}`,
  'fpstate.mxcsr': (value) => `SSE control and status: ${mxcsrText(Number(value))}`,
  'fpstate.sw_reserved.xfeatures': (value) => `components which the frame has room for: ${xfeaturesText(value)}`,
  'xstate_hdr.xfeatures': (value) => `XSTATE_BV, components to restore from here: ${xfeaturesText(value)}`,
};

/** UC_* in words. */
const ucFlagsText = (value: number): string => {
  const parts = [];
  if (value & UC.FP_XSTATE) parts.push('extended state');
  if (value & UC.SIGCONTEXT_SS) parts.push('ss');
  if (value & UC.STRICT_RESTORE_SS) parts.push('ss restored as it is');
  return parts.join(', ') || 'neither extended state nor ss';
};

/** Fields shown in hexadecimal whatever their type says. */
const HEXADECIMAL = /^(uc\.uc_mcontext\.(cs|ss|gs|fs|eflags)|fpstate\.(cwd|swd|twd|fop|mxcsr|mxcsr_mask)|.*magic[12])$/;

const unsignedAt = (view: DataView, at: number, size: number): bigint => {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
  return value;
};

const ARGUMENT_REGISTERS = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'];

/** What a general register holds for the system call: `fd of read`. */
const ofCall = (register: string, call: InterruptedCall | null): string => {
  const general = 'general register';
  if (call === null) return general;
  if (register === 'rcx') return 'return address, put there by SYSCALL';
  if (register === 'r11') return 'RFLAGS, put there by SYSCALL';
  const argument = syscallRow(call.number)?.args[ARGUMENT_REGISTERS.indexOf(register)];
  return argument === undefined ? general : `${argument[0]} of ${call.name}`;
};

/** Explains the fields of a frame at `frame` in the task's memory. */
export const explainer = (
  task: Task,
  symbolize: Symbolize,
  call: InterruptedCall | null,
  place: FrameRange,
  info: SigInfo,
): Explain => {
  // Vector 0 is #DE, and what stands there before any exception.
  const exception = task.trapNr === 0 && info.kind !== 'fault' ? null : vectorName(BigInt(task.trapNr));
  const meaningOf = ({ path, doc }: LayoutLine, value: bigint): string => {
    const own = SCALARS[path];
    if (own !== undefined) return own(value);
    switch (path) {
      case 'uc.uc_mcontext.rax':
        if (call === null) return 'general register';
        if (call.restarts)
          return value === BigInt(call.number)
            ? `number of ${call.name}, which starts again`
            : 'number of restart_syscall(2)';
        return `result of ${call.name}${errorName(value) === '' ? '' : ` (${errorName(value)})`}`;
      case 'uc.uc_mcontext.rip':
        return call?.restarts ? 'the SYSCALL instruction, once more' : 'where the program goes on';
      case 'uc.uc_mcontext.trapno':
        return `vector of the last exception: ${exception ?? 'none yet'}`;
      case 'uc.uc_mcontext.err':
        if (exception === null) return 'error code of the last exception: none yet';
        return `error code of ${exception}${exception === '#PF' ? `: ${pageFaultText(value)}` : ''}`;
      case 'fpstate.sw_reserved.magic1':
        if (value !== BigInt(FP_XSTATE_MAGIC1)) return doc;
        return place.fpstateSize > FPSTATE.size
          ? 'FP_XSTATE_MAGIC1: the state goes on behind these 512 bytes'
          : 'FP_XSTATE_MAGIC1, though without XSAVE nothing follows';
      case 'magic2':
        return value === BigInt(FP_XSTATE_MAGIC2) ? 'FP_XSTATE_MAGIC2: the end of the extended state' : doc;
    }
    if (/^uc\.uc_mcontext\.r(\d+|[a-d]x|[sd]i|bp)$/.test(path))
      return ofCall(path.slice(path.lastIndexOf('.') + 1), call);
    if (path === 'uc.uc_stack.ss_sp' && value === 0n) return 'no alternate stack is set';
    if (/^fpstate\.xmm_space/.test(path)) return `XMM${path.match(/\d+/)![0]}`;
    if (/^ymmh\.ymmh_space/.test(path)) return `high half of YMM${path.match(/\d+/)![0]}`;
    if (/^fpstate\.st_space/.test(path))
      return `ST${path.match(/\d+/)![0]}${value === 0n ? '' : `: ${extendedText(value)}`}`;
    return doc;
  };

  return (line, view) => {
    const at = line.offset + (/^(fpstate|xstate_hdr|ymmh|magic2)/.test(line.path) ? place.fpstate - place.address : 0);
    const value = unsignedAt(view, at, line.size);
    const meaning = meaningOf(line, value);
    if (ADDRESS.test(line.path)) return { value: placeText(placeOf(task, value, symbolize, place)), meaning };
    return { value: HEXADECIMAL.test(line.path) ? hex(value) : line.text, meaning };
  };
};
