/** The disassembler that judges our decoder, with types for the little of it that is used. */
import { createRequire } from 'node:module';

export interface Disassembled {
  readonly address: bigint;
  readonly size: number;
  readonly mnemonic: string;
  readonly op_str: string;
}

interface Module {
  readonly ARCH_X86: number;
  readonly MODE_64: number;
  readonly Capstone: new (
    arch: number,
    mode: number,
  ) => { disasm(bytes: Uint8Array, address: number, max?: number): Disassembled[] };
}

/** At most `max` instructions, or as many as there are. */
export type Disassembler = (bytes: Uint8Array, address: number, max?: number) => Disassembled[];

/** Gives a function that disassembles up to the first byte that capstone cannot make sense of. */
export const loadCapstone = async (): Promise<Disassembler> => {
  const load = createRequire(import.meta.url)('@alexaltea/capstone-js') as () => Promise<Module>;
  const module = await load();
  const capstone = new module.Capstone(module.ARCH_X86, module.MODE_64);
  return (bytes, address, max) => {
    try {
      return capstone.disasm(bytes, address, max);
    } catch (error) {
      // It throws a string when not even the first instruction is understood.
      if (String(error).includes('cs_disasm failed')) return [];
      throw error;
    }
  };
};
