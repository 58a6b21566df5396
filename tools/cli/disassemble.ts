/** Names for instructions that the decoder does not know: by capstone, which is loaded only then. */
import { createRequire } from 'node:module';
import { CPU_LEVELS, type FeatureSet, featuresOf, unannounced } from '../../emulator/api.ts';

/** The little of capstone that is used. */
interface Capstone {
  readonly ARCH_X86: number;
  readonly MODE_64: number;
  readonly Capstone: new (
    arch: number,
    mode: number,
  ) => { disasm(bytes: Uint8Array, address: number, max: number): { mnemonic: string; op_str: string }[] };
}

/** `VPADDD needs AVX2, which --cpu-level v1 does not announce`; `''` for an instruction that is not there either way. */
export const nameUnannounced = (bytes: Uint8Array, features: FeatureSet): string => {
  const found = unannounced(bytes, features);
  if (found === null) return '';
  const level = CPU_LEVELS.find((name) => featuresOf(name) === features);
  const who = level === undefined ? 'the processor' : `--cpu-level ${level}`;
  return `${found.mnemonic} needs ${found.missing.join(' and ')}, which ${who} does not announce`;
};

/** `vaddps ymm0, ymm1, ymm2`; `''` when capstone does not know it either, or is not installed. */
export const nameInstruction = async (bytes: Uint8Array, address: number): Promise<string> => {
  try {
    const load = createRequire(import.meta.url)('@alexaltea/capstone-js') as () => Promise<Capstone>;
    const capstone = await load();
    const [instruction] = new capstone.Capstone(capstone.ARCH_X86, capstone.MODE_64).disasm(bytes, address, 1);
    return instruction === undefined ? '' : `${instruction.mnemonic} ${instruction.op_str}`.trim();
  } catch {
    return '';
  }
};
