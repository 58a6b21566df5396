import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canBuild, guest, signalbox } from './cli.ts';

/** Whatever is wrong, the answer is one clear line and a documented status; never a stack trace, never a hang. */
const oneLine = (stderr: string): string => {
  expect(stderr).toMatch(/^signalbox: [^\n]+\n$/);
  expect(stderr).not.toContain('internal error');
  return stderr.slice('signalbox: '.length, -1);
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/signalbox-wrong-`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, contents: string | Uint8Array, mode = 0o755): string => {
  const path = `${folder}/${name}`;
  writeFileSync(path, contents);
  chmodSync(path, mode);
  return path;
};

describe('what is no program', () => {
  const cases: [what: string, path: () => string, status: number, line: RegExp][] = [
    ['no such file', () => `${folder}/nothing`, 127, /nothing: no such file \(ENOENT\)$/],
    ['a path through a file', () => `${file('plain', 'x')}/more`, 127, /no directory \(ENOTDIR\)$/],
    ['a directory', () => folder, 126, /not an executable file, or not allowed \(EACCES\)$/],
    ['a file without permission', () => file('locked', 'x', 0o644), 126, /not an executable file.*\(EACCES\)$/],
    ['an empty file', () => file('empty', ''), 126, /the file is empty \(ENOEXEC\)$/],
    ['text', () => file('text', 'echo hello\n'), 126, /not an ELF program \(ENOEXEC\)$/],
    [
      'a script without interpreter',
      () => file('script', '#!/no/such/shell\n'),
      127,
      /of its #! line is not there \(ENOENT\)$/,
    ],
    ['a script that leads to text', () => file('loop', `#!${file('text2', 'x')}\n`), 126, /\(ENOEXEC\)$/],
  ];
  it.each(cases)('%s', async (_, path, status, line) => {
    const outcome = await signalbox(['run', path()]);
    expect(oneLine(outcome.stderr)).toMatch(line);
    expect(outcome.status).toBe(status);
    expect(outcome.stdout).toBe('');
  });
});

describe.skipIf(!canBuild)('what is no program for this machine', () => {
  const mutated = async (name: string, change: (bytes: Uint8Array) => Uint8Array): Promise<string> =>
    file(name, change(new Uint8Array(readFileSync(await guest('hello')))));
  const withByte =
    (at: number, ...values: number[]) =>
    (bytes: Uint8Array): Uint8Array => {
      bytes.set(values, at);
      return bytes;
    };
  const cases: [what: string, change: (bytes: Uint8Array) => Uint8Array, line: RegExp][] = [
    ['cut within the ELF header', (bytes) => bytes.subarray(0, 40), /cut short: its header is not complete/],
    ['cut within the program headers', (bytes) => bytes.subarray(0, 100), /damaged or cut short: its program headers/],
    [
      'a 32-bit program',
      (bytes) => withByte(18, 3)(withByte(4, 1)(bytes)),
      /a 32-bit program; only 64-bit x86 programs run here/,
    ],
    ['for 32-bit x86', withByte(18, 3, 0), /made for a 32-bit x86 processor/],
    ['for 64-bit ARM', withByte(18, 183, 0), /made for a 64-bit ARM processor/],
    ['for an unknown processor', withByte(18, 0x34, 0x12), /made for another processor \(machine 4660\)/],
    ['an object file', withByte(16, 1, 0), /an object file, which is not linked yet/],
    ['a core dump', withByte(16, 4, 0), /a core dump/],
    ['of an odd type', withByte(16, 9, 0), /not a program: ELF type 9/],
    ['with program headers of a wrong size', withByte(54, 32), /its program headers are not valid/],
    ['without program headers', withByte(56, 0, 0), /its program headers are not valid/],
  ];
  it.each(cases)('%s', async (what, change, line) => {
    const outcome = await signalbox(['run', await mutated(what.replaceAll(' ', '-'), change)]);
    expect(oneLine(outcome.stderr)).toMatch(line);
    expect(outcome.status).toBe(126);
  });

  it('one cut within its code dies of it, as on a host', async () => {
    const path = await mutated('cut', (bytes) => bytes.subarray(0, 0x1800));
    const outcome = await signalbox(['run', path]);
    expect(oneLine(outcome.stderr)).toMatch(/died of SIG(BUS|SEGV)|cannot be loaded/);
    expect([126, 135, 139]).toContain(outcome.status);
  });

  it('one whose dynamic linker is not there says so', async () => {
    const PT_INTERP = 3;
    const PT_GNU_STACK = 0x6474e551;
    const name = Buffer.from('/no/ld.so\0');
    const path = await mutated('no-linker', (program) => {
      const bytes = Buffer.from(program);
      const unused = 0xf00;
      name.copy(bytes, unused);
      let phdr = 64;
      while (bytes.readUInt32LE(phdr) !== PT_GNU_STACK) phdr += 56;
      bytes.writeUInt32LE(PT_INTERP, phdr);
      bytes.writeBigUInt64LE(BigInt(unused), phdr + 8);
      bytes.writeBigUInt64LE(BigInt(name.length), phdr + 32);
      return bytes;
    });
    const outcome = await signalbox(['run', path]);
    expect(oneLine(outcome.stderr)).toMatch(/its dynamic linker \/no\/ld\.so is not there \(ENOENT\)$/);
    expect(outcome.status).toBe(127);
  });
});

