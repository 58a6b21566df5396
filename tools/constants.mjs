// Puts numbers in the place of constants' names, in the bundle of the command.
//
// A constant is a variable at the top of a file of emulator/ or kernel/ whose name is in capitals and which is set once, to a
// number, or to an object whose fields are numbers or such objects: `TWO32`, `SIG.SIGSEGV`, `LINEAR.state`. These files know
// nothing of where they run, so what is computed in one run is so in every other. V8 knows that such variables never change only
// when it optimizes a function; before, each use is two look-ups, and then their bytecode counts when it decides what to inline.
//
// esbuild replaces names that nothing in the script declares (`define`), and knows about scopes: so the declarations of
// constants are left out for its second pass.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

const NAME = /^[A-Z][A-Z0-9_]*$/;
/** Where a file begins in a bundle. */
const FILE = /^\/\/ (\S+\.[cm]?[jt]s)$/;
/** Declarations at the top without values: the names before the first that has one. */
const DECLARATION = /^var ((?:[\w$]+, )*[\w$]+)(?=;$|, [\w$]+ = )/;

/** Names in capitals that files of emulator/ and kernel/ declare at their top. */
const declaredIn = (lines) => {
  const names = [];
  let file = '';
  for (const line of lines) {
    file = FILE.exec(line)?.[1] ?? file;
    if (!/^(?:emulator|kernel)\//.test(file)) continue;
    names.push(...(DECLARATION.exec(line)?.[1].split(', ') ?? []).filter((name) => NAME.test(name)));
  }
  return names;
};

const BEFORE = '(?<![\\w$.])';
const FIELD = '(?:\\.[\\w$]+|\\[[^\\]]*\\])';
/** Set more than once, or a field of it is set. */
const isVariable = (text, name) =>
  text.match(new RegExp(`${BEFORE}${name} = `, 'g'))?.length !== 1 ||
  new RegExp(`${BEFORE}${name}(?:${FIELD}+ ?(?:[-+*/%&|^?]{1,2}|<<|>>>?)?=(?![=>])|${FIELD}*(?:\\+\\+|--))`).test(text);

/** Rewrites a bundle without look-ups of constants. `args` make it use most of itself. */
export const inlineConstants = async (bundle, args, options) => {
  const text = readFileSync(bundle, 'latin1');
  const lines = text.split('\n');
  const names = declaredIn(lines).filter((name) => !isVariable(text, name));
  const command = [fileURLToPath(new URL('print-constants.cjs', import.meta.url)), bundle, names.join(' '), ...args];
  const { status, output } = spawnSync(process.execPath, command, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  if (status !== 0) throw new Error(`${bundle} does not run: status ${status}`);
  const define = JSON.parse(output[3].toString());
  const constants = new Set(Object.keys(define).map((path) => path.split('.')[0]));
  const undeclared = lines.map((line) =>
    line.replace(DECLARATION, (_, list) => {
      const left = list.split(', ').filter((name) => !constants.has(name));
      return `var ${left.join(', ') || '__none'}`;
    }),
  );
  const logOverride = { 'assign-to-define': 'silent' };
  const { code } = await transform(undeclared.join('\n'), { ...options, define, logOverride });
  writeFileSync(bundle, `var ${[...constants].join(', ')};\n${code}`);
};
