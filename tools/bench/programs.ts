/** What is measured: programs of our own, programs of the host that nobody tuned anything for, and a script. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { installed } from './executors.ts';
import { BUILT } from './measure.ts';

const SOURCES = 'guest/bench';

export type Section = 'cpu' | 'memory' | 'untuned' | 'script' | 'start' | 'kernel';
export const SECTIONS: readonly Section[] = ['cpu', 'memory', 'untuned', 'script', 'start', 'kernel'];

export interface Program {
  readonly section: Section;
  readonly name: string;
  /** The command line for a share of the work. */
  line(share: number): string[];
  /**
   * `cpu`: user and system time of the whole process, whose output must be the native one. `wall`: how long it takes. `lines`:
   * it prints lines "name<TAB>nanoseconds" itself.
   */
  readonly figure: 'cpu' | 'wall' | 'lines';
  /** Executors that do not run it. */
  readonly except: readonly string[];
}

const compile = (source: string, ...flags: string[]): string => {
  const program = join(BUILT, basename(source, '.c'));
  execFileSync('gcc', ['-O2', ...flags, '-o', program, source, '-lm'], { stdio: 'inherit' });
  return program;
};

const compileText = (name: string, text: string): string => {
  const source = join(BUILT, `${name}.c`);
  writeFileSync(source, text);
  return compile(source, '-static');
};

/**
 * How much programs that measure themselves do: all, and the share of the slowest. An operation of `kernel-ops` goes on for
 * a third of a second or more: a tenth goes by until V8 has optimized what is new in it.
 */
const AMOUNTS: Readonly<Record<string, { fast: string; slow: string }>> = {
  'kernel-ops': { fast: '12', slow: '0.02' },
  'integer-loop': { fast: '20000000', slow: '100000' },
};

/** They would take minutes. */
const SLOW = ['interpreter', 'reference'] as const;

const SLOW_SHARE = 0.05;

const ownPrograms = (): Program[] =>
  readdirSync(SOURCES)
    .filter((name) => name.endsWith('.c'))
    .map((source): Program => {
      const name = basename(source, '.c');
      const path = join(SOURCES, source);
      const amount = AMOUNTS[name];
      let program: string | undefined;
      const built = () => (program ??= compile(path, '-static'));
      if (amount !== undefined) {
        const line = (share: number) => [built(), share < SLOW_SHARE ? amount.slow : amount.fast];
        return { section: 'kernel', name, line, figure: 'lines', except: [] };
      }
      const section = name.startsWith('cpu-') ? 'cpu' : name.startsWith('chase') ? 'memory' : 'untuned';
      const line = (share: number) => [built(), String(share)];
      return { section, name, line, figure: 'cpu', except: section === 'cpu' ? [] : SLOW };
    });

const TEXT_BYTES = 20_000_000;

/** Text that compresses as prose does: words of a small vocabulary, common ones more often, and some numbers. */
const textFile = (): string => {
  const file = join(BUILT, 'text');
  if (existsSync(file)) return file;
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const words = Array.from({ length: 4000 }, () =>
    Array.from({ length: 2 + random(9) }, () => String.fromCharCode(97 + random(26))).join(''),
  );
  const parts: string[] = [];
  for (let length = 0; length < TEXT_BYTES; ) {
    const word = random(20) === 0 ? String(random(100_000)) : words[random(1 + random(1 + random(words.length)))]!;
    const part = random(12) === 0 ? `${word}.\n` : `${word} `;
    parts.push(part);
    length += part.length;
  }
  writeFileSync(file, parts.join('').slice(0, TEXT_BYTES));
  return file;
};

const SQL = `
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 120000)
  insert into t select i, 'row ' || (i * 7919 % 120000), i * 1.5 from n;
create index tb on t(b);
select count(*), sum(c), max(length(b)) from t where b like '%7%';
select substr(b, 1, 6), count(*) from t group by 1 order by 2 desc, 1 limit 5;
select sum(x.c * y.a) from t x join t y on x.a = y.a + 1 where x.a % 3 = 0;
update t set c = c + 1 where a % 5 = 0;
delete from t where a % 11 = 0;
select count(*), sum(a), round(sum(c)) from t;
`;

const PERL = `my %count; my $x = 1;
for my $i (1 .. 600_000) { $x = ($x * 16807) % 2147483647; $count{$x % 5000} .= chr(65 + $i % 26) if $i % 3; $count{x} += $x & 255; }
my $text = join ',', map { "$_=" . length $count{$_} } sort keys %count; my $n = () = $text =~ /1\\d*=/g; print length $text, " $n\\n";`;

