// Builds what people start. Plain JavaScript, since Node 20 runs no TypeScript.
//
//   node tools/build.mjs                the CLI and the library, into dist/
//   node tools/build.mjs run FILE ...   bundles one TypeScript script and runs it with the arguments
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

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

/** The command line tool: runs on Node alone, its packages bundled but for the disassembler, which is loaded on demand. */
const cli = {
  ...common,
  entryPoints: ['tools/cli/main.ts'],
  outfile: 'dist/signalbox.js',
  platform: 'node',
  external: ['@alexaltea/capstone-js', '@alexaltea/unicorn-js'],
  banner: { js: `#!/usr/bin/env node\n${common.banner.js}` },
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

const [command, script, ...args] = process.argv.slice(2);
if (command === 'run') {
  mkdirSync(join(root, '.cache/scripts'), { recursive: true });
  const outfile = join(root, '.cache/scripts', `${basename(script, '.ts')}.mjs`);
  await build({ ...common, entryPoints: [script], outfile, platform: 'node', packages: 'external' });
  const { status } = spawnSync(process.execPath, [outfile, ...args], { stdio: 'inherit', cwd: root });
  process.exit(status ?? 1);
}
await Promise.all([build(cli), build(library)]);
