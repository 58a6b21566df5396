import { describe, expect, it } from 'vitest';
import { O } from '../abi/fcntl.ts';
import { Machine } from '../machine.ts';
import { memoryFiles, memoryHost } from '../memory-host.ts';
import { restoreGraph, saveGraph } from '../snapshot.ts';
import { fput } from './inode.ts';
import { openQueue, unlinkQueue } from './mqueuefs.ts';
import { Files } from './testing.ts';

const start = (): { machine: Machine; files: Files } => {
  const machine = new Machine({ host: memoryHost(), root: { root: memoryFiles({}), binds: [] } });
  return { machine, files: new Files(machine, machine.starter) };
};

describe('/dev/mqueue', () => {
  it('lists queues, shows their state and removes them', () => {
    const { machine, files } = start();
    const file = openQueue(machine, machine.starter, 'q', O.RDWR | O.CREAT, 0o600, null);
    if (typeof file === 'number') throw new Error(`errno ${file}`);
    expect(files.list('/dev/mqueue')).toEqual(['q']);
    expect(files.read('/dev/mqueue/q')).toBe('QSIZE:0          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n');
    expect(machine.ipc.mq.queues).toBe(1);
    expect(files.write('/dev/mqueue/by-open', '')).toBe('0');
    expect(files.list('/dev/mqueue')).toEqual(['by-open', 'q']);
    expect(files.unlink('/dev/mqueue/q')).toBe('0');
    expect(files.read('/dev/mqueue/q')).toBe('ENOENT');
    expect(machine.ipc.mq.queues).toBe(2);
    fput(machine, file);
    expect(unlinkQueue(machine, machine.starter, 'by-open')).toBe(0);
    expect(machine.ipc.mq).toMatchObject({ queues: 0, bytes: new Map() });
    expect(files.mkdir('/dev/mqueue/d')).toBe('EPERM');
  });

  it('has limits that root can change', () => {
    const { machine, files } = start();
    expect(files.read('/proc/sys/fs/mqueue/msg_max')).toBe('10\n');
    expect(files.write('/proc/sys/fs/mqueue/msg_max', '0\n')).toBe('EINVAL');
    expect(files.write('/proc/sys/fs/mqueue/msg_max', '20\n')).toBe('3');
    expect(machine.ipc.mq.limits.msg_max).toBe(20);
  });

  it('is part of a snapshot', () => {
    const { machine, files } = start();
    const state = { ipc: machine.ipc, root: machine.vfs.mqueue };
    const saved = saveGraph(state, { outside: (object) => object === machine, classes: [] });
    const file = openQueue(machine, machine.starter, 'q', O.RDWR | O.CREAT, 0o600, null);
    expect(typeof file).toBe('object');
    restoreGraph(saved);
    expect(files.list('/dev/mqueue')).toEqual([]);
    expect(machine.ipc.mq.queues).toBe(0);
  });
});
