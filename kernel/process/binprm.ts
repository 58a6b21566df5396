/**
 * What execve(2) knows of the program to be (struct linux_binprm), and its arguments: collected from the old address space,
 * counted against the limits, later put on the new stack.
 */
import { USER_END } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { RLIMIT } from '../abi/resource.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Mm } from '../mm/mm.ts';
import { getUserLong, readCBytes } from '../mm/user.ts';
import type { Task } from '../task/task.ts';

/** Longest single argument, its NUL included (MAX_ARG_STRLEN). */
const MAX_ARG_STRLEN = 32 * 4096;
const MAX_ARG_STRINGS = 0x7fffffff;
/** At least this much is allowed for arguments whatever the stack limit (ARG_MAX). */
const ARG_MAX = 128 * 1024;
/** Default of RLIMIT_STACK; three quarters of it bound the arguments (_STK_LIM). */
const STACK_LIMIT = 8 * 2 ** 20;

/** First bytes of the file that tell its format (BINPRM_BUF_SIZE). */
export const BINPRM_BUF_SIZE = 256;

/** End of the stack, and of user space. */
export const STACK_TOP = USER_END;

export interface Binprm {
  /** Being loaded: the program, or for scripts in the end the interpreter. One reference. */
  file: OpenFile;
  /** Byte string: as given to execve; AT_EXECFN. */
  readonly filename: string;
  /** Byte string: what the file being loaded is called; differs from `filename` for the interpreter of a script. */
  interp: string;
  /** A script could not be opened by its name after exec: /dev/fd/N of a close-on-exec descriptor. */
  readonly pathInaccessible: boolean;
  /** First bytes of `file`, zero beyond its end. */
  buf: Uint8Array;
  /** Without NULs. */
  argv: Uint8Array[];
  envp: Uint8Array[];
  /** Lowest byte of strings on the stack so far, and how low they may go. */
  p: number;
  argMin: number;
  /** The old program is gone: an error kills. */
  pointOfNoReturn: boolean;
}

/** Where arguments come from: guest memory, or for the first program ourselves. */
export type Strings =
  | { readonly kind: 'user'; readonly mm: Mm; readonly address: number }
  | { readonly kind: 'kernel'; readonly strings: readonly Uint8Array[] };

/** Addresses of the strings of an argument vector (count). -E2BIG; throws `UserFault`. */
const pointersOf = (source: Strings & { kind: 'user' }): number[] | number => {
  const pointers: number[] = [];
  if (source.address === 0) return pointers;
  for (;;) {
    const pointer = getUserLong(source.mm, source.address + pointers.length * 8);
    if (pointer === 0) return pointers;
    if (pointers.length >= MAX_ARG_STRINGS) return -ERRNO.E2BIG;
    pointers.push(pointer);
  }
};

/**
 * Collects both vectors and the file name, in Linux's order, so that the same error comes first: counting, the limit on
 * pointers, then each string from the last. 0, -E2BIG; throws `UserFault`.
 */
export const collectStrings = (task: Task, bprm: Binprm, argv: Strings, envp: Strings): number => {
  const args = argv.kind === 'user' ? pointersOf(argv) : argv.strings;
  if (typeof args === 'number') return args;
  const environment = envp.kind === 'user' ? pointersOf(envp) : envp.strings;
  if (typeof environment === 'number') return environment;

  bprm.p = STACK_TOP - 8;
  const stackLimit = task.group.rlimits[RLIMIT.STACK]!.soft;
  const limit = Math.max(Math.min((STACK_LIMIT / 4) * 3, Math.floor(stackLimit / 4)), ARG_MAX);
  const pointers = (Math.max(args.length, 1) + environment.length) * 8;
  if (limit <= pointers) return -ERRNO.E2BIG;
  bprm.argMin = bprm.p - (limit - pointers);

  const named = pushBytes(bprm, bprm.filename.length);
  if (named < 0) return named;
  for (const [from, to] of [
    [environment, bprm.envp],
    [args, bprm.argv],
  ] as const) {
    for (let i = from.length - 1; i >= 0; i--) {
      const string = from[i]!;
      const bytes = typeof string === 'number' ? readCBytes(task.mm, string, MAX_ARG_STRLEN) : string;
      if (bytes === null || bytes.length >= MAX_ARG_STRLEN) return -ERRNO.E2BIG;
      const pushed = pushBytes(bprm, bytes.length);
      if (pushed < 0) return pushed;
      to.push(bytes);
    }
    to.reverse();
  }
  return bprm.argv.length === 0 ? pushArgument(bprm, new Uint8Array(0)) : 0;
};

/** Makes room for a string and its NUL. 0 or -E2BIG. */
const pushBytes = (bprm: Binprm, length: number): number => {
  bprm.p -= length + 1;
  return bprm.p < bprm.argMin ? -ERRNO.E2BIG : 0;
};

/** A new first argument (copy_string_kernel). 0 or -E2BIG. */
export const pushArgument = (bprm: Binprm, bytes: Uint8Array): number => {
  const error = pushBytes(bprm, bytes.length);
  if (error === 0) bprm.argv.unshift(bytes);
  return error;
};

/** The first argument goes; its room is kept, as the kernel counts (remove_arg_zero). */
export const removeArgumentZero = (bprm: Binprm): void => {
  const first = bprm.argv.shift();
  if (first !== undefined) bprm.p += first.length + 1;
};
