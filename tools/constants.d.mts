import type { TransformOptions } from 'esbuild';

export function inlineConstants(bundle: string, args: readonly string[], options: TransformOptions): Promise<void>;
