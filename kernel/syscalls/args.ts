/**
 * Argument types of syscalls: how the value is passed, and how strace shows it. Those that point at something, or whose
 * values have names, are in `format/`.
 */
import { argument, filledBy } from './format/argument.ts';
import { address, hex } from './format/text.ts';

export * from './format/aio.ts';
export * from './format/buffers.ts';
export * from './format/events.ts';
export * from './format/files.ts';
export * from './format/ioctl.ts';
export * from './format/ipc.ts';
export * from './format/memory.ts';
export * from './format/prctl.ts';
export * from './format/process.ts';
export * from './format/seccomp.ts';
export * from './format/signal.ts';
export * from './format/sockets.ts';
export * from './format/time.ts';

/** C's int. */
export const int = argument('int', (v) => String(v));
export const unsigned = argument('unsigned', (v) => String(v >>> 0));
/** Signed 64 bits. */
export const long = argument('long', (v) => String(v));
export const off = long;
/** size_t. */
export const size = argument('pointer', (v) => String(v));
/** Flag words without a table of names. */
export const flags = argument('int', (v) => hex(v >>> 0));
/** `unsigned int` that is better read so. */
export const hexUnsigned = argument('unsigned', (v) => hex(v));
export const ulong = argument('pointer', (v) => hex(v));
/** An address whose target is not shown. */
export const pointer = argument('pointer', (v) => address(v));
/** An address which the call fills. */
export const outPointer = filledBy(() => null);
/** The high half of an offset, which means nothing on 64 bits. */
export const unused = argument('pointer', () => '');
/** A type of its own: a call that sleeps holds the files of its descriptors. */
export const fd = Object.freeze({ ...int, descriptor: true as const });
export const pid = int;
