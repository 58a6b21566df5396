import { describe, expect, it } from 'vitest';
import { O } from '../abi/fcntl.ts';
import { Machine } from '../machine.ts';
import { memoryFiles, memoryHost } from '../memory-host.ts';
import { userCredentials } from '../task/capability.ts';
import { pathOf, throughMounts, walkPath } from './namei.ts';
import { Files, named } from './testing.ts';

const tree = () =>
  memoryFiles({
    a: { directory: { b: { directory: { file: 'deep' } }, up: { link: '../a/b' }, absolute: { link: '/a/b/file' } } },
    file: 'top',
    loop: { link: 'loop' },
    ping: { link: 'pong' },
    pong: { link: 'ping' },
    outside: { link: '../../../../etc/passwd' },
    dirslash: { link: 'a/b/' },
    fileslash: { link: 'file/' },
    empty: { directory: {} },
    private: { directory: { file: 'secret' }, mode: 0o700 },
  });

const start = () => {
  const machine = new Machine({ host: memoryHost(), root: { root: tree() } });
  const task = machine.starter;
  const walk = (path: string, options = {}): string => {
    const at = walkPath(machine, task, -100, path, options);
    return typeof at === 'number' ? named(at) : at.path;
  };
  return { machine, task, walk, files: new Files(machine, task) };
};

describe('walking paths', () => {
  it('finds files by absolute and relative names, dots and doubled slashes', () => {
    const { walk } = start();
    expect(walk('/a/b/file')).toBe('/a/b/file');
    expect(walk('//a/./b//../b/file')).toBe('/a/b/file');
    expect(walk('a/b')).toBe('/a/b');
    expect(walk('/')).toBe('/');
    expect(walk('')).toBe('ENOENT');
  });

  it('stays below the root', () => {
    const { walk } = start();
    expect(walk('/../../a')).toBe('/a');
    expect(walk('/a/../../../file')).toBe('/file');
    expect(walk('/outside')).toBe('ENOENT');
  });

  it('follows links, in the middle always, at the end if asked', () => {
    const { walk, files } = start();
    expect(walk('/a/up/file')).toBe('/a/b/file');
    expect(walk('/a/up')).toBe('/a/b');
    expect(walk('/a/up', { follow: false })).toBe('/a/up');
    expect(walk('/a/up/', { follow: false })).toBe('/a/b');
    expect(files.read('/a/absolute')).toBe('deep');
    expect(walk('/loop')).toBe('ELOOP');
    expect(walk('/ping/x')).toBe('ELOOP');
    expect(walk('/loop', { follow: false })).toBe('/loop');
  });

  it('goes through 40 links but not 41', () => {
    const { walk, files } = start();
    files.write('/l0', 'end');
    for (let i = 1; i <= 41; i++) files.symlink(`l${i - 1}`, `/l${i}`);
    expect(walk('/l40')).toBe('/l0');
    expect(walk('/l41')).toBe('ELOOP');
    expect(files.open('/l41', O.CREAT | O.RDWR)).toBe('ELOOP');
  });

  it('minds what is behind a slash', () => {
    const { walk } = start();
    expect(walk('/file/')).toBe('ENOTDIR');
    expect(walk('/file/x')).toBe('ENOTDIR');
    expect(walk('/nothing/x')).toBe('ENOENT');
    expect(walk('/dirslash')).toBe('/a/b');
    expect(walk('/fileslash')).toBe('ENOTDIR');
    expect(walk(`/${'x'.repeat(255)}`)).toBe('ENOENT');
    expect(walk(`/${'x'.repeat(256)}`)).toBe('ENAMETOOLONG');
  });

  it('asks for permission to search', () => {
    const { task, walk } = start();
    expect(walk('/private/file')).toBe('/private/file');
    task.cred = userCredentials(1000, 1000);
    expect(walk('/private/file')).toBe('EACCES');
    expect(walk('/private')).toBe('/private');
  });

  it('crosses mounts both ways', () => {
    const { walk } = start();
    expect(walk('/dev/null')).toBe('/dev/null');
    expect(walk('/dev/../file')).toBe('/file');
    expect(walk('/dev/shm/../../a')).toBe('/a');
    expect(walk('/proc/self/../../file')).toBe('/file');
  });

  it('tells where a directory is after it moved, and that it is gone', () => {
    const { machine, task, files } = start();
    const at = walkPath(machine, task, -100, '/a/b');
    if (typeof at === 'number') throw new Error(named(at));
    const root = throughMounts(machine.rootInode);
    expect(files.rename('/a', '/moved')).toBe('0');
    expect(pathOf(at.inode, root)).toEqual({ path: '/moved/b', reachable: true });
    expect(pathOf(at.inode, at.inode)).toEqual({ path: '/', reachable: true });
    files.unlink('/moved/b/file');
    files.rmdir('/moved/b');
    expect(pathOf(at.inode, root)).toBeNull();
  });
});
