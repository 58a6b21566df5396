/** mmap(2) and its family, as strace writes it. */
import { MADV, MAP, MCL, MLOCK_ONFAULT, MREMAP, MS, PROT } from '../../abi/mman.ts';
import { argument } from './argument.ts';
import { address, choice, flagParts, flags, hex, type Names, names } from './text.ts';

export const prot = argument(
  'int',
  flags(names('PROT_', PROT, ['READ', 'WRITE', 'EXEC', 'SEM', 'GROWSDOWN', 'GROWSUP']), 'PROT_???', 'PROT_NONE'),
);

const MAP_TYPES: Names = names('MAP_', MAP, ['SHARED', 'PRIVATE', 'SHARED_VALIDATE', 'DROPPABLE']);
const MAP_FLAGS: Names = names('MAP_', MAP, [
  ...(['FIXED', 'ANONYMOUS', '32BIT', 'ABOVE4G', 'NORESERVE', 'POPULATE', 'NONBLOCK', 'GROWSDOWN'] as const),
  ...(['DENYWRITE', 'EXECUTABLE', 'LOCKED', 'STACK', 'HUGETLB', 'SYNC', 'FIXED_NOREPLACE'] as const),
]);
const HUGE_BITS = MAP.HUGE_MASK << MAP.HUGE_SHIFT;

export const mapFlags = argument('int', (value) => {
  const type = value & MAP.TYPE;
  const known = MAP_TYPES.find(([, bits]) => bits === type);
  const huge = (value & HUGE_BITS) >>> MAP.HUGE_SHIFT;
  return [
    known?.[0] ?? (type === 0 ? 'MAP_FILE' : `${hex(type)} /* MAP_??? */`),
    ...flagParts(MAP_FLAGS, value & ~MAP.TYPE & ~HUGE_BITS),
    ...(huge === 0 ? [] : [`${huge}<<MAP_HUGE_SHIFT`]),
  ].join('|');
});

/** Of mmap(2): pages make no round decimal numbers. */
export const mapOffset = argument('long', hex);

export const mremapFlags = argument('int', flags(names('MREMAP_', MREMAP), 'MREMAP_???'));
/** The new address of mremap(2), which follows its flags. */
export const mremapAddress = argument('pointer', (value, { args, index }) =>
  ((args[index - 1] ?? 0) & (MREMAP.FIXED | MREMAP.DONTUNMAP)) === 0 ? null : address(value),
);

export const msyncFlags = argument('int', flags(names('MS_', MS, ['SYNC', 'ASYNC', 'INVALIDATE']), 'MS_???'));
export const mlockallFlags = argument('int', flags(names('MCL_', MCL), 'MCL_???'));
export const mlockFlags = argument('int', flags([['MLOCK_ONFAULT', MLOCK_ONFAULT]], 'MLOCK_???'));
export const advice = argument('int', choice(names('MADV_', MADV), 'MADV_???'));
