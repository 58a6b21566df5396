/**
 * The emulator's public face: all that the kernel knows of it.
 */

export type { Cpu, CpuKind, CpuOptions, JitObserver, JitOptions, StopReason } from './cpu.ts';
export { STOP } from './cpu.ts';
export { CpuState } from './cpu-state.ts';
export { createCpu } from './create.ts';
export { type Unannounced, unannounced } from './decode/unannounced.ts';
export type { PreparedForms } from './interpreter/prepared.ts';
export { ADDRESS_BITS, CACHE_LINE, CPU_BRAND, CPU_FAMILY, CPU_VENDOR, cpuid1Edx } from './isa/cpuid.ts';
export { ALL_FEATURES, CPU_LEVELS, type CpuLevel, FEATURES, type FeatureSet, featuresOf } from './isa/features.ts';
export { type DataSegment, isDataSelector } from './isa/integer/descriptors.ts';
export { VECTOR, VECTOR_NAMES } from './isa/ops.ts';
export { MXCSR_WRITABLE } from './isa/sse/area.ts';
export { XFEATURE, xcr0Of } from './isa/xsave-size.ts';
export type { ExitCause } from './jit/cause.ts';
export { LINEAR, PAGE_SHIFT, PAGE_SIZE } from './memory/layout.ts';
export { type Field, type Mover, type Moves, moves, type Source } from './memory/moves.ts';
export { ACCESS, type Access, frameOf, PageTable, PF_ERROR, PTE, USER_END, walk } from './memory/paging.ts';
export { CHUNK_FRAMES, OutOfFrames, PhysicalMemory, type PhysicalSnapshot } from './memory/physical.ts';
export type { Watchpoint } from './memory/watch.ts';
export {
  ARITHMETIC_FLAGS,
  DR6_BS,
  REG,
  REG_NAMES,
  RFLAGS,
  STATE_SIZE,
  stateOffset,
  TASK_STATE_SIZE,
  X87_STATUS,
} from './state.ts';
export type { UnicornModule } from './unicorn/api.ts';
