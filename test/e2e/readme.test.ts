import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from '../native/cases.ts';
import { command, spawned } from './cli.ts';

const readme = readFileSync(`${root}README.md`, 'utf8');

/** Text of the fenced block that begins after `before`. */
const block = (before: string, language: string): string => {
  const fence = `\`\`\`${language}\n`;
  const from = readme.indexOf(fence, readme.indexOf(before)) + fence.length;
  return readme.slice(from, readme.indexOf('```\n', from));
};

describe('README tells the truth', () => {
  it('the example of the library prints what is said', async () => {
    mkdirSync(`${root}.cache`, { recursive: true });
    const script = `${root}.cache/readme-example.mjs`;
    writeFileSync(script, block('<!-- example:', 'js'));
    const outcome = await spawned(process.execPath, [script], { cwd: root, input: '' });
    expect(outcome).toEqual({ stdout: block('With SIGTERM in the place', ''), stderr: '', status: 0 });
  });

  it('the ledger shows what is said, but for numbers', async () => {
    const line = /^ {4}\$ npx signalbox (signals .*)\n((?: {4}.*\n)+)/m.exec(readme)!;
    const { stdout, status } = await spawned(process.execPath, [command, ...line[1]!.split(' ')], {
      cwd: root,
      input: '',
    });
    expect(status).toBe(0);
    const plain = (text: string) => text.replaceAll(/\b(0x)?[0-9a-f]*\d[0-9a-f.]*\b/g, 'N');
    const parts = line[2]!
      .replaceAll(/^ {4}/gm, '')
      .split(/^\.\.\.\n/m)
      .filter((part) => part !== '');
    expect(parts).toHaveLength(2);
    const output = plain(Buffer.from(stdout, 'latin1').toString());
    for (const part of parts) expect(output).toContain(plain(part));
  });

  it('every option of run is described, and no other', async () => {
    const { stdout } = await spawned(process.execPath, [command, 'run', '--help']);
    const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map((match) => match[1]!);
    const section = readme.slice(readme.indexOf('## signalbox run'), readme.indexOf('**Exit status.**'));
    const described = new Set([...section.matchAll(/^\| `(-{1,2}[\w-]+)/gm)].map((match) => match[1]!));
    expect([...described].toSorted()).toEqual(
      options
        .filter((option) => option !== '--help')
        .map((option) => (option === '--output' ? '-o' : option))
        .toSorted(),
    );
  });

  it('files that are named exist', () => {
    const texts = [readme, readFileSync(`${root}ARCHITECTURE.md`, 'utf8')];
    const named = texts.flatMap((text) => [...text.matchAll(/`((?:kernel|emulator|tools|test|guest)\/[\w./-]+)`/g)]);
    expect(named.length).toBeGreaterThan(30);
    expect(named.map((match) => match[1]!).filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
  });

  it('its commands are scripts of the package', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> };
    for (const name of ['start', 'test', 'tables']) expect(scripts[name]).toBeTruthy();
    expect(readme).toContain('npm install && npm start');
  });
});
