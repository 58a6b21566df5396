/**
 * Contexts of asynchronous input and output (fs/aio.c; io_setup(2)): a ring of events in memory that the process sees too,
 * who waits for them, and how a request completes.
 */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { AIO_RING, AIO_RING_MAGIC, IO_EVENT } from '../abi/aio.ts';
import { ERRNO } from '../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { doMunmap, mapShared } from '../mm/mmap.ts';
import { type AddressSpace, cachedPage, dropPages, type MappedObject, newSharedMemory } from '../mm/pagecache.ts';
import { getUser32, UserFault } from '../mm/user.ts';
import { VM } from '../mm/vma.ts';
import { type WaitQueue, type Watcher, waitQueue, wakeAll } from '../task/wait.ts';
import { eventfdSignal } from './eventfd.ts';
import { fput } from './inode.ts';
import type { OpenFile } from './types.ts';

/** struct kioctx. */
export interface AioContext {
  readonly ops: { exit(kernel: Kernel, context: AioContext): void };
  /** Index in `Mm.aio`, which the ring has too. */
  id: number;
  /** Where the ring is mapped: the guest's name of the context. */
  address: number;
  /** Bytes of the ring, and events that it has room for. */
  size: number;
  nr: number;
  /** Requests that it was made for: its part of `Vfs.aioNr`. */
  max: number;
  /** Requests that may still be submitted; those whose events were not taken count against it. */
  available: number;
  /** Events whose requests do count. */
  completed: number;
  /** The kernel's copy, which the guest cannot change. */
  tail: number;
  dead: boolean;
  /** The ring's pages. */
  ring: AddressSpace;
  /** Who waits for events; each says how many in `wait.data.aioMin`. */
  wait: WaitQueue;
  /** Requests in flight, and who waits until there are none. */
  inFlight: number;
  idle: WaitQueue;
  /** Requests in flight that can be cancelled (active_reqs). */
  polls: AioPoll[];
}

/** What a request holds until it completes (struct aio_kiocb). */
export interface AioRequest {
  context: AioContext;
  /** Address of the guest's struct iocb, and its aio_data. */
  object: number;
  data: bigint;
  file: OpenFile;
  /** Told of the completion. */
  eventfd: OpenFile | null;
}

/** A request to be told of a file's readiness. */
export interface AioPoll extends Watcher {
  request: AioRequest;
  /** Where it waits; Linux does so on one queue alone. */
  queue: WaitQueue;
}

/** Takes a poll off its queue and out of its context's list. */
export const dropPoll = (poll: AioPoll): void => {
  const { polls } = poll.request.context;
  const watchers = poll.queue.watchers!;
  watchers.splice(watchers.indexOf(poll), 1);
  polls.splice(polls.indexOf(poll), 1);
};

interface RingObject extends MappedObject {
  context: AioContext;
}

const ringOps: MappedObject['ops'] = Object.freeze<MappedObject['ops']>({
  opened: () => {},
  closed: (kernel, object) => {
    const { context } = object as RingObject;
    if (context.dead && context.ring.vmas === 0) dropPages(kernel, context.ring, 0);
  },
  // The context is known by its ring's address; to a child of fork, which has the mapping alone, it is not (aio_ring_mremap).
  moving: (object, mm, target) => {
    const { context } = object as RingObject;
    if (mm.aio[context.id] !== context) return -ERRNO.EINVAL;
    context.address = target;
    return 0;
  },
});

const contextOps: AioContext['ops'] = Object.freeze<AioContext['ops']>({
  exit: (kernel, context) => killContext(kernel, context),
});

/** More events than this in one ring are refused. */
const MOST_EVENTS = 0x10000000 / IO_EVENT.size;
/** Room for completions on each of the processors, of which there is one (ioctx_alloc). */
const LEAST_REQUESTS = 4;

const view = (kernel: Kernel, { ring }: AioContext, at: number): [view: DataView, at: number] => {
  const frame = ring.pages.get(Math.floor(at / PAGE_SIZE))!;
  return [kernel.physical.view, frame * PAGE_SIZE + (at % PAGE_SIZE)];
};

