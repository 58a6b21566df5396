/**
 * `npm run storms`: signals in masses (guest/storm), natively and here, with the time and memory that each takes. Natively a
 * user without privileges gets no more signals queued than the hard RLIMIT_SIGPENDING allows.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

const STORMS = [
  ['queue', '1000000'],
  ['nest', '10000'],
  ['ring', '500', '20'],
  ['cost', '100000'],
] as const;

/** What a command wrote, its seconds, and the most memory that it or its children had, if GNU time is there to ask. */
const timed = (command: readonly string[]): { text: string; seconds: number; memory: string } => {
  const report = `${folder}/time`;
  const time = existsSync('/usr/bin/time') ? ['/usr/bin/time', '-f', '%M', '-o', report] : [];
  const [file, ...args] = [...time, ...command];
  const start = performance.now();
  const { stdout, stderr } = spawnSync(file!, args, { encoding: 'utf8', timeout: 600_000 });
  const seconds = (performance.now() - start) / 1000;
  const memory = time.length === 0 ? '' : `, ${Math.round(Number(readFileSync(report, 'utf8').trim()) / 1024)} MB`;
  return { text: `${stdout}${stderr}`.trim(), seconds, memory };
};

const folder = mkdtempSync(`${tmpdir()}/storms-`);
try {
  for (const [name, ...args] of STORMS) {
    const file = `${folder}/${name}`;
    const built = spawnSync('gcc', ['-O1', '-w', '-static', `guest/storm/${name}.c`, '-o', file], { stdio: 'inherit' });
    if (built.status !== 0) throw new Error(`gcc cannot build guest/storm/${name}.c`);
    for (const [where, command] of [
      ['native', [file, ...args]],
      ['here', [process.execPath, 'dist/signalbox.js', 'run', '--memory', '2G', file, ...args]],
    ] as const) {
      const { text, seconds, memory } = timed(command);
      console.log(
        `${name} ${args.join(' ')}, ${where}: ${seconds.toFixed(1)} s${memory}\n  ${text.replaceAll('\n', '\n  ')}`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
