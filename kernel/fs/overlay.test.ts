import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FALLOC, O, RENAME } from '../abi/fcntl.ts';
import type { HostFiles } from '../host.ts';
import { Machine } from '../machine.ts';
import { type MemoryTree, memoryFiles, memoryHost } from '../memory-host.ts';
import { Files } from './testing.ts';

const TREE: MemoryTree = {
  w: {
    directory: {
      one: 'first',
      two: { file: 'second'.repeat(2000) },
      d: { directory: { x: 'ex', y: { directory: { z: 'zed' } } } },
      l: { link: 'one' },
    },
  },
};

/** Files which may be read but complain about every change. */
const readOnly = (files: HostFiles): HostFiles =>
  Object.freeze(
    Object.fromEntries(
      Object.entries(files).map(([name, call]) => [
        name,
        ['lstat', 'readdir', 'readlink', 'read'].includes(name)
          ? call
          : () => {
              throw new Error(`${name} reached the host`);
            },
      ]),
    ),
  ) as unknown as HostFiles;

const start = (root?: HostFiles, fileBytes?: number): Files => {
  const limits = fileBytes === undefined ? {} : { fileBytes };
  const machine = new Machine({ host: memoryHost(), root: root === undefined ? {} : { root }, limits });
  return new Files(machine, machine.starter);
};

const overlay = (): Files => start(readOnly(memoryFiles(TREE)));

describe('the overlay', () => {
  it('shows the host until something changes here', () => {
    const files = overlay();
    expect(files.read('/w/one')).toBe('first');
    expect(files.write('/w/one', 'FIR', 0)).toBe('3');
    expect(files.read('/w/one')).toBe('FIRst');
    expect(files.write('/w/one', 'new')).toBe('3');
    expect(files.read('/w/l')).toBe('new');
  });

  it('copies up only the pages that are written', () => {
    const files = overlay();
    const before = files.kernel.fileBytes;
    const file = files.mustOpen('/w/two', O.RDWR);
    files.writeAt(file, 5000, 'XX');
    expect(files.kernel.fileBytes - before).toBe(4096);
    const whole = 'second'.repeat(2000);
    expect(files.read('/w/two')).toBe(`${whole.slice(0, 5000)}XX${whole.slice(5002)}`);
    files.close(file);
  });

  it('forgets the host behind a shortened end', () => {
    const files = overlay();
    expect(files.truncate('/w/two', 5)).toBe('0');
    expect(files.truncate('/w/two', 8)).toBe('0');
    expect(files.read('/w/two')).toBe('secon\0\0\0');
    const file = files.mustOpen('/w/two', O.RDWR);
    files.writeAt(file, 4096, '!');
    expect(files.read('/w/two')).toBe(`secon${'\0'.repeat(4091)}!`);
    files.close(file);
  });

  it('hides what was removed, also when it comes again', () => {
    const files = overlay();
    expect(files.unlink('/w/one')).toBe('0');
    expect(files.read('/w/one')).toBe('ENOENT');
    expect(files.list('/w')).toEqual(['d', 'l', 'two']);
    expect(files.rmdir('/w/d')).toBe('ENOTEMPTY');
    for (const remove of [() => files.unlink('/w/d/y/z'), () => files.rmdir('/w/d/y'), () => files.unlink('/w/d/x')]) {
      expect(remove()).toBe('0');
    }
    expect(files.rmdir('/w/d')).toBe('0');
    expect(files.mkdir('/w/d')).toBe('0');
    expect(files.list('/w/d')).toEqual([]);
  });

  it('moves directories of the host with all in them', () => {
    const files = overlay();
    expect(files.rename('/w/d', '/moved')).toBe('0');
    expect(files.read('/moved/y/z')).toBe('zed');
    expect(files.read('/w/d/x')).toBe('ENOENT');
    expect(files.write('/moved/y/z', 'changed')).toBe('7');
    expect(files.rename('/moved/y', '/w/d')).toBe('0');
    expect(files.tree('/w/d')).toEqual(['/w/d/z 1 changed']);
    expect(files.rename('/w/one', '/w/two', RENAME.EXCHANGE)).toBe('0');
    expect(files.read('/w/two')).toBe('first');
  });

  it('keeps an open file that lost its name', () => {
    const files = overlay();
    const file = files.mustOpen('/w/one', O.RDWR);
    files.unlink('/w/one');
    expect(files.readAt(file, 0, 10)).toBe('first');
    files.writeAt(file, 5, ' still');
    expect(files.readAt(file, 0, 20)).toBe('first still');
    const held = files.kernel.fileBytes;
    files.close(file);
    expect(files.kernel.fileBytes).toBeLessThan(held);
  });

  it('sees changes of the host in files that were not changed here', () => {
    const host = memoryFiles(TREE);
    const files = start(host);
    expect(files.read('/w/one')).toBe('first');
    host.write('/w/one', 0, new Uint8Array([65, 66]));
    host.unlink('/w/d/x');
    expect(files.read('/w/one')).toBe('ABrst');
    expect(files.read('/w/d/x')).toBe('ENOENT');
  });
});