type RingField = keyof typeof AIO_RING.offsets;

const ringField = (kernel: Kernel, context: AioContext, field: RingField): number => {
  const [bytes, at] = view(kernel, context, AIO_RING.offsets[field]);
  return bytes.getUint32(at, true);
};

const setRingField = (kernel: Kernel, context: AioContext, field: RingField, value: number): void => {
  const [bytes, at] = view(kernel, context, AIO_RING.offsets[field]);
  kernel.physical.aboutToWrite(Math.floor(at / PAGE_SIZE));
  bytes.setUint32(at, value, true);
};

/** A context for `max` requests in the current address space, or -errno (ioctx_alloc). */
export const newContext = (kernel: Kernel, mm: Mm, max: number): AioContext | number => {
  const { vfs } = kernel;
  const wanted = Math.max(max, LEAST_REQUESTS) * 2;
  if (wanted > MOST_EVENTS) return -ERRNO.EINVAL;
  if (max > vfs.aioMaxNr) return -ERRNO.EAGAIN;
  // Linux asks for two events more than are needed, for good luck.
  const pages = Math.ceil((AIO_RING.size + IO_EVENT.size * (wanted + 2)) / PAGE_SIZE);
  const size = pages * PAGE_SIZE;
  const nr = Math.floor((size - AIO_RING.size) / IO_EVENT.size);
  const object: MappedObject = { ops: ringOps, name: '/[aio] (deleted)', ino: ++kernel.vfs.anonfs.nextIno };
  const ring = { ...newSharedMemory(), object };
  const free = mm.aio.indexOf(null);
  const context: AioContext = {
    ...{ ops: contextOps, id: free < 0 ? mm.aio.length : free, address: 0, size, nr, max },
    ...{ available: nr - 1, completed: 0, tail: 0, dead: false, ring },
    ...{ wait: waitQueue(), inFlight: 0, idle: waitQueue(), polls: [] },
  };
  (object as RingObject).context = context;
  try {
    for (let page = 0; page < pages; page++) cachedPage(kernel, ring, page, null);
  } catch (thrown) {
    dropPages(kernel, ring, 0);
    throw thrown;
  }
  const address = vfs.aioNr + max > vfs.aioMaxNr ? -ERRNO.EAGAIN : mapRing(mm, size, ring);
  if (address < 0) {
    dropPages(kernel, ring, 0);
    return address;
  }
  vfs.aioNr += max;
  context.address = address;
  const fields = { id: context.id, nr, head: 0, tail: 0, magic: AIO_RING_MAGIC };
  const [bytes, at] = view(kernel, context, 0);
  const features = { compat_features: 1, incompat_features: 0, header_length: AIO_RING.size };
  AIO_RING.write(bytes, at, { ...fields, ...features });
  mm.aio[context.id] = context;
  return context;
};

const mapRing = (mm: Mm, size: number, ring: AddressSpace): number => {
  const address = mapShared(mm, 0, false, size, VM.READ | VM.WRITE | VM.DONTEXPAND, ring, false);
  return address < 0 ? -ERRNO.ENOMEM : address;
};

/** The context that the guest means by the address of its ring (lookup_ioctx). */
export const findContext = (mm: Mm, address: number): AioContext | null => {
  try {
    const context = mm.aio[getUser32(mm, address)] ?? null;
    return context !== null && context.address === address ? context : null;
  } catch (thrown) {
    if (thrown instanceof UserFault) return null;
    throw thrown;
  }
};

/** No more requests and events: polls end, the ring's pages go with its last mapping (kill_ioctx). */
const killContext = (kernel: Kernel, context: AioContext): void => {
  context.dead = true;
  kernel.vfs.aioNr -= context.max;
  wakeAll(kernel, context.wait);
  for (const poll of context.polls.slice()) {
    dropPoll(poll);
    completeRequest(kernel, poll.request, 0);
  }
  if (context.ring.vmas === 0) dropPages(kernel, context.ring, 0);
};

