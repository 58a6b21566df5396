import { describe, expect, it } from 'vitest';
import { O } from '../abi/fcntl.ts';
import type { HostFiles, HostFileType } from '../host.ts';
import { Machine } from '../machine.ts';
import { memoryFiles, memoryHost } from '../memory-host.ts';
import { Files } from './testing.ts';

const text = (host: HostFiles, path: string): string => {
  const bytes = new Uint8Array(1000);
  const count = host.read(path, 0, bytes);
  return typeof count === 'number' ? String.fromCharCode(...bytes.subarray(0, count)) : `errno ${count.errno}`;
};

const start = (writable: boolean, files = memoryFiles({ f: 'data', d: { directory: { g: 'inner' } } })) => {
  const binds = [{ files, guestPath: '/mnt/host', writable }];
  const machine = new Machine({ host: memoryHost(), root: { binds } });
  return { host: files, files: new Files(machine, machine.starter) };
};

describe('a bound directory', () => {
  it('is the host', () => {
    const { host, files } = start(true);
    expect(files.read('/mnt/host/f')).toBe('data');
    expect(files.write('/mnt/host/f', 'changed')).toBe('7');
    expect(text(host, '/f')).toBe('changed');
    expect(files.write('/mnt/host/new', 'made')).toBe('4');
    expect(text(host, '/new')).toBe('made');
    expect(files.mkdir('/mnt/host/e')).toBe('0');
    expect(files.rename('/mnt/host/d', '/mnt/host/e/d')).toBe('0');
    expect(text(host, '/e/d/g')).toBe('inner');
    expect(files.symlink('../f', '/mnt/host/e/l')).toBe('0');
    expect(host.readlink('/e/l')).toBe('../f');
    expect(files.read('/mnt/host/e/l')).toBe('changed');
    expect(files.link('/mnt/host/f', '/mnt/host/e/f2')).toBe('0');
    expect(files.unlink('/mnt/host/f')).toBe('0');
    expect(text(host, '/e/f2')).toBe('changed');
    expect(files.truncate('/mnt/host/e/f2', 3)).toBe('0');
    expect(text(host, '/e/f2')).toBe('cha');
    expect(files.rmdir('/mnt/host/e')).toBe('ENOTEMPTY');
    expect(files.kernel.fileBytes).toBeLessThan(40_000);
  });

  it('shows what the host changes meanwhile', () => {
    const { host, files } = start(true);
    const file = files.mustOpen('/mnt/host/f');
    host.write('/f', 4, new Uint8Array([33]));
    expect(files.readAt(file, 0, 10)).toBe('data!');
    host.create('/other', 0o600);
    expect(files.list('/mnt/host')).toEqual(['d', 'f', 'other']);
    files.close(file);
  });

  it('keeps an open file that is removed, in memory', () => {
    const { host, files } = start(true);
    const file = files.mustOpen('/mnt/host/f', O.RDWR);
    expect(files.unlink('/mnt/host/f')).toBe('0');
    expect(files.write('/mnt/host/f', 'another')).toBe('7');
    expect(files.writeAt(file, 4, ' more')).toBe('5');
    expect(files.readAt(file, 0, 20)).toBe('data more');
    expect(text(host, '/f')).toBe('another');
    const held = files.kernel.fileBytes;
    files.close(file);
    expect(files.kernel.fileBytes).toBeLessThan(held);
  });

  it('goes on under another name of an open file', () => {
    const { host, files } = start(true);
    const file = files.mustOpen('/mnt/host/f', O.RDWR);
    files.link('/mnt/host/f', '/mnt/host/d/f2');
    expect(files.unlink('/mnt/host/f')).toBe('0');
    expect(files.writeAt(file, 4, '!')).toBe('1');
    expect(text(host, '/d/f2')).toBe('data!');
    expect(files.unlink('/mnt/host/d/f2')).toBe('0');
    files.close(file);
  });

  it('follows an open file that is renamed', () => {
    const { host, files } = start(true);
    const file = files.mustOpen('/mnt/host/d/g', O.RDWR);
    expect(files.rename('/mnt/host/d', '/mnt/host/moved')).toBe('0');
    expect(files.rename('/mnt/host/moved/g', '/mnt/host/h')).toBe('0');
    expect(files.writeAt(file, 0, 'INN')).toBe('3');
    expect(text(host, '/h')).toBe('INNer');
    files.close(file);
  });

  it('does not reach a new directory of the name through a removed one', () => {
    const { files } = start(true);
    const directory = files.mustOpen('/mnt/host/d', O.RDONLY | O.DIRECTORY);
    files.unlink('/mnt/host/d/g');
    files.rmdir('/mnt/host/d');
    files.mkdir('/mnt/host/d');
    files.write('/mnt/host/d/g', 'other');
    expect(directory.inode.ops.lookup!(files.kernel, files.task, directory.inode, 'g')).toBe(-2);
    expect(directory.inode.ops.list!(files.kernel, files.task, directory.inode)).toEqual([]);
    files.close(directory);
  });

  it('cannot be written without leave, nor renamed out of', () => {
    const { host, files } = start(false);
    expect(files.read('/mnt/host/f')).toBe('data');
    expect(files.write('/mnt/host/f', 'x')).toBe('EROFS');
    expect(files.open('/mnt/host/new', O.CREAT | O.RDWR)).toBe('EROFS');
    expect(files.mkdir('/mnt/host/new')).toBe('EROFS');
    expect(files.mkdir('/mnt/host/d')).toBe('EEXIST');
    expect(files.unlink('/mnt/host/f')).toBe('EROFS');
    expect(files.rename('/mnt/host/f', '/mnt/host/g')).toBe('EROFS');
    expect(files.rename('/mnt/host/f', '/f')).toBe('EXDEV');
    expect(files.rmdir('/mnt/host')).toBe('EBUSY');
    expect(text(host, '/f')).toBe('data');
  });

  it.each(['fifo', 'char', 'block', 'socket'] as HostFileType[])('never opens a %s of the host', (type) => {
    const files = memoryFiles({ special: 'must not be read' });
    const strange = Object.freeze<HostFiles>({
      ...files,
      lstat: (path) => {
        const stat = files.lstat(path);
        return path === '/special' && !('errno' in stat) ? { ...stat, type } : stat;
      },
      read: () => {
        throw new Error('read');
      },
    });
    expect(start(true, strange).files.open('/mnt/host/special')).toBe('ENXIO');
    const machine = new Machine({ host: memoryHost(), root: { root: strange } });
    const open = new Files(machine, machine.starter).open('/special', O.RDWR | O.NONBLOCK);
    // Over the overlay a FIFO is the guest's own.
    if (type === 'fifo') expect(open).toMatchObject({ path: '/special' });
    else expect(open).toBe('ENXIO');
  });
});
