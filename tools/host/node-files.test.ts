import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostFiles } from '../../kernel/host.ts';
import { nodeFiles } from './node-files.ts';

let base: string;
let files: HostFiles;
const at = (name: string) => path.join(base, 'granted', name);
const bytes = (text: string) => new TextEncoder().encode(text);
const read = (name: string): unknown => {
  const into = new Uint8Array(100);
  const count = files.read(name, 0, into);
  return typeof count === 'number' ? new TextDecoder().decode(into.subarray(0, count)) : count.errno;
};

beforeEach(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), 'node-files-'));
  fs.mkdirSync(path.join(base, 'granted/sub'), { recursive: true });
  fs.mkdirSync(path.join(base, 'outside'));
  fs.writeFileSync(path.join(base, 'outside/secret'), 'secret');
  fs.writeFileSync(at('file'), 'contents');
  fs.writeFileSync(at('sub/inner'), 'inner');
  files = nodeFiles(path.join(base, 'granted'));
});

afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

describe('files of the host', () => {
  it('are read and written at any place', () => {
    expect(read('/file')).toBe('contents');
    expect(files.write('/file', 4, bytes('XX'))).toBe(2);
    expect(read('/file')).toBe('contXXts');
    expect(files.truncate('/file', 2)).toBe(0);
    expect(read('/file')).toBe('co');
    expect(files.lstat('/sub')).toMatchObject({ type: 'directory' });
    expect(files.lstat('/')).toMatchObject({ type: 'directory' });
    expect(files.readdir('/')).toEqual(expect.arrayContaining(['file', 'sub']));
    expect(files.readdir('/sub')).toEqual(['inner']);
  });

  it('are made, moved and removed with the modes asked for', () => {
    // Whatever the host's umask is.
    expect(files.create('/new', 0o666)).toBe(0);
    expect(files.mkdir('/made', 0o777)).toBe(0);
    expect(fs.statSync(at('new')).mode & 0o777).toBe(0o666);
    expect(fs.statSync(at('made')).mode & 0o777).toBe(0o777);
    expect(files.create('/new', 0o600)).toEqual({ errno: 17 });
    expect(files.rename('/new', '/made/moved')).toBe(0);
    expect(files.link('/made/moved', '/again')).toBe(0);
    expect(files.lstat('/again')).toMatchObject({ nlink: 2 });
    expect(files.symlink('any where', '/made/link')).toBe(0);
    expect(files.readlink('/made/link')).toBe('any where');
    expect(files.rmdir('/made')).toEqual({ errno: 39 });
    expect(files.unlink('/made/moved')).toBe(0);
    expect(files.unlink('/made/link')).toBe(0);
    expect(files.rmdir('/made')).toBe(0);
    expect(files.chmod('/again', 0o4711)).toBe(0);
    expect(files.utimes('/again', 5_000_000_000n, -1_500_000_000n)).toBe(0);
    expect(files.lstat('/again')).toMatchObject({ mode: 0o4711, atime: 5_000_000_000n, mtime: -1_500_000_000n });
    expect(files.lstat('/nothing')).toEqual({ errno: 2 });
    expect(files.lstat('/file/x')).toEqual({ errno: 20 });
  });

  it('have names of any bytes', () => {
    const name = '/\xff\xfe caf\xe9';
    expect(files.create(name, 0o600)).toBe(0);
    expect(files.readdir('/')).toContain(name.slice(1));
    expect(files.symlink('\xf0\x80', '/l')).toBe(0);
    expect(files.readlink('/l')).toBe('\xf0\x80');
    expect(files.unlink(name)).toBe(0);
  });

  it('are not left through links, in the middle or at the end', () => {
    fs.symlinkSync('../outside', at('out'));
    fs.symlinkSync('../outside/secret', at('leak'));
    const into = new Uint8Array(10);
    expect(files.read('/out/secret', 0, into)).toEqual({ errno: 20 });
    expect(files.read('/leak', 0, into)).toEqual({ errno: 6 });
    expect(files.lstat('/leak')).toMatchObject({ type: 'symlink' });
    expect(files.readdir('/out')).toEqual({ errno: 20 });
    expect(files.write('/leak', 0, bytes('x'))).toEqual({ errno: 6 });
    expect(files.truncate('/leak', 0)).toEqual({ errno: 6 });
    expect(files.create('/out/new', 0o600)).toEqual({ errno: 20 });
    expect(files.create('/leak', 0o600)).toEqual({ errno: 17 });
    expect(files.unlink('/out/secret')).toEqual({ errno: 20 });
    expect(files.rename('/out/secret', '/here')).toEqual({ errno: 20 });
    expect(files.chmod('/leak', 0)).toEqual({ errno: 95 });
    expect(fs.readFileSync(path.join(base, 'outside/secret'), 'utf8')).toBe('secret');
    expect(fs.statSync(path.join(base, 'outside/secret')).mode & 0o777).not.toBe(0);
  });

  it('are not left when a directory is exchanged for a link behind our back', () => {
    expect(files.readdir('/sub')).toEqual(['inner']);
    fs.renameSync(at('sub'), at('old'));
    fs.symlinkSync('../outside', at('sub'));
    expect(read('/sub/secret')).not.toBe('secret');
    expect(files.create('/sub/planted', 0o600)).not.toBe(undefined);
    expect(fs.readdirSync(path.join(base, 'outside'))).toEqual(['secret']);
    fs.unlinkSync(at('sub'));
    fs.mkdirSync(at('sub'));
    fs.writeFileSync(at('sub/fresh'), 'fresh');
    // Within a moment the directory is seen to be another.
    const until = Date.now() + 60;
    while (Date.now() < until);
    expect(files.readdir('/sub')).toEqual(['fresh']);
    expect(read('/sub/fresh')).toBe('fresh');
  });

  it('are not opened when they are no files, nor waited for', () => {
    execFileSync('mkfifo', [at('fifo')]);
    expect(files.lstat('/fifo')).toMatchObject({ type: 'fifo' });
    expect(files.read('/fifo', 0, new Uint8Array(1))).toEqual({ errno: 6 });
    expect(files.write('/fifo', 0, bytes('x'))).toEqual({ errno: 6 });
    expect(files.read('/sub', 0, new Uint8Array(1))).toEqual({ errno: 6 });
  });

  it('are read anew when another took the name', () => {
    expect(read('/file')).toBe('contents');
    fs.writeFileSync(at('other'), 'other');
    fs.renameSync(at('other'), at('file'));
    files.lstat('/file');
    expect(read('/file')).toBe('other');
  });

  it('are held open in small numbers', () => {
    const open = () => fs.readdirSync('/proc/self/fd').length;
    const before = open();
    for (let i = 0; i < 400; i++) {
      files.mkdir(`/d${i}`, 0o755);
      files.create(`/d${i}/f`, 0o644);
    }
    for (let i = 0; i < 400; i++) expect(files.write(`/d${i}/f`, 0, bytes('x'))).toBe(1);
    expect(open() - before).toBeLessThan(200);
  });
});
