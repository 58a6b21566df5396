import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout, with a trailing slash; found from wherever this code was bundled to inside it. */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The folders of guest/ which hold the differential corpus; other folders there belong to other tests. */
export const areas = [
  'cpu',
  'memory',
  'process',
  'file',
  'ipc',
  'net',
  'signal',
  'libc',
  'libm',
  'time',
  'dynamic',
  'thread',
] as const;

/** Which C library a program is linked with: statically, or glibc's shared one. */
export type Libc = 'glibc' | 'musl' | 'shared';

/** Levels of x86-64 by the System V ABI. */
export const levels = ['v1', 'v2', 'v3'] as const;
export type Level = (typeof levels)[number];

/** One way to build a program. */
export type Variant = {
  readonly libc: Libc;
  /** Compiler flags; `-static` is added as `libc` says. */
  readonly flags: readonly string[];
  /** Linker flags, which come after the source. */
  readonly libs: readonly string[];
  /** How test names tell variants apart, e.g. `glibc -O2`. */
  readonly name: string;
  /** What a host must have to run it; nothing said is v1. */
  readonly needs?: Level;
  /** Capabilities that a host must give, by the kernel's names in lower case, without `cap_`. */
  readonly capabilities?: readonly string[];
};

/** How a program ended: its exit status, or the name of the signal that killed it. */
export type End = { readonly exit: number } | { readonly signal: string };

/** A program of the corpus with what its directives ask for. */
export type Case = {
  /** `area/name`, the key of recorded results and known gaps. */
  readonly id: string;
  readonly area: string;
  readonly name: string;
  /** Absolute path of the C file, and its text. */
  readonly path: string;
  readonly source: string;
  readonly variants: readonly Variant[];
  /** Arguments after argv[0], which is the program's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly end: End;
  /** More than about 20 million instructions: the reference executor does not run it. */
  readonly slow: boolean;
  /** What the CPU inside announces, in one run after the other: all must show the same. */
  readonly levels: readonly Level[];
};

/** What every program finds in its environment; the `env` directive adds to it. */
const baseEnv = { PATH: '/usr/bin:/bin', HOME: '/tmp', LANG: 'C' } as const;

/** A directive is a lower-case word and a colon at the start of a comment line; prose starts with a capital. */
const directiveLine = /^\/\/ ([a-z]+)(?::\s*(.*?))?\s*$/;

const directiveNames = [
  ...(['flags', 'libs', 'variants', 'libc', 'args', 'env', 'stdin', 'status'] as const),
  ...(['levels', 'needs', 'capabilities', 'slow', 'apart'] as const),
];
/** Those which say all with their name. */
const bare: readonly string[] = ['slow', 'apart'] satisfies DirectiveName[];
type DirectiveName = (typeof directiveNames)[number];

/** Reads the leading `//` lines of a source. An unknown directive is an error, so that a typo cannot hide. */
export function parseDirectives(source: string, where: string): Map<DirectiveName, string> {
  const found = new Map<DirectiveName, string>();
  for (const line of source.split('\n')) {
    if (!line.startsWith('//')) break;
    const match = directiveLine.exec(line);
    if (!match || (match[2] === undefined && !bare.includes(match[1]!))) continue;
    const name = match[1] as DirectiveName;
    if (!directiveNames.includes(name)) throw new Error(`${where}: unknown directive '${match[1]}'`);
    if (found.has(name)) throw new Error(`${where}: directive '${name}' given twice`);
    found.set(name, match[2] ?? '');
  }
  return found;
}

/** Makes a case of one source file. */
export function parseCase(area: string, name: string, path: string, source: string): Case {
  const directives = parseDirectives(source, `${area}/${name}.c`);
  return {
    id: `${area}/${name}`,
    area,
    name,
    path,
    source,
    variants: variantsOf(directives),
    args: words(directives.get('args') ?? ''),
    env: { ...baseEnv, ...Object.fromEntries(words(directives.get('env') ?? '').map(assignment)) },
    stdin: unescaped(directives.get('stdin') ?? ''),
    end: endOf(directives.get('status') ?? '0'),
    slow: directives.has('slow'),
    levels: directives.has('levels') ? directives.get('levels')!.split('|').map(levelOf) : ['v3'],
  };
}

/** The cases of a source file: one, but where the C libraries' results differ (`apart`) one for each of them. */
function parseCases(area: string, name: string, path: string, source: string): Case[] {
  const all = parseCase(area, name, path, source);
  if (!parseDirectives(source, path).has('apart')) return [all];
  return [...new Set(all.variants.map((variant) => variant.libc))].map((libc) => ({
    ...all,
    id: `${all.id}-${libc}`,
    name: `${name}-${libc}`,
    variants: all.variants.filter((variant) => variant.libc === libc),
  }));
}

/** All programs of the corpus, sorted by id. */
export function listCases(): Case[] {
  return areas.flatMap((area) => {
    const folder = `${root}guest/${area}`;
    return readdirSync(folder)
      .filter((file) => file.endsWith('.c'))
      .sort()
      .flatMap((file) =>
        parseCases(area, file.slice(0, -2), `${folder}/${file}`, readFileSync(`${folder}/${file}`, 'utf8')),
      );
  });
}

function findRoot(folder: string): string {
  if (existsSync(`${folder}/package.json`)) return `${folder}/`;
  if (folder === dirname(folder)) throw new Error('no package.json above the test harness');
  return findRoot(dirname(folder));
}

function variantsOf(directives: ReadonlyMap<DirectiveName, string>): Variant[] {
  const common = words(directives.get('flags') ?? '');
  const libs = words(directives.get('libs') ?? '');
  const choices = (directives.get('variants') ?? '-O1').split('|').map(words);
  const needed = directives.has('needs') ? levelOf(directives.get('needs')!) : 'v1';
  const capabilities = words(directives.get('capabilities') ?? '');
  const libcs = (directives.get('libc') ?? 'glibc').split('|').map((word) => {
    const libc = word.trim();
    if (libc !== 'glibc' && libc !== 'musl' && libc !== 'shared') throw new Error(`unknown libc '${libc}'`);
    return libc;
  });
  return libcs.flatMap((libc: Libc) =>
    choices.map((choice): Variant => {
      const flags = [...choice, ...common];
      const named: Variant = { libc, flags, libs, name: [libc, ...flags, ...libs].join(' ') };
      const plain = capabilities.length === 0 ? named : { ...named, capabilities };
      const built = flags
        .map((flag) => /^-march=x86-64-(v[0-9])$/.exec(flag)?.[1])
        .find((level) => level !== undefined);
      const needs = levels[Math.max(levels.indexOf(levelOf(built ?? 'v1')), levels.indexOf(needed))]!;
      return needs === 'v1' ? plain : { ...plain, needs };
    }),
  );
}

function levelOf(text: string): Level {
  const level = levels.find((name) => name === text.trim());
  if (level === undefined) throw new Error(`unknown level '${text.trim()}'`);
  return level;
}

function endOf(text: string): End {
  if (/^SIG[A-Z0-9]+$/.test(text)) return { signal: text };
  if (/^[0-9]{1,3}$/.test(text)) return { exit: Number(text) };
  throw new Error(`bad status '${text}'`);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function assignment(word: string): [string, string] {
  const at = word.indexOf('=');
  if (at < 1) throw new Error(`bad env '${word}'`);
  return [word.slice(0, at), word.slice(at + 1)];
}

/** `\n`, `\t` and `\\` as in C. */
function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => ({ n: '\n', t: '\t', '\\': '\\' })[letter] ?? `\\${letter}`);
}
