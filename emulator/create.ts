import type { Cpu, CpuKind, CpuOptions } from './cpu.ts';
import { ReferenceCpu } from './reference/cpu.ts';

/** Makes an executor. All kinds behave alike; see ARCHITECTURE.md for what each is for. */
export const createCpu = (kind: CpuKind, options: CpuOptions): Cpu => {
  switch (kind) {
    case 'interpreter':
      throw new Error('the interpreter is not built yet');
    case 'reference':
      return new ReferenceCpu(options);
  }
};