describe('room in memory', () => {
  it('ends with ENOSPC and comes back', () => {
    const files = start(undefined, 200_000);
    const before = files.kernel.fileBytes;
    const file = files.mustOpen('/big', O.CREAT | O.RDWR);
    let written = 0;
    for (;;) {
      const result = files.writeAt(file, written, 'x'.repeat(10_000));
      if (result === 'ENOSPC') break;
      written += Number(result);
    }
    expect(written).toBeGreaterThan(100_000);
    expect(files.kernel.fileBytes).toBeLessThanOrEqual(200_000);
    expect(files.read('/big').length).toBe(written);
    files.unlink('/big');
    expect(files.write('/other', 'x'.repeat(4096))).toBe('ENOSPC');
    files.close(file);
    files.unlink('/other');
    expect(files.kernel.fileBytes).toBe(before);
    expect(files.write('/other', 'x'.repeat(4096))).toBe('4096');
  });

  it('is not used by holes, and given back by punching them', () => {
    const files = start();
    const file = files.mustOpen('/sparse', O.CREAT | O.RDWR);
    files.writeAt(file, 1e9, 'end');
    const { inode } = file;
    expect(inode.size).toBe(1e9 + 3);
    expect(inode.ops.blocks!(inode)).toBe(8);
    files.writeAt(file, 0, 'x'.repeat(20_000));
    expect(inode.ops.blocks!(inode)).toBe(48);
    expect(inode.ops.allocate!(files.kernel, inode, FALLOC.PUNCH_HOLE | FALLOC.KEEP_SIZE, 1000, 10_000)).toBe(0);
    expect(inode.ops.blocks!(inode)).toBe(40);
    expect(files.readAt(file, 998, 4)).toBe('xx\0\0');
    expect(files.readAt(file, 10_999, 2)).toBe('\0x');
    expect(inode.ops.nextExtent!(inode, 0, true)).toBe(4096);
    expect(inode.ops.nextExtent!(inode, 4096, false)).toBe(8192);
    expect(inode.ops.nextExtent!(inode, 20_480, false)).toBe(999_997_440);
  });
});

/** The same calls on the overlay and on a file system in memory that started with the same contents give the same. */
describe('the overlay against a tree of its own', () => {
  const NAMES = ['one', 'two', 'd', 'd/x', 'd/y', 'd/y/z', 'l', 'new', 'new/sub', 'd/new'];
  const name = fc.constantFrom(...NAMES).map((n) => `/w/${n}`);
  const step = fc.oneof(
    fc.record({ call: fc.constant('write' as const), a: name, b: name, n: fc.integer({ min: 0, max: 9000 }) }),
    fc.record({ call: fc.constant('patch' as const), a: name, b: name, n: fc.integer({ min: 0, max: 9000 }) }),
    fc.record({
      call: fc.constantFrom(
        'mkdir',
        'rmdir',
        'unlink',
        'rename',
        'exchange',
        'link',
        'symlink',
        'truncate',
        'read',
        'list',
      ),
      a: name,
      b: name,
      n: fc.integer({ min: 0, max: 13_000 }),
    }),
  );

  const apply = (files: Files, { call, a, b, n }: { call: string; a: string; b: string; n: number }): unknown => {
    switch (call) {
      case 'write':
        return files.write(a, 'w'.repeat(n));
      case 'patch': {
        const file = files.open(a, O.WRONLY);
        if (typeof file === 'string') return file;
        const result = files.writeAt(file, n, 'patch');
        files.close(file);
        return result;
      }
      case 'mkdir':
        return files.mkdir(a);
      case 'rmdir':
        return files.rmdir(a);
      case 'unlink':
        return files.unlink(a);
      case 'rename':
        return files.rename(a, b);
      case 'exchange':
        return files.rename(a, b, RENAME.EXCHANGE);
      case 'link':
        return files.link(a, b);
      case 'symlink':
        return files.symlink(b, a);
      case 'truncate':
        return files.truncate(a, n);
      case 'read':
        return files.read(a);
      default:
        return files.list(a);
    }
  };

  const copyOf = (tree: MemoryTree, at: string, files: Files): void => {
    for (const [key, entry] of Object.entries(tree)) {
      const path = `${at}/${key}`;
      if (typeof entry === 'string') files.write(path, entry);
      else if ('directory' in entry) {
        files.mkdir(path);
        copyOf(entry.directory, path, files);
      } else if ('link' in entry) files.symlink(entry.link, path);
      else if ('file' in entry) files.write(path, entry.file as string);
    }
  };

  it('agrees after every call', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), (steps) => {
        const mixed = overlay();
        const plain = start();
        copyOf(TREE, '', plain);
        for (const one of steps) expect([one, apply(mixed, one)]).toEqual([one, apply(plain, one)]);
        expect(mixed.tree('/w')).toEqual(plain.tree('/w'));
      }),
      { numRuns: 50, seed: 7 },
    );
  });
});
