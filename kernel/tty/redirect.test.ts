import { beforeEach, describe, expect, it } from 'vitest';
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { IOCTL } from '../abi/ioctl.ts';
import { Files, named } from '../fs/testing.ts';
import type { OpenFile } from '../fs/types.ts';
import { Machine } from '../machine.ts';
import { memoryHost } from '../memory-host.ts';
import { userCredentials } from '../task/capability.ts';
import type { TtyState } from './file.ts';

let files: Files;
let shown: string;
let master: OpenFile;
let slave: OpenFile;
let console: OpenFile;

const ask = (file: OpenFile): string => named(file.ops.ioctl!(files.kernel, files.task, file, IOCTL.TIOCCONS, 0));

beforeEach(() => {
  shown = '';
  const host = memoryHost();
  const stdout = {
    terminal: true,
    read: () => 'end' as const,
    write: (bytes: Uint8Array) => {
      shown += new TextDecoder().decode(bytes);
      return bytes.length;
    },
    readable: () => false,
    writable: () => true,
    ended: () => true,
  };
  const machine = new Machine({ host: { ...host, stdout } });
  const task = machine.starter;
  task.state = 'running';
  files = new Files(machine, task);
  master = files.mustOpen('/dev/ptmx', O.RDWR | O.NOCTTY);
  const { tty } = master.state as TtyState;
  tty.link!.locked = false;
  slave = files.mustOpen(`/dev/pts/${tty.index}`, O.RDWR | O.NOCTTY);
  console = files.mustOpen('/dev/console', O.RDWR | O.NOCTTY);
});

describe('TIOCCONS', () => {
  it('sends what is written to the console to another terminal, until the console takes it back', () => {
    expect(files.writeAt(console, 0, 'one')).toBe('3');
    expect(shown).toBe('one');
    expect(ask(slave)).toBe('0');
    expect(files.writeAt(console, 0, 'two')).toBe('3');
    expect(shown).toBe('one');
    expect(files.readAt(master, 0, 99)).toBe('two');
    expect(ask(console)).toBe('0');
    expect(files.writeAt(console, 0, 'three')).toBe('5');
    expect(shown).toBe('onethree');
    expect(ask(console)).toBe('0');
  });

  it('is for one terminal at a time, which is no master and can be written to, and for root', () => {
    expect(ask(master)).toBe('EINVAL');
    const { tty } = master.state as TtyState;
    expect(ask(files.mustOpen(`/dev/pts/${tty.index}`, O.RDONLY | O.NOCTTY))).toBe('EBADF');
    expect(ask(slave)).toBe('0');
    expect(ask(slave)).toBe('EBUSY');
    files.task.cred = userCredentials(1000, 1000);
    expect(ask(slave)).toBe(named(-ERRNO.EPERM));
  });

  it('ends when the terminal hangs up', () => {
    ask(slave);
    const before = slave.refs;
    files.close(master);
    expect(slave.refs).toBe(before - 1);
    files.writeAt(console, 0, 'back');
    expect(shown).toBe('back');
  });
});
