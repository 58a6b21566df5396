/** Instruction-set extensions by the names of the SDM's "CPUID Feature Flag" columns: what a row may ask for. */

/**
 * A row without one belongs to x86-64-v1, the baseline. The decoder knows the rows of announced features only, so that
 * an unannounced encoding is #UD - or what it meant before the feature came (TZCNT as REP BSF), by a row without it.
 */
export type Feature =
  | ('CMPXCHG16B' | 'LAHF-SAHF' | 'POPCNT' | 'SSE3' | 'SSSE3' | 'SSE4_1' | 'SSE4_2') // x86-64-v2
  | ('AVX' | 'AVX2' | 'BMI1' | 'BMI2' | 'F16C' | 'FMA' | 'LZCNT' | 'MOVBE') // x86-64-v3
  | ('XSAVE' | 'XSAVEOPT' | 'XSAVEC' | 'FSGSBASE' | 'RDTSCP' | 'RDPID' | 'CLFLUSHOPT' | 'CLWB')
  | ('AES' | 'PCLMULQDQ' | 'SHA' | 'ADX' | 'RDRAND' | 'RDSEED' | 'PREFETCHW');
