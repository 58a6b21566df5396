/**
 * The one door to the world outside: time, randomness, files, the three standard streams, and waiting. The CLI and the web
 * page each fill it in; nothing else in `kernel/` or `emulator/` reaches the host.
 */

/** Result of a host file operation that failed: the guest's errno, positive. */
export interface HostError {
  readonly errno: number;
}

export type HostFileType = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';

/** As stat(2) tells it. Times in nanoseconds since the epoch. */
export interface HostStat {
  readonly type: HostFileType;
  /** Permission bits, 07777. */
  readonly mode: number;
  readonly ino: number;
  readonly dev: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Units of 512 bytes that it takes up. */
  readonly blocks: number;
  readonly rdev: number;
  readonly atime: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
}

/**
 * The host's files under one directory, by absolute path within it (`/` is the directory itself). Symbolic links are never
 * followed by these calls: the kernel walks paths itself, so that a link cannot lead out of what was granted.
 * Names are byte strings: each character is one byte of the host's name, 0..255 (see `fs/names.ts`).
 * Calls are synchronous. A FIFO, device or socket is seen by `lstat` but never opened. Writing calls are made only below a directory that the user granted with `--bind`.
 */
export interface HostFiles {
  lstat(path: string): HostStat | HostError;
  readdir(path: string): string[] | HostError;
  readlink(path: string): string | HostError;
  /** Reads up to `into.length` bytes at `position`; fewer at the end of the file. */
  read(path: string, position: number, into: Uint8Array): number | HostError;
  write(path: string, position: number, data: Uint8Array): number | HostError;
  truncate(path: string, size: number): 0 | HostError;
  /** Creates an empty regular file; EEXIST if there is something. */
  create(path: string, mode: number): 0 | HostError;
  mkdir(path: string, mode: number): 0 | HostError;
  symlink(target: string, path: string): 0 | HostError;
  link(existing: string, path: string): 0 | HostError;
  unlink(path: string): 0 | HostError;
  rmdir(path: string): 0 | HostError;
  rename(from: string, to: string): 0 | HostError;
  chmod(path: string, mode: number): 0 | HostError;
  utimes(path: string, atime: bigint, mtime: bigint): 0 | HostError;
  chown(path: string, uid: number, gid: number): 0 | HostError;
  /** Makes what was written durable (fsync(2)). */
  sync?(path: string): 0 | HostError;
}

/** A standard stream of the host process, or what a test or page puts in its place. Never blocks. */
export interface HostStream {
  /** Whether it is a terminal (isatty). */
  readonly terminal: boolean;
  /** Rows and columns of a terminal. */
  size?(): { rows: number; columns: number };
  /**
   * A terminal: stop (or resume) its own line editing, echo and signal keys, because the guest's terminal does them now.
   * Without it the terminal always works by lines.
   */
  setRaw?(raw: boolean): void;
  /** Bytes available now, at most `max`; `'wait'` if none yet; `'end'` at end of file. */
  read(max: number): Uint8Array | 'wait' | 'end';
  /** Takes all bytes, or fewer, or none (`'wait'`); `'broken'` when the reader is gone (EPIPE). */
  write(data: Uint8Array): number | 'wait' | 'broken';
  /** Whether `read` / `write` would do something. */
  readable(): boolean;
  writable(): boolean;
  /** The end of input was reached, or the reader of output is gone: what poll(2) shows as a hang-up. */
  ended?(): boolean;
}

export interface Host {
  /** CLOCK_REALTIME in nanoseconds. */
  realtime(): bigint;
  /** Nanoseconds from any fixed origin, never going back. */
  monotonic(): number;
  random(bytes: Uint8Array): void;
  readonly stdin: HostStream;
  readonly stdout: HostStream;
  readonly stderr: HostStream;
  /**
   * Resolves when a stream's readiness changed, a signal came in, or `milliseconds` passed (null: no limit).
   * With 0 it just lets the host's event loop run once.
   */
  wait(milliseconds: number | null): Promise<void>;
  /** Whether anything outside could still wake a sleeping guest (a terminal, an open pipe, Ctrl-C). */
  mayWake(): boolean;
  /** Hosts made of buffers can be put back as they were, with the machine: what `restore` will be given. */
  snapshot?(): unknown;
  restore?(saved: unknown): void;
}
