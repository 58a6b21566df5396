import { describe, expect, it } from 'vitest';
import { listCases, parseCase, parseDirectives } from './cases.ts';

const parse = (...lines: string[]) => parseCase('libc', 'x', '/x.c', lines.join('\n'));

describe('directives of guest programs', () => {
  it('have defaults', () => {
    const test = parse('// What it proves.', 'int main(void) {}');
    expect(test.variants).toEqual([{ libc: 'glibc', flags: ['-O1'], libs: [], name: 'glibc -O1' }]);
    expect(test).toMatchObject({ id: 'libc/x', args: [], stdin: '', end: { exit: 0 }, slow: false });
  });

  it('make every level with every C library', () => {
    const test = parse(
      '// flags: -pthread',
      '// libs: -lm',
      '// libc: glibc | musl',
      '// variants: -O0 | -O3 -march=x86-64',
    );
    expect(test.variants.map((variant) => variant.name)).toEqual([
      'glibc -O0 -pthread -lm',
      'glibc -O3 -march=x86-64 -pthread -lm',
      'musl -O0 -pthread -lm',
      'musl -O3 -march=x86-64 -pthread -lm',
    ]);
  });

  it('tell what a processor must have', () => {
    const test = parse('// variants: -O1 | -O3 -march=x86-64-v2 | -O3 -march=x86-64-v3');
    expect(test.variants.map((variant) => variant.needs)).toEqual([undefined, 'v2', 'v3']);
    expect(parse('// needs: v3').variants[0]!.needs).toBe('v3');
    expect(parse('').levels).toEqual(['v3']);
    expect(parse('// levels: v1 | v2').levels).toEqual(['v1', 'v2']);
    expect(() => parse('// needs: v5')).toThrow("unknown level 'v5'");
  });

  it('say how to run it and how it ends', () => {
    const test = parse(
      '// args: -a  b',
      '// env: A=1 B=x=y C=',
      '// stdin: one\\n\\ttwo\\\\',
      '// status: SIGSEGV',
      '// slow',
    );
    expect(test.args).toEqual(['-a', 'b']);
    expect(test.env).toMatchObject({ A: '1', B: 'x=y', C: '', PATH: '/usr/bin:/bin' });
    expect(test.stdin).toBe('one\n\ttwo\\');
    expect(test.end).toEqual({ signal: 'SIGSEGV' });
    expect(test.slow).toBe(true);
  });

  it('are words in lower case; prose is not one, and a typo is an error', () => {
    expect(parseDirectives('// Linux: says so.\n// status 3\n// slow motion\n', 'x.c').size).toBe(0);
    expect(() => parseDirectives('// statsu: 3', 'x.c')).toThrow("x.c: unknown directive 'statsu'");
    expect(() => parseDirectives('// args: 3\n// args: 4', 'x.c')).toThrow("x.c: directive 'args' given twice");
    expect(() => parse('// status: 1000')).toThrow("bad status '1000'");
    expect(() => parse('// env: NOVALUE')).toThrow("bad env 'NOVALUE'");
    expect(() => parse('// libc: dietlibc')).toThrow("unknown libc 'dietlibc'");
  });

  it('count only above the first line of code', () => {
    expect(parse('int x;', '// status: 3').end).toEqual({ exit: 0 });
  });

  it('are in every program of the corpus, below a comment that says what it proves', () => {
    const cases = listCases();
    expect(cases.length).toBeGreaterThan(100);
    for (const test of cases) expect(test.source, test.id).toMatch(/^\/\/ (?![a-z]+: )\S.{20}/);
  });
});