describe('wrong usage', () => {
  const cases: [args: string[], line: RegExp][] = [
    [['run', '--nonsense', '/bin/true'], /unknown option '--nonsense'/],
    [['run'], /missing required argument 'PROGRAM'/],
    [['fly'], /unknown command 'fly'/],
    [['run', '--memory', 'lots', '/bin/true'], /'lots' is invalid.*512M/],
    [['run', '--memory', '1K', '/bin/true'], /'1K' is invalid/],
    [['run', '--cpu', 'abacus', '/bin/true'], /'abacus' is invalid.*interpreter, reference/],
    [['run', '--env', '=x', '/bin/true'], /'=x' is invalid/],
    [['run', '--bind', '/tmp', '/bin/true'], /'\/tmp' is invalid.*HOST:GUEST/],
    [['run', '--bind', '/no/such:/mnt', '/bin/true'], /--bind \/no\/such: no such directory/],
    [['run', '--root', '/no/such', '/bin/true'], /--root \/no\/such: no such directory/],
    [['run', '--root', '/etc/passwd', '/bin/true'], /--root \/etc\/passwd: not a directory/],
    [['run', '--cwd', '/no/such', '/bin/true'], /the working directory \/no\/such is no directory/],
    [['run', '--seed', 'maybe', '/bin/true'], /'maybe' is invalid/],
  ];
  it.each(cases)('%j', async (args, line) => {
    const outcome = await signalbox(args);
    expect(oneLine(outcome.stderr)).toMatch(line);
    expect(outcome.status).toBe(125);
    expect(outcome.stdout).toBe('');
  });

  it('a report that cannot be written', async () => {
    if (!canBuild) return;
    const outcome = await signalbox(['run', '--report', '/no/such/report.json', await guest('hello')]);
    expect(oneLine(outcome.stderr)).toMatch(/--report \/no\/such\/report.json: ENOENT/);
    expect(outcome.status).toBe(125);
  });
});

describe.skipIf(!canBuild)('what a program asks for in vain', () => {
  it('an unknown system call fails with ENOSYS, and is named once', async () => {
    const outcome = await signalbox(['run', await guest('syscall')]);
    expect(oneLine(outcome.stderr)).toMatch(/syscall 9999 is not supported: ENOSYS$/);
    expect(outcome).toMatchObject({ status: 0, stdout: '-1 Function not implemented\n'.repeat(2) });
  });

  it('an unknown instruction is SIGILL, and its bytes are shown', async () => {
    const outcome = await signalbox(['run', await guest('crash'), 'ill']);
    const [first, second, ...rest] = outcome.stderr.split('\n');
    expect(first).toMatch(/^signalbox: \S*crash\S*: unknown instruction at 0x[0-9a-f]+, bytes 0f 0e .*: SIGILL$/);
    expect(second).toMatch(
      /died of SIGILL: ILL_ILLOPN, address (0x[0-9a-f]+), rip \1 unknown_instruction(\+0x\w+)?, instruction femms$/,
    );
    expect(rest).toEqual(['']);
    expect(outcome.status).toBe(128 + 4);
  });

  it('memory that is not there kills who wanted it, and only that', async () => {
    const outcome = await signalbox(['run', '--memory', '16M', await guest('memory_hog'), '64']);
    expect(outcome.stdout).toBe('child: signal 9\n');
    expect(outcome.stderr.match(/out of memory: killed process \d+ \(\S+\)/g)).toHaveLength(2);
    expect(outcome.stderr).toContain('died of SIGKILL');
    expect(outcome.status).toBe(128 + 9);
  });

  it('a fork bomb runs into the limit of tasks', async () => {
    const outcome = await signalbox(['run', await guest('fork_bomb')]);
    expect(outcome).toEqual({
      stdout: 'Resource temporarily unavailable, children some, afterwards works\n',
      stderr: '',
      status: 0,
    });
  });

  it('ten gigabytes do not fit into memory files', async () => {
    const outcome = await signalbox(['run', '--disk', '64M', await guest('disk_hog')]);
    const full = 'No space left on device after 63 MiB\n';
    expect(outcome).toEqual({ stdout: full + full, stderr: '', status: 0 });
  });
});
