/** Requests of io_submit(2) and their events, as strace writes them. */
import { AIO_SIGSET, IO_EVENT, IOCB, IOCB_CMD, IOCB_FLAG } from '../../abi/aio.ts';
import { formatSigset, SIGSET_SIZE } from '../../abi/sigframe.ts';
import { readSigset } from '../../abi/sigset.ts';
import type { FormatContext } from '../row.ts';
import { filledBy, pointerTo } from './argument.ts';
import { peekStruct, peekView } from './guest.ts';
import { address, choice, hex, list, MAX_SHOWN, names } from './text.ts';

type Task = FormatContext['task'];

const opcode = choice(names('IOCB_CMD_', IOCB_CMD), 'IOCB_CMD_???');

const iocbText = (task: Task, at: number): string | null => {
  const read = peekStruct(task.mm, IOCB, at);
  if (read === null) return null;
  const told = read.aio_flags & IOCB_FLAG.RESFD ? `, aio_flags=IOCB_FLAG_RESFD, aio_resfd=${read.aio_resfd | 0}` : '';
  const data = read.aio_data === 0n ? '' : `aio_data=${hex(read.aio_data)}, `;
  return (
    `{${data}aio_lio_opcode=${opcode(read.aio_lio_opcode)}, aio_fildes=${read.aio_fildes | 0}, ` +
    `aio_buf=${address(read.aio_buf)}, aio_nbytes=${read.aio_nbytes}, aio_offset=${read.aio_offset}${told}}`
  );
};

export const iocb = pointerTo((value, { task }) => iocbText(task, value));

/** Pointers to requests; the argument before counts them. */
export const iocbs = pointerTo((value, { task, args, index }) => {
  const count = Math.max(0, Math.min(args[index - 1] ?? 0, MAX_SHOWN + 1));
  const view = peekView(task.mm, value, count * 8);
  if (view === null) return null;
  const pointers = Array.from({ length: count }, (_, each) => Number(view.getBigUint64(each * 8, true)));
  return list(pointers, (pointer) => iocbText(task, pointer) ?? address(pointer));
});

/** Events that the call gave; its result counts them. */
export const outIoEvents = filledBy((value, { task, result = 0 }) => {
  const count = Math.min(result, MAX_SHOWN + 1);
  const view = peekView(task.mm, value, count * IO_EVENT.size);
  if (view === null) return null;
  const events = Array.from({ length: count }, (_, each) => IO_EVENT.read(view, each * IO_EVENT.size));
  return list(
    events,
    ({ data, obj, res, res2 }) => `{data=${hex(data)}, obj=${address(obj)}, res=${res}, res2=${res2}}`,
  );
});

/** The mask of io_pgetevents(2) with its size. */
export const aioSigset = pointerTo((value, { task }) => {
  const set = peekStruct(task.mm, AIO_SIGSET, value);
  if (set === null) return null;
  const mask = set.sigsetsize === SIGSET_SIZE ? peekView(task.mm, set.sigmask, SIGSET_SIZE) : null;
  const text = mask === null ? address(set.sigmask) : formatSigset(readSigset(mask, 0));
  return `{sigmask=${text}, sigsetsize=${set.sigsetsize}}`;
});
