/** Rows by what people call them: mnemonic, extension, source file, or part of the row's text. */
import { existsSync, readFileSync } from 'node:fs';
import type { Shape } from './shape.ts';
import { keyText } from './shape.ts';

const featuresOf = ({ row: { feature } }: Shape): readonly string[] =>
  feature === undefined ? [] : typeof feature === 'string' ? [feature] : feature;

/** Rows whose mnemonic or encoding stands in quotes in the file. */
const inFile = (path: string): ((shape: Shape) => boolean) => {
  const words = new Set([...readFileSync(path, 'utf8').matchAll(/['`]([^'`\n]+)['`]/g)].map((match) => match[1]!));
  return ({ row }) => words.has(row.mnemonic) || words.has(row.encoding);
};

/** `*` stands for anything. */
const glob = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\?]/g, '\\$&').replace(/\*/g, '.*')}$`, 'i');

/**
 * The shapes which some pattern means: a mnemonic or an extension (with `*` for anything), the path of a source file, or
 * text that begins a "MNEMONIC ENCODING OPERANDS" or stands in it between spaces.
 */
export const selectShapes = (shapes: readonly Shape[], patterns: readonly string[]): Shape[] => {
  const tests = patterns.map((pattern) => {
    if (pattern.endsWith('.ts') && existsSync(pattern)) return inFile(pattern);
    const name = glob(pattern);
    const text = pattern.toUpperCase();
    return (shape: Shape) =>
      name.test(shape.row.mnemonic) ||
      shape.row.mnemonic.split('/').some((mnemonic) => name.test(mnemonic)) ||
      featuresOf(shape).some((feature) => name.test(feature)) ||
      ` ${keyText(shape.row).toUpperCase()} `.includes(` ${text} `);
  });
  return shapes.filter((shape) => tests.some((test) => test(shape)));
};
