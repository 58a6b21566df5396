/** `--cpu unicorn`: an optional package, loaded when it is asked for. */
import { createRequire } from 'node:module';
import type { UnicornModule } from '../../emulator/api.ts';
import { Failure } from './failure.ts';

const PACKAGE = '@alexaltea/unicorn-js';

/** Throws `Failure` if the package is not there. */
export const loadUnicorn = async (): Promise<UnicornModule> => {
  let factory: unknown;
  try {
    factory = createRequire(import.meta.url)(`${PACKAGE}/x86`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'MODULE_NOT_FOUND' ? 'is not installed' : `cannot be loaded (${(error as Error).message})`;
    throw new Failure(`--cpu unicorn wants the package ${PACKAGE}, which ${why}; npm install ${PACKAGE}`);
  }
  // A CommonJS module that exports the factory, or has it as its default.
  const make = typeof factory === 'function' ? factory : (factory as { default?: unknown }).default;
  if (typeof make !== 'function') throw new Failure(`--cpu unicorn: ${PACKAGE} exports no factory`);
  return (await make()) as UnicornModule;
};
