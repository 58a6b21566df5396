import type { Cpu, CpuKind, CpuOptions } from './cpu.ts';
import { InterpreterCpu } from './interpreter/cpu.ts';
import { JitCpu } from './jit/cpu.ts';
import { ReferenceCpu } from './reference/cpu.ts';
import { UnicornCpu } from './unicorn/cpu.ts';

/** Makes an executor. All kinds behave alike; see ARCHITECTURE.md for what each is for. */
export const createCpu = (kind: CpuKind, options: CpuOptions): Cpu => {
  switch (kind) {
    case 'jit':
      return new JitCpu(options);
    case 'interpreter':
      return new InterpreterCpu(options);
    case 'reference':
      return new ReferenceCpu(options);
    case 'unicorn':
      if (options.unicorn === undefined) throw new Error('the executor unicorn wants the package’s module');
      return new UnicornCpu(options, options.unicorn);
  }
};
