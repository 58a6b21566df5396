import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { instructionTable, syscallTable, withTables } from './tables.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('the tables of README', () => {
  it('are current; if not: npm run tables', () => {
    expect(withTables(readme)).toBe(readme);
  });

  it('name what there is', () => {
    expect(instructionTable()).toMatch(/\| Arithmetic \| ADD ADC/);
    expect(instructionTable()).toContain('J*cc*');
    expect(syscallTable()).toMatch(/As documented: read, write,/);
    expect(syscallTable()).toMatch(/\| mmap, .*memfd_create \| no huge pages/);
  });

  it('need their places', () => {
    expect(() => withTables('nothing')).toThrow('no place for the table of syscalls');
  });
});
