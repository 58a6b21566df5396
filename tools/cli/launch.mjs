#!/usr/bin/env node
// Starts signalbox.cjs with V8's compiled code from the build, which saves a third of the time that a short run takes. Code
// of another version of Node is refused by V8; the script is then compiled as usual.
import { createRequire } from 'node:module';

// Not imported: a built-in module's ES form is made of all its exports, and that of fs brings in every kind of stream.
const require = createRequire(import.meta.url);
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

// Optimizing the script itself rarely pays in the time that a guest runs.
const v8 = require('node:v8');
v8.setFlagsFromString('--interrupt-budget=1000000');
// The way of a trap is made of many small functions: V8's own bound (920) leaves many of their calls. With 4000 traps are
// faster by another tenth, but take longer to get there than most programs run.
v8.setFlagsFromString('--max-inlined-bytecode-size-cumulative=1500');
if (Number.parseInt(process.versions.node) <= 22) {
  v8.setFlagsFromString('--experimental-wasm-branch-hinting');
  v8.setFlagsFromString('--no-wasm-stack-checks');
}

const folder = path.dirname(require('node:url').fileURLToPath(import.meta.url));
const filename = path.join(folder, 'signalbox.cjs');
const codeFile = path.join(folder, 'signalbox.code');

const read = () => {
  try {
    return fs.readFileSync(codeFile);
  } catch {
    return undefined;
  }
};

const source = fs.readFileSync(filename, 'latin1');
// At the top, not in a function as modules are: of variables there V8 knows that they never change, and puts constants and
// functions right into optimized code. A system call takes a third less for it.
const script = new vm.Script(source, {
  filename,
  cachedData: read(),
  importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
Object.assign(globalThis, { require, __filename: filename });
script.runInThisContext();
if (process.env.SIGNALBOX_SAVE_CODE) process.on('exit', () => fs.writeFileSync(codeFile, script.createCachedData()));
