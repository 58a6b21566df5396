// `npm start`: runs the demonstration, then shows the signal frame that its handler finds on the stack. The program is built
// from guest/demo.c where there is a compiler for x86-64 Linux; otherwise the one checked in does.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = 'guest/demo.c';
const built = '.cache/demo';
const prebuilt = 'guest/prebuilt/demo';

const native = process.platform === 'linux' && process.arch === 'x64';
const compiler = process.env.SIGNALBOX_CC ?? (native ? 'gcc' : 'x86_64-linux-gnu-gcc');

const run = (command, args, options = {}) => spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });

const build = () => {
  mkdirSync(`${root}.cache`, { recursive: true });
  const { status } = run(compiler, ['-O1', '-g', '-static', '-o', built, source], { stdio: 'ignore' });
  return status === 0 ? built : prebuilt;
};

const signalbox = (...args) => {
  console.log(`$ signalbox ${args.join(' ')}`);
  const { status } = run(process.execPath, ['dist/signalbox.js', ...args]);
  if (status !== 0) process.exit(status ?? 1);
};

const demo = build();
signalbox('run', demo);
console.log();
signalbox('frame', demo);