/** io_destroy(2), but for the wait until requests in flight are done. */
export const destroyContext = (kernel: Kernel, mm: Mm, context: AioContext): void => {
  mm.aio[context.id] = null;
  const { address, size } = context;
  killContext(kernel, context);
  doMunmap(mm, address, size);
};

/** Events in the ring that nobody took, as the guest says. */
const eventsInRing = ({ nr }: AioContext, head: number, tail: number): number => {
  const from = head % nr;
  return from <= tail ? tail - from : nr - (from - tail);
};

/** Requests whose events were taken do not count any more (refill_reqs_available). */
const refill = (context: AioContext, head: number): void => {
  const taken = Math.max(0, context.completed - eventsInRing(context, head, context.tail));
  context.completed -= taken;
  context.available += taken;
};

/** Room for one more request; false if there is none (get_reqs_available). */
export const reserveRequest = (kernel: Kernel, context: AioContext): boolean => {
  if (context.available === 0) {
    if (context.completed > 0) refill(context, ringField(kernel, context, 'head'));
    if (context.available === 0) return false;
  }
  context.available--;
  context.inFlight++;
  return true;
};

/** The request was refused: there will be no event. */
export const unreserveRequest = (kernel: Kernel, context: AioContext): void => {
  context.available++;
  ended(kernel, context);
};

const ended = (kernel: Kernel, context: AioContext): void => {
  context.inFlight--;
  if (context.inFlight === 0) wakeAll(kernel, context.idle);
};

/** Puts the event into the ring, tells who waits, and lets go of the files (aio_complete, iocb_destroy). */
export const completeRequest = (kernel: Kernel, request: AioRequest, result: number): void => {
  const { context, eventfd } = request;
  putEvent(kernel, context, request, result);
  if (eventfd !== null) eventfdSignal(kernel, eventfd);
  const { nr, tail } = context;
  const head = ringField(kernel, context, 'head');
  const there = tail > head ? tail - head : tail + nr - head;
  for (const task of context.wait.waiters.slice()) {
    if (there >= (task.wait?.data?.aioMin ?? 0)) kernel.wake(task);
  }
  releaseRequest(kernel, request);
  ended(kernel, context);
};

/** Drops the files of a request. */
export const releaseRequest = (kernel: Kernel, { file, eventfd }: AioRequest): void => {
  if (eventfd !== null) fput(kernel, eventfd);
  fput(kernel, file);
};

const eventAt = (index: number): number => AIO_RING.size + index * IO_EVENT.size;

const putEvent = (kernel: Kernel, context: AioContext, request: AioRequest, result: number): void => {
  // After the last mapping of a dead context went there is no ring left to see it.
  if (context.ring.pages.size === 0) return;
  const [bytes, at] = view(kernel, context, eventAt(context.tail));
  const { data, object } = request;
  kernel.physical.aboutToWrite(Math.floor(at / PAGE_SIZE));
  IO_EVENT.write(bytes, at, { data, obj: BigInt(object), res: BigInt(result), res2: 0n });
  context.tail = (context.tail + 1) % context.nr;
  setRingField(kernel, context, 'tail', context.tail);
  context.completed++;
  if (context.completed > 1) refill(context, ringField(kernel, context, 'head'));
};

/** Takes up to `max` events out of the ring, whose head and tail the guest may have set (aio_read_events_ring). */
export const takeEvents = (
  kernel: Kernel,
  context: AioContext,
  max: number,
  store: (index: number, event: Uint8Array) => void,
): number => {
  const first = ringField(kernel, context, 'head');
  const last = ringField(kernel, context, 'tail');
  if (first === last) return 0;
  const { nr } = context;
  let head = first % nr;
  const tail = last % nr;
  let taken = 0;
  while (taken < max && head !== tail) {
    const [, at] = view(kernel, context, eventAt(head));
    store(taken, kernel.physical.u8.slice(at, at + IO_EVENT.size));
    taken++;
    head = (head + 1) % nr;
  }
  setRingField(kernel, context, 'head', head);
  return taken;
};
