// Builds what people start. Plain JavaScript, since Node 20 runs no TypeScript.
//
//   node tools/build.mjs                the CLI and the library, into dist/
//   node tools/build.mjs run FILE ...   bundles one TypeScript script and runs it with the arguments
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inlineConstants } from './constants.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  logLevel: 'warning',
  // CommonJS packages inside an ES module bundle ask for `require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
};

/**
 * The command line tool: runs on Node alone, its packages bundled but for the disassembler, which is loaded on demand. One
 * CommonJS script, for which `launch.mjs` keeps V8's compiled code.
 */
const cli = {
  ...common,
  entryPoints: ['tools/cli/main.ts'],
  outfile: 'dist/signalbox.cjs',
  format: 'cjs',
  platform: 'node',
  external: ['@alexaltea/capstone-js', '@alexaltea/unicorn-js'],
  define: { 'import.meta.url': '__fileUrl' },
  // The launcher reads it as such.
  charset: 'ascii',
  // Commander wants it for subcommands in programs of their own, which there are none of; loading it takes 5 ms.
  alias: { 'node:child_process': './tools/cli/no-child-process.ts' },
  banner: { js: "const __fileUrl = require('node:url').pathToFileURL(__filename).href;" },
  minifySyntax: true,
};

/** The library: no host in it, runs in browsers and Node alike. */
const library = {
  ...common,
  entryPoints: ['kernel/index.ts'],
  outfile: 'dist/index.js',
  platform: 'neutral',
  banner: {},
};

/** Bundles a TypeScript script and runs it in the root; its status. */
const run = async (script, args) => {
  mkdirSync(join(root, '.cache/scripts'), { recursive: true });
  // The same script may be running already.
  const outfile = join(root, '.cache/scripts', `${basename(script, '.ts')}-${process.pid}.mjs`);
  await build({ ...common, entryPoints: [script], outfile, platform: 'node', packages: 'external' });
  const { status } = spawnSync(process.execPath, [outfile, ...args], { stdio: 'inherit', cwd: root });
  rmSync(outfile, { force: true });
  return status ?? 1;
};

const [command, script, ...args] = process.argv.slice(2);
if (command === 'run') process.exit(await run(script, args));

mkdirSync(join(root, 'dist'), { recursive: true });
// What was made from an older build must not meet the new one.
for (const name of ['signalbox.code', 'signalbox.forms']) rmSync(join(root, 'dist', name), { force: true });
await Promise.all([build(cli), build(library)]);
if ((await run('tools/prepare-forms.ts', [])) !== 0) process.exit(1);

const demo = join(root, 'guest/prebuilt/demo');
const firstRun = existsSync(demo) ? ['run', demo] : ['--version'];
const { target, charset, minifySyntax } = cli;
await inlineConstants(join(root, cli.outfile), firstRun, { target, charset, minifySyntax });

// What starts: the launcher, with the compiled code of what a first run needed.
const launcher = join(root, 'dist/signalbox.js');
copyFileSync(join(root, 'tools/cli/launch.mjs'), launcher);
chmodSync(launcher, 0o755);
spawnSync(process.execPath, [launcher, ...firstRun], {
  env: { ...process.env, SIGNALBOX_SAVE_CODE: '1' },
  stdio: 'ignore',
});
