/** seccomp(2), as strace writes it. */
import { SECCOMP_FLAG, SECCOMP_OP } from '../../abi/seccomp.ts';
import { argument } from './argument.ts';
import { choice, flags, names } from './text.ts';

export const seccompOperation = argument('unsigned', choice(names('SECCOMP_', SECCOMP_OP), 'SECCOMP_???'));
export const seccompFlags = argument(
  'unsigned',
  flags(names('SECCOMP_FILTER_FLAG_', SECCOMP_FLAG), 'SECCOMP_FILTER_FLAG_???'),
);