const PYTHON = `
def sieve(n):
    marks = bytearray([1]) * n
    for i in range(2, int(n ** 0.5) + 1):
        if marks[i]:
            for j in range(i * i, n, i): marks[j] = 0
    return sum(marks)
words = {}
for i in range(300000): words[str(i * 7919 % 5003)] = words.get(str(i % 5003), 0) + i
print(sieve(400000), len(words), sum(words.values()), sum(x * 0.5 for x in range(400000)))
`;

/** A translation unit of some length, for compilers. */
const SOURCE_TEXT = Array.from(
  { length: 60 },
  (_, n) =>
    `int f${n}(int a, const char *s, double d) { int sum = ${n}; for (int i = 0; i < a; i++) { if (s[i] == ${n + 32}) sum += i * ${n}; ` +
    `else switch (s[i] & 7) { case 0: sum ^= a; break; case 3: d *= 1.${n}; break; default: sum -= s[i]; } } return sum + (int)d; }\n`,
).join('');

const untuned = (): Program[] => {
  const list: Program[] = [];
  const add = (name: string, command: string, args: () => string[]) => {
    if (!installed(command)) return;
    // Not what a version manager put before it.
    const path = existsSync(`/usr/bin/${command}`) ? `/usr/bin/${command}` : command;
    list.push({ section: 'untuned', name, line: () => [path, ...args()], figure: 'cpu', except: SLOW });
  };
  const source = () => {
    const file = join(BUILT, 'unit.c');
    writeFileSync(file, SOURCE_TEXT);
    return file;
  };
  add('gzip', 'gzip', () => ['-c', textFile()]);
  add('gunzip', 'gzip', () => {
    const file = `${textFile()}.gz`;
    if (!existsSync(file)) writeFileSync(file, execFileSync('gzip', ['-c', textFile()], { maxBuffer: 2 ** 26 }));
    return ['-dc', file];
  });
  add('bzip2', 'bzip2', () => ['-c', textFile()]);
  add('sqlite3', 'sqlite3', () => [':memory:', SQL]);
  add('perl', 'perl', () => ['-e', PERL]);
  add('python', 'python3', () => ['-S', '-c', PYTHON]);
  add('lua', 'lua', () => ['-e', 'local s = 0 for i = 1, 2e7 do s = s + i % 7 * 0.5 end print(s)']);
  add('openssl sha256', 'openssl', () => ['dgst', '-sha256', textFile()]);
  add('openssl chacha20', 'openssl', () => ['enc', '-chacha20', '-K', '11', '-iv', '22', '-in', textFile()]);
  add('openssl prime', 'openssl', () => ['prime', PRIME]);
  if (installed('gcc')) {
    // The compiler proper: what gcc executes would run natively under qemu-user.
    const cc1 = execFileSync('gcc', ['-print-prog-name=cc1'], { encoding: 'utf8' }).trim();
    const line = () => [cc1, '-quiet', '-O2', source(), '-o', '/dev/stdout'];
    list.push({ section: 'untuned', name: 'cc1 -O2', line, figure: 'cpu', except: SLOW });
  }
  return list;
};

/** Big enough that telling takes some arithmetic. */
const PRIME = (2n ** 2203n - 1n).toString();

const COUNTS = [0, 20, 200] as const;

/**
 * A shell that forks and executes short programs; `script of 0` is what the shell takes. Under qemu-user the programs would run
 * natively, and the reference takes too long.
 */
const scripts = (): Program[] =>
  COUNTS.map((count) => {
    const text = `i=0; while [ $i -lt ${count} ]; do /usr/bin/expr $i + 1; /bin/true; i=$((i+2)); done`;
    return {
      section: 'script',
      name: `script of ${count}`,
      line: () => ['/bin/sh', '-c', text],
      figure: 'cpu',
      except: ['qemu-user', 'reference'],
    };
  });

const start = (): Program[] => {
  const hello = () => compileText('hello', '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n');
  let program: string | undefined;
  const line = () => [(program ??= hello())];
  return [
    { section: 'start', name: 'start of hello', line, figure: 'wall', except: [] },
    { section: 'start', name: 'start of hello, CPU', line, figure: 'cpu', except: [] },
  ];
};

/** All programs that there are here. */
export const programs = (): Program[] => {
  mkdirSync(BUILT, { recursive: true });
  return [...ownPrograms(), ...untuned(), ...scripts(), ...start()];
};
