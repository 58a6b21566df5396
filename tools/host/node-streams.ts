/** The standard streams of this process for the kernel. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import type tty from 'node:tty';
import type { HostStream } from '../../kernel/host.ts';

const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Node's module for terminals brings in that for sockets, which takes milliseconds: only for what may be a terminal. */
const ttyModule = (): typeof tty => createRequire(import.meta.url)('node:tty') as typeof tty;

const isTerminal = (fd: number): boolean => {
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isCharacterDevice() || stat.rdev === fs.statSync(os.devNull).rdev) return false;
    return ttyModule().isatty(fd);
  } catch {
    return false; // Closed.
  }
};

/**
 * What the guest wrote to stdout and stderr and the host has not yet taken: one buffer for both, so that their order stays.
 * A write after a pause goes out at once; those that follow closely are gathered.
 */
export class Outputs {
  #buffer = new Uint8Array(65536);
  #used = 0;
  #fd = 1;
  #lastFlush = Number.NEGATIVE_INFINITY;
  readonly #broken = new Set<number>();

  /** Milliseconds within which writes count as following closely. */
  static readonly GATHER = 2;

  write(fd: number, data: Uint8Array, gather: boolean): number | 'wait' | 'broken' {
    if (this.#used > 0 && fd !== this.#fd && !this.flush()) return 'wait';
    if (this.#broken.has(fd)) return 'broken';
    this.#fd = fd;
    const soon =
      gather && data.length < this.#buffer.length / 2 && performance.now() - this.#lastFlush < Outputs.GATHER;
    if (this.#used + data.length > this.#buffer.length || (this.#used > 0 && !soon)) {
      if (!this.flush()) return 'wait';
      if (this.#broken.has(fd)) return 'broken';
    }
    if (soon) {
      this.#buffer.set(data, this.#used);
      this.#used += data.length;
      return data.length;
    }
    this.#lastFlush = performance.now();
    const written = this.#put(fd, data);
    return written === 0 && data.length > 0 ? 'wait' : written;
  }

  /** Hands everything to the host. False if it does not take it now. */
  flush(): boolean {
    let at = 0;
    while (at < this.#used) {
      const written = this.#put(this.#fd, this.#buffer.subarray(at, this.#used));
      if (written === 0) break;
      if (written === 'broken') at = this.#used;
      else at += written;
    }
    this.#buffer.copyWithin(0, at, this.#used);
    this.#used -= at;
    this.#lastFlush = performance.now();
    return this.#used === 0;
  }

  /** Waits until the host took everything: nothing is lost at the end. */
  flushAll(): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    while (!this.flush()) Atomics.wait(pause, 0, 0, 1);
  }

  get pending(): boolean {
    return this.#used > 0;
  }

  isBroken(fd: number): boolean {
    return this.#broken.has(fd);
  }

  /** Bytes taken; 0 if none can be now. */
  #put(fd: number, data: Uint8Array): number | 'broken' {
    try {
      return fs.writeSync(fd, data, 0, data.length);
    } catch (error) {
      if (errorCode(error) === 'EAGAIN') return 0;
      // Gone, closed or out of room: nobody will read it.
      this.#broken.add(fd);
      return 'broken';
    }
  }
}

export const outputStream = (outputs: Outputs, fd: number): HostStream => {
  const terminal = isTerminal(fd);
  return {
    terminal,
    size: () => {
      const stream = fd === 1 ? process.stdout : process.stderr;
      return { rows: stream.rows ?? 0, columns: stream.columns ?? 0 };
    },
    read: () => 'end',
    write: (data) => outputs.write(fd, data, !terminal),
    readable: () => false,
    writable: () => outputs.isBroken(fd) || !outputs.pending || outputs.flush(),
    ended: () => outputs.isBroken(fd),
  };
};

/** Standard input; touched only when the guest first asks for it. */
export class InputStream implements HostStream {
  readonly terminal = isTerminal(0);
  /** Something may be there now. */
  readonly #notify: () => void;
  /** A file or a device that never waits: read directly, and no further than asked. */
  readonly #direct: boolean;
  #stream: tty.ReadStream | null = null;
  #chunk: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(notify: () => void) {
    this.#notify = notify;
    this.#direct = InputStream.#isDirect();
  }

  static #isDirect(): boolean {
    try {
      const stat = fs.fstatSync(0);
      return stat.isFile() || stat.isBlockDevice() || (stat.isCharacterDevice() && !isTerminal(0));
    } catch {
      return true; // Closed: reading says so.
    }
  }

  size(): { rows: number; columns: number } {
    return { rows: process.stdout.rows ?? 0, columns: process.stdout.columns ?? 0 };
  }

  setRaw(raw: boolean): void {
    if (!this.terminal) return;
    this.#start();
    this.#stream!.setRawMode(raw);
  }

  read(max: number): Uint8Array | 'wait' | 'end' {
    if (this.#direct) return this.#readDirect(max);
    this.#pull();
    if (this.#chunk.length === 0) return this.#ended ? 'end' : 'wait';
    const bytes = this.#chunk.slice(0, max);
    this.#chunk = this.#chunk.subarray(bytes.length);
    return bytes;
  }

  write(): 'broken' {
    return 'broken';
  }

  readable(): boolean {
    if (this.#direct) return true;
    this.#pull();
    return this.#chunk.length > 0 || this.#ended;
  }

  writable(): boolean {
    return this.terminal;
  }

  ended(): boolean {
    if (!this.#direct) this.#pull();
    return this.#ended && this.#chunk.length === 0;
  }

  /** Puts the terminal back and lets the process end. */
  close(): void {
    if (this.#stream === null) return;
    if (this.terminal) this.#stream.setRawMode(false);
    this.#stream.destroy();
  }

  #readDirect(max: number): Uint8Array | 'end' {
    const bytes = new Uint8Array(max);
    try {
      const count = fs.readSync(0, bytes, 0, max, null);
      return count === 0 ? 'end' : bytes.subarray(0, count);
    } catch {
      return 'end';
    }
  }

  /** Takes what Node has read; only so does it tell of the end. */
  #pull(): void {
    this.#start();
    if (this.#chunk.length === 0) this.#chunk = (this.#stream!.read() as Buffer | null) ?? this.#chunk;
  }

  #start(): void {
    if (this.#stream !== null) return;
    this.#stream = process.stdin;
    this.#stream.on('readable', this.#notify);
    const end = () => {
      this.#ended = true;
      this.#notify();
    };
    this.#stream.on('end', end);
    this.#stream.on('error', end);
    this.#stream.on('close', end);
  }
}
