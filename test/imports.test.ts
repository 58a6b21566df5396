import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/**
 * The directions of imports, as ARCHITECTURE.md draws them. Only imports of values count: `import type` costs nothing at
 * run time, and state declarations name the types of rooms above them.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  readonly from: string;
  readonly to: string;
}

const sources = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));

/** Value imports and re-exports; a clause whose names are all marked `type` is none. */
const STATEMENT = /^(?:import|export)\s+(?!type\b)(?:([^;'"]*?)\s+from\s+)?['"]([^'"]+)['"]/gm;
const onlyTypes = (clause: string | undefined): boolean => {
  const names = clause?.match(/^\{([\s\S]*)\}$/)?.[1];
  return names?.split(',').every((name) => name.trim() === '' || /^type\s/.test(name.trim())) ?? false;
};

const importsOf = (file: string): Import[] => {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(STATEMENT)]
    .filter((match) => !onlyTypes(match[1]))
    .map((match) => match[2]!)
    .map((to) => ({ from: file, to: to.startsWith('.') ? normalize(join(dirname(file), to)) : to }));
};

/** Tests, and the `testing.ts` beside them with what several share. */
const isTest = (file: string) => /(\.test|[/.]testing)\.ts$/.test(file);
const production = ['emulator', 'kernel', 'tools'].flatMap(sources).filter((file) => !isTest(file));
const imports = production.flatMap(importsOf);

/** Rooms of the kernel, lowest first; those on one line may know each other. */
const KERNEL_ROOMS: readonly (readonly string[])[] = [
  ['abi'],
  ['task', 'mm'],
  ['signal', 'fs', 'ipc', 'tty', 'net'],
  ['process'],
  ['syscalls'],
  ['entry'],
];
const roomOf = (file: string): number => {
  const room = file.split('/')[1]!;
  return KERNEL_ROOMS.findIndex((rooms) => rooms.includes(room));
};

const offences = (wrong: (i: Import) => boolean) => imports.filter(wrong).map((i) => `${i.from} -> ${i.to}`);

describe('imports point one way', () => {
  it('emulator/ knows nothing but itself', () => {
    expect(offences(({ from, to }) => from.startsWith('emulator/') && !to.startsWith('emulator/'))).toEqual([]);
  });

  it('kernel/ knows itself and emulator/api.ts', () => {
    const allowed = (to: string) => to.startsWith('kernel/') || to === 'emulator/api.ts';
    expect(offences(({ from, to }) => from.startsWith('kernel/') && !allowed(to))).toEqual([]);
  });

  it('rooms of the kernel know only those on their own floor and below', () => {
    const upward = ({ from, to }: Import) =>
      from.startsWith('kernel/') && to.startsWith('kernel/') && roomOf(from) >= 0 && roomOf(to) > roomOf(from);
    expect(offences(upward)).toEqual([]);
    const outOfTheHouse = ({ from, to }: Import) =>
      roomOf(from) >= 0 && from.startsWith('kernel/') && /^kernel\/(machine|boot|index|snapshot)\.ts$/.test(to);
    expect(offences(outOfTheHouse)).toEqual([]);
  });

  it('nobody imports tools/', () => {
    expect(offences(({ from, to }) => !from.startsWith('tools/') && to.startsWith('tools/'))).toEqual([]);
  });

  it('only tests import what is for tests', () => {
    expect(offences(({ to }) => isTest(to))).toEqual([]);
  });

  it('there are no cycles', () => {
    const edges = new Map<string, string[]>();
    for (const { from, to } of imports) edges.set(from, [...(edges.get(from) ?? []), to]);
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): string[] => {
      if (path.includes(file)) return [[...path.slice(path.indexOf(file)), file].join(' -> ')];
      if (done.has(file)) return [];
      const found = (edges.get(file) ?? []).flatMap((to) => visit(to, [...path, file]));
      done.add(file);
      return found;
    };
    expect(production.flatMap((file) => visit(file, []))).toEqual([]);
  });

  it('reads imports of every kind', () => {
    expect(importsOf('emulator/create.ts')).toContainEqual({
      from: 'emulator/create.ts',
      to: 'emulator/interpreter/cpu.ts',
    });
    expect(production.length).toBeGreaterThan(50);
  });
});
