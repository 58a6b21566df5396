/** Names for instructions which only a CPU that announces more has. */
import { type Feature, type FeatureSet, missingFeatures } from '../isa/features.ts';
import { decode } from './decoder.ts';
import { describeMnemonic } from './describe.ts';

export interface Unannounced {
  /** In capitals. */
  readonly mnemonic: string;
  /** What would have to be announced. */
  readonly missing: readonly Feature[];
}

/** What the bytes are where everything is announced; null if they are an instruction of this CPU too, or of none. */
export const unannounced = (bytes: Uint8Array, features: FeatureSet): Unannounced | null => {
  const instruction = decode(bytes, 0, bytes.length, 0);
  if (typeof instruction === 'string') return null;
  const missing = missingFeatures(instruction.row, features);
  return missing.length === 0 ? null : { mnemonic: describeMnemonic(instruction).toUpperCase(), missing };
};
