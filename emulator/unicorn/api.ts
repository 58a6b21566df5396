/** What the adapter uses of `@alexaltea/unicorn-js` 2.x, subpath `/x86`: an emulator compiled to WebAssembly. */

export type HookCallback = (...args: readonly (number | bigint | object)[]) => unknown;

/** One machine. Methods throw strings such as `uc_mem_map: Invalid memory mapping (UC_ERR_MAP)`. */
export interface UnicornEngine {
  /** Addresses and sizes are multiples of 4 KiB. */
  mem_map(address: number | bigint, size: number, permissions: number): void;
  mem_protect(address: number | bigint, size: number, permissions: number): void;
  mem_unmap(address: number | bigint, size: number): void;
  mem_write(address: number | bigint, bytes: Uint8Array): void;
  mem_read(address: number | bigint, size: number): Uint8Array;
  /** Signed. */
  reg_read_i64(register: number): bigint;
  reg_write_i64(register: number, value: bigint): void;
  reg_read(register: number, size: number): Uint8Array;
  reg_write(register: number, bytes: Uint8Array): void;
  /** From `begin` to `end` (1 and 0: everywhere). */
  hook_add(type: number, callback: HookCallback, user: object, begin: number, end: number, extra?: number): unknown;
  emu_start(begin: number | bigint, until: number | bigint, timeout: 0, count: number): void;
  emu_stop(): void;
  ctl_tlb_mode(mode: number): void;
  ctl_remove_cache(address: number | bigint, end: number | bigint): void;
}

/** What the package's factory resolves to; constants are numbers of their C names without `UC_`. */
export interface UnicornModule {
  readonly Unicorn: new (architecture: number, mode: number) => UnicornEngine;
}

/** A constant of the package by name. Throws if it has none of the name. */
export const constant = (module: UnicornModule, name: string): number => {
  const value = (module as unknown as Readonly<Record<string, unknown>>)[name];
  if (typeof value !== 'number') throw new Error(`unicorn.js has no constant ${name}`);
  return value;
};
