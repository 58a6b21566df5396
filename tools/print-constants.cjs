// Runs a bundle as the launcher does, then writes the numbers in some of its variables to descriptor 3, as esbuild's `define` has
// them: `{"SIG.SIGSEGV":"11"}`.
//
//   node tools/print-constants.cjs BUNDLE "NAME NAME..." ARGUMENT...
(() => {
  const [bundle, names, ...args] = process.argv.slice(2);
  const { readFileSync, writeFileSync } = require('node:fs');
  const vm = require('node:vm');

  const define = {};
  const note = (path, value) => {
    if (Number.isFinite(value) && !Object.is(value, -0)) define[path] = String(value);
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return;
    for (const [key, field] of Object.entries(value)) if (/^[A-Za-z_$][\w$]*$/.test(key)) note(`${path}.${key}`, field);
  };
  process.on('exit', () => {
    for (const name of names.split(' ')) note(name, globalThis[name]);
    writeFileSync(3, JSON.stringify(define));
  });

  process.argv = [process.argv[0], bundle, ...args];
  Object.assign(globalThis, { require, __filename: bundle });
  const importModuleDynamically = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  new vm.Script(readFileSync(bundle, 'latin1'), { filename: bundle, importModuleDynamically }).runInThisContext();
})();
