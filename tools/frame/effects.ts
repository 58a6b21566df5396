/** What rt_sigreturn(2) makes of a field that a handler changed (`kernel/signal/return.ts` does it). */
import { MXCSR_MASK, UC } from '../../kernel/abi/sigframe.ts';
import { SS } from '../../kernel/abi/signal.ts';
import { fromBits, intersects, KERNEL_ONLY } from '../../kernel/abi/sigset.ts';
import { vmaAt } from '../../kernel/mm/vma.ts';
import { FIX_EFLAGS } from '../../kernel/signal/return.ts';
import type { Task } from '../../kernel/task/task.ts';
import { eflagsNames } from './flags.ts';

const RESTORED = 'restored';
const NOT_READ = 'not read';

/** Fields which are there for the handler only. */
const UNREAD =
  /^(pretcode|info\b.*|uc\.uc_link|uc\.uc_mcontext\.(gs|fs|err|trapno|oldmask|cr2|reserved1.*)|fpstate\.(mxcsr_mask|reserved2.*))$/;
/** One wrong number of these, and the rest of the extended state is not looked at. */
const DESCRIPTION = /^(fpstate\.sw_reserved\.(magic1|extended_size|xstate_size)|magic2)$/;
const USER_LIMIT = 1n << 47n;

const flagsEffect = (before: bigint, after: bigint): string => {
  const changed = before ^ after;
  const kept = changed & ~BigInt(FIX_EFLAGS >>> 0);
  if (kept === 0n) return RESTORED;
  const names = eflagsNames(kept).slice(1, -1);
  const which = names === '' ? 'bits that user code cannot change' : names;
  return kept === changed ? `ignored: ${which}` : `restored, but for ${which}`;
};

const maskEffect = (after: bigint): string => {
  const never = intersects(fromBits(after), KERNEL_ONLY);
  return never ? 'becomes the mask, without SIGKILL and SIGSTOP' : 'becomes the mask';
};

const ripEffect = (task: Task, after: bigint): string => {
  if (BigInt.asUintN(64, BigInt.asIntN(48, after)) !== after) return 'refused: not canonical';
  if (after >= USER_LIMIT || vmaAt(task.mm, Number(after)) === undefined) {
    return 'restored, and nothing is mapped there: the next instruction faults';
  }
  return RESTORED;
};

const selectorEffect = (after: bigint, good: number, strict: boolean): string => {
  if ((Number(after) | 3) === good) return RESTORED;
  return strict ? 'refused: no such segment' : 'ignored: without UC_STRICT_RESTORE_SS it is the one of user data';
};

const stackEffect = (path: string, after: bigint): string => {
  if (!path.endsWith('ss_flags')) return 'becomes that of the alternate stack, as by sigaltstack(2)';
  const mode = Number(BigInt.asUintN(32, after)) & ~SS.AUTODISARM;
  return mode === 0 || mode === SS.ONSTACK || mode === SS.DISABLE
    ? 'becomes that of the alternate stack, as by sigaltstack(2)'
    : 'ignored, with all of uc_stack: sigaltstack(2) would fail';
};

/** In words. `ucFlags` is the frame's now. */
export const effectOf = (task: Task, path: string, before: bigint, after: bigint, ucFlags: number): string => {
  if (UNREAD.test(path)) return NOT_READ;
  if (DESCRIPTION.test(path)) return 'of the extended state only what FXRSTOR knows is restored';
  if (path.startsWith('uc.uc_stack.')) return stackEffect(path, after);
  switch (path) {
    case 'uc.uc_flags':
      return (before ^ after) & BigInt(UC.STRICT_RESTORE_SS) ? 'says whether ss is restored as it is' : NOT_READ;
    case 'uc.uc_mcontext.eflags':
      return flagsEffect(before, after);
    case 'uc.uc_mcontext.rip':
      return ripEffect(task, after);
    case 'uc.uc_mcontext.cs':
      return selectorEffect(after, 0x33, true);
    case 'uc.uc_mcontext.ss':
      return selectorEffect(after, 0x2b, (ucFlags & UC.STRICT_RESTORE_SS) !== 0);
    case 'uc.uc_sigmask':
      return maskEffect(after);
    case 'uc.uc_mcontext.fpstate':
      return after === 0n ? 'the extended state is reset' : 'the extended state comes from there';
    case 'fpstate.mxcsr':
      return after & ~BigInt(MXCSR_MASK) ? 'refused: reserved bits' : RESTORED;
    case 'xstate_hdr.xfeatures':
      return 'says which components are restored, and which are reset';
    default:
      return /^xstate_hdr\./.test(path) ? 'refused: must be zero' : RESTORED;
  }
};
