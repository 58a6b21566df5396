/** Types of the auxiliary vector's entries (uapi/linux/auxvec.h, asm/auxvec.h; getauxval(3)). */
export const AUX = {
  NULL: 0,
  IGNORE: 1,
  EXECFD: 2,
  /** Program headers in memory: address, size of one, how many. */
  PHDR: 3,
  PHENT: 4,
  PHNUM: 5,
  PAGESZ: 6,
  /** Load address of the program interpreter. */
  BASE: 7,
  FLAGS: 8,
  /** Entry point of the program, not of the interpreter. */
  ENTRY: 9,
  UID: 11,
  EUID: 12,
  GID: 13,
  EGID: 14,
  /** Address of the string "x86_64". */
  PLATFORM: 15,
  /** CPUID.1:EDX. */
  HWCAP: 16,
  /** Ticks per second of times(2). */
  CLKTCK: 17,
  SECURE: 23,
  BASE_PLATFORM: 24,
  /** Address of 16 random bytes. */
  RANDOM: 25,
  HWCAP2: 26,
  RSEQ_FEATURE_SIZE: 27,
  RSEQ_ALIGN: 28,
  /** Address of the path given to execve. */
  EXECFN: 31,
  SYSINFO_EHDR: 33,
  MINSIGSTKSZ: 51,
} as const;
