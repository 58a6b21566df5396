import { beforeEach, describe, expect, it } from 'vitest';
import { O } from '../abi/fcntl.ts';
import { POLL } from '../abi/poll.ts';
import { SIG } from '../abi/signal.ts';
import { setOf } from '../abi/sigset.ts';
import { Machine } from '../machine.ts';
import { memoryHost } from '../memory-host.ts';
import { KernelBuffer } from '../mm/iov.ts';
import { userCredentials } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED } from '../task/wait.ts';
import { fput } from './inode.ts';
import { fromBytes, toBytes } from './names.ts';
import { createPipe, pipeOf } from './pipe.ts';
import { pipeLength, pipeSize, setPipeSize } from './pipe-ring.ts';
import { named } from './testing.ts';
import type { OpenFile } from './types.ts';

let machine: Machine;
let task: Task;
let reader: OpenFile;
let writer: OpenFile;

const open = (flags = 0): void => {
  const ends = createPipe(machine, task, machine.vfs.pipefs, flags);
  [reader, writer] = ends;
};

const outcome = (result: number): string | number =>
  result === BLOCKED ? 'waits' : result < 0 ? named(result) : result;
const write = (text: string): string | number =>
  outcome(writer.ops.write!(machine, task, writer, new KernelBuffer(toBytes(text)), 0));
const read = (length: number): string | number => {
  const bytes = new Uint8Array(length);
  const count = reader.ops.read!(machine, task, reader, new KernelBuffer(bytes), 0);
  return count < 0 ? outcome(count) : fromBytes(bytes.subarray(0, count));
};
/** As the syscall returns: the wait is over. */
const woken = (): boolean => {
  const awake = task.state === 'running';
  if (!awake) machine.wake(task);
  return awake;
};

beforeEach(() => {
  machine = new Machine({ host: memoryHost() });
  task = machine.starter;
  task.state = 'running';
  open();
});

describe('a pipe', () => {
  it('gives bytes in order, whole reads or what there is', () => {
    expect(write('hello ')).toBe(6);
    expect(write('world')).toBe(5);
    expect(pipeLength(pipeOf(reader)!)).toBe(11);
    expect(read(3)).toBe('hel');
    expect(read(100)).toBe('lo world');
  });

  it('puts a reader to sleep, wakes it, and ends when the writer is gone', () => {
    expect(read(5)).toBe('waits');
    expect(task.state).toBe('sleeping');
    write('x');
    expect(woken()).toBe(true);
    task.wait = null;
    expect(read(5)).toBe('x');
    fput(machine, writer);
    expect(read(5)).toBe('');
  });

  it('holds 64 KiB; a writer of more goes on where it stopped', () => {
    const text = Array.from({ length: 70_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
    expect(write(text)).toBe('waits');
    expect(pipeLength(pipeOf(reader)!)).toBe(65_536);
    const first = read(10_000) as string;
    expect(woken()).toBe(true);
    // The same call again, with the same buffer: it takes up after what it moved.
    expect(write(text)).toBe(70_000);
    task.wait = null;
    expect(first + (read(70_000) as string)).toBe(text);
  });

  it('returns the count when a signal ends a long write, the restart code when nothing was moved', () => {
    expect(write('x'.repeat(70_000))).toBe('waits');
    woken();
    task.sigpending = true;
    expect(write('x'.repeat(70_000))).toBe(65_536);
    task.wait = null;
    expect(write('y')).toBe('ERESTARTSYS');
    task.sigpending = false;
  });

  it('takes at most PIPE_BUF bytes whole or not at all', () => {
    writer.flags |= O.NONBLOCK;
    expect(write('x'.repeat(65_536 - 100))).toBe(65_436);
    // 100 bytes are left in the last page: these fit into none.
    expect(write('y'.repeat(101))).toBe('EAGAIN');
    expect(write('y'.repeat(100))).toBe(100);
    expect(write('z')).toBe('EAGAIN');
    read(4096);
    expect(write('z'.repeat(5000))).toBe(4096);
  });

  it('is broken without a reader: SIGPIPE and EPIPE', () => {
    task.blocked = setOf(SIG.SIGPIPE);
    fput(machine, reader);
    expect(write('x')).toBe('EPIPE');
    expect(task.pending.signal).toEqual(setOf(SIG.SIGPIPE));
  });

  it('tells poll what it would do', () => {
    const bits = (file: OpenFile) => file.ops.poll!(machine, file);
    expect(bits(reader)).toBe(0);
    expect(bits(writer)).toBe(POLL.OUT | POLL.WRNORM);
    writer.flags |= O.NONBLOCK;
    write('x'.repeat(100_000));
    expect(bits(reader)).toBe(POLL.IN | POLL.RDNORM);
    expect(bits(writer)).toBe(0);
    fput(machine, writer);
    expect(bits(reader)).toBe(POLL.IN | POLL.RDNORM | POLL.HUP);
    read(100_000);
    expect(bits(reader)).toBe(POLL.HUP);
  });

  it('keeps packets apart with O_DIRECT', () => {
    open(O.DIRECT);
    write('one');
    write('two');
    expect(read(2)).toBe('on');
    expect(read(100)).toBe('two');
  });

  it('is small when a user has thousands, but not for root; closing gives pages and room back', () => {
    const { allocated } = machine.physical;
    const sizeOfLast = (cred: Task['cred']) => {
      const made = Array.from({ length: 1025 }, () => createPipe(machine, { ...task, cred }, machine.vfs.pipefs, 0));
      [reader, writer] = made[made.length - 1]!;
      write('x');
      const size = pipeSize(pipeOf(reader)!);
      for (const end of made.flat()) fput(machine, end);
      return size;
    };
    expect(sizeOfLast(task.cred)).toBe(65_536);
    expect(sizeOfLast(userCredentials(1000, 1000))).toBe(8192);
    expect([...machine.vfs.pipePages]).toEqual([[task.cred.uid, 16]]);
    expect(machine.physical.allocated).toBe(allocated);
  });

  it('changes its size to powers of two that hold what is in it', () => {
    const pipe = pipeOf(reader)!;
    write('x'.repeat(5000));
    expect(setPipeSize(machine, task.cred, pipe, 4096)).toBe(-16);
    expect(setPipeSize(machine, task.cred, pipe, 8192)).toBe(8192);
    expect(setPipeSize(machine, task.cred, pipe, 9000)).toBe(16_384);
    expect(setPipeSize(machine, task.cred, pipe, 2 ** 20 + 1)).toBe(-1);
    expect(setPipeSize(machine, task.cred, pipe, 2 ** 31 + 1)).toBe(-22);
    expect(pipeSize(pipe)).toBe(16_384);
    expect(setPipeSize(machine, task.cred, pipe, 2 ** 20)).toBe(2 ** 20);
  });
});
