import { describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../emulator/api.ts';
import { O } from '../abi/fcntl.ts';
import { MAP, PROT } from '../abi/mman.ts';
import { Machine } from '../machine.ts';
import { memoryFiles, memoryHost } from '../memory-host.ts';
import { doMmap } from '../mm/mmap.ts';
import { getUser8, putUser8 } from '../mm/user.ts';
import { restoreGraph, saveGraph } from '../snapshot.ts';
import { Files } from './testing.ts';

const start = (): Files => {
  const root = memoryFiles({ file: 'as it was', d: { directory: { x: 'inner' } } });
  const binds = [{ files: memoryFiles({ b: 'bound' }), guestPath: '/bound dir', writable: true }];
  const machine = new Machine({ host: memoryHost(), root: { root, binds }, hostname: 'box' });
  return new Files(machine, machine.starter);
};

describe('/proc', () => {
  it('shows a process to itself', () => {
    const files = start();
    const { pid } = files.task;
    expect(files.readlink('/proc/self')).toBe(String(pid));
    expect(files.read('/proc/self/comm')).toBe(`${files.task.comm}\n`);
    expect(files.read('/proc/self/stat')).toMatch(new RegExp(`^${pid} \\(${files.task.comm}\\) [A-Z] 1 `));
    expect(files.read('/proc/self/stat').split(' ')).toHaveLength(52);
    expect(files.read('/proc/self/status')).toContain(`\nPid:\t${pid}\n`);
    expect(files.readlink('/proc/self/cwd')).toBe('/');
    expect(files.list(`/proc/${pid}/task`)).toEqual([String(pid)]);
    expect(files.read('/proc/99999/stat')).toBe('ENOENT');
    expect(files.read('/proc/0/stat')).toBe('ENOENT');
    expect(files.list('/proc')).toContain('self');
  });

  it('opens again what a descriptor leads to, whatever became of its name', () => {
    const files = start();
    const file = files.mustOpen('/d/x', O.RDWR);
    files.task.files.entries[3] = { file, closeOnExec: false };
    expect(files.list('/proc/self/fd')).toEqual(['3']);
    expect(files.readlink('/proc/self/fd/3')).toBe('/d/x');
    expect(files.read('/dev/fd/3')).toBe('inner');
    files.unlink('/d/x');
    expect(files.readlink('/proc/self/fd/3')).toBe('/d/x (deleted)');
    expect(files.read('/proc/self/fd/3')).toBe('inner');
    expect(files.read('/proc/self/fd/4')).toBe('ENOENT');
    expect(files.read('/proc/self/fdinfo/3')).toMatch(/^pos:\t0\nflags:\t0100002\n/);
  });

  it('shows what is in memory, and the namespaces', () => {
    const files = start();
    const { mm } = files.task;
    const area = doMmap(mm, 0, 3 * PAGE_SIZE, PROT.READ | PROT.WRITE, MAP.PRIVATE | MAP.ANONYMOUS, null, 0);
    putUser8(mm, area, 1);
    getUser8(mm, area + PAGE_SIZE);
    const shared = doMmap(mm, 0, PAGE_SIZE, PROT.READ, MAP.SHARED | MAP.ANONYMOUS, null, 0);
    const [first, ...lines] = files.read('/proc/self/smaps').split('\n');
    expect(first).toBe(`${area.toString(16)}-${(area + 3 * PAGE_SIZE).toString(16)} rw-p 00000000 00:00 0 `);
    // The page that was only read is the one of zeros, which is nobody's.
    expect(lines.slice(0, 4)).toEqual([
      'Size:                 12 kB',
      'KernelPageSize:        4 kB',
      'MMUPageSize:           4 kB',
      'Rss:                   4 kB',
    ]);
    expect(lines[23]).toBe('VmFlags: rd wr mr mw me ac ');
    expect(files.read('/proc/self/maps')).toBe(
      `${first}\n${`${shared.toString(16)}-${(shared + PAGE_SIZE).toString(16)} r--s 00000000 00:01 0`.padEnd(73)}/dev/zero (deleted)\n` +
        'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n',
    );
    expect(files.read('/proc/self/smaps_rollup')).toContain('[rollup]\nRss:                   4 kB\nPss:');
    expect(files.read('/proc/self/statm')).toBe('4 1 0 0 0 3 0\n');
    expect(files.read('/proc/self/status')).toContain('RssAnon:\t       4 kB\nRssFile:\t       0 kB\n');
    expect(files.readlink('/proc/self/ns/uts')).toBe('uts:[4026531838]');
  });

  it('tells of the machine', () => {
    const files = start();
    expect(files.read('/proc/sys/kernel/hostname')).toBe('box\n');
    expect(files.read('/proc/sys/kernel/ostype')).toBe('Linux\n');
    expect(files.read('/proc/meminfo')).toMatch(/^MemTotal: +\d+ kB\nMemFree: /);
    expect(files.read('/proc/cpuinfo')).toMatch(/^flags\t\t: fpu .* sse2 /m);
    expect(files.read('/proc/mounts')).toMatch(/^overlay \/ overlay rw,relatime 0 0\n/);
    expect(files.read('/proc/mounts')).toContain('hostfs /bound\\040dir hostfs rw');
    expect(files.read('/proc/self/mountinfo')).toMatch(/^\d+ 1 0:\d+ \/ \/ rw,relatime - overlay overlay rw\n/);
    expect(files.open('/proc/new', O.CREAT | O.RDWR)).toBe('ENOENT');
    expect(files.unlink('/proc/version')).toBe('EPERM');
    expect(files.write('/proc/version', 'x')).toBe('EIO');
    expect(files.write('/proc/self/comm', 'another name that is long\n')).toBe('26');
    expect(files.read('/proc/self/comm')).toBe('another name th\n');
  });
});

describe('a snapshot', () => {
  it('puts files, names, open files and pipes back', () => {
    const files = start();
    const machine = files.kernel as Machine;
    files.write('/made', 'before');
    files.write('/file', 'NEW', 0);
    const file = files.mustOpen('/made', O.RDWR);
    files.task.files.entries[0] = { file, closeOnExec: false };
    files.task.files.entries[1] = { file: files.mustOpen('/proc/self/stat'), closeOnExec: false };
    files.task.files.entries[2] = { file: files.mustOpen('/bound dir/b'), closeOnExec: false };
    const before = files.tree('/d').concat(files.read('/file'), files.read('/made'));
    const used = machine.fileBytes;
    const state = { vfs: machine.vfs, root: machine.rootInode, table: files.task.files, fs: files.task.fs };
    const graph = saveGraph(state, { outside: () => false, classes: [] });
    for (let i = 0; i < 2; i++) {
      files.writeAt(file, 0, 'x'.repeat(10_000));
      files.unlink('/made');
      files.rename('/d', '/e');
      files.write('/file', 'changed again');
      files.mkdir('/more');
      restoreGraph(graph);
      machine.fileBytes = used;
      expect(files.tree('/d').concat(files.read('/file'), files.read('/made'))).toEqual(before);
      expect(files.readAt(file, 0, 100)).toBe('before');
      expect(files.read('/more')).toBe('ENOENT');
    }
  });
});
