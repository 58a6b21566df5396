/**
 * A host made of buffers: for tests, and for pages that run a program without a terminal. Streams are bytes given and
 * collected, files a tree of plain objects, the clock either real or counting by itself. Nothing of Node or the DOM.
 */
import { ERRNO } from './abi/errno.ts';
import type { Host, HostError, HostFiles, HostStat, HostStream } from './host.ts';

export interface MemoryHostOptions {
  /** All that stdin will ever give; a function is asked for more each time, `null` being the end. */
  stdin?: Uint8Array | string | (() => Uint8Array | null);
  /** Called with what the guest writes, as it comes; it is collected too. */
  onOutput?: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
  /** CLOCK_REALTIME in nanoseconds. Default: 2001-09-09 01:46:40 UTC, and never moving. */
  realtime?: () => bigint;
  /** Nanoseconds since any origin. Default: advances only by what `wait` was asked to sleep. */
  monotonic?: () => number;
  /** Fills with random bytes. Default: a generator from a fixed seed. */
  random?: (bytes: Uint8Array) => void;
  /** Sleeps; needed when `monotonic` is real. Default: time jumps. */
  sleep?: (milliseconds: number) => Promise<void>;
}

/** A host whose output can be looked at. */
export interface MemoryHost extends Host {
  /** All that was written so far. */
  output(stream: 'stdout' | 'stderr'): Uint8Array;
  /** The same as text (UTF-8). */
  text(stream: 'stdout' | 'stderr'): string;
}

const utf8 = (text: string): Uint8Array => {
  const bytes: number[] = [];
  for (const symbol of text) {
    const c = symbol.codePointAt(0)!;
    if (c < 0x80) bytes.push(c);
    else if (c < 0x800) bytes.push(0xc0 | (c >> 6), 0x80 | (c & 63));
    else if (c < 0x10000) bytes.push(0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    else bytes.push(0xf0 | (c >> 18), 0x80 | ((c >> 12) & 63), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
  }
  return Uint8Array.from(bytes);
};

/** Text of UTF-8 bytes; what is not UTF-8 becomes U+FFFD. */
const textFrom = (bytes: Uint8Array): string => {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!;
    const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    let code = length === 1 ? first : first & (0x7f >> length);
    let valid = length > 0 && first < 0xf5 && at + length <= bytes.length;
    for (let i = 1; valid && i < length; i++) {
      const next = bytes[at + i]!;
      valid = (next & 0xc0) === 0x80;
      code = (code << 6) | (next & 63);
    }
    text += valid && code < 0x110000 ? String.fromCodePoint(code) : '\ufffd';
    at += valid ? length : 1;
  }
  return text;
};

/** Bytes that came but were not read yet. */
interface Input {
  left: Uint8Array;
}

const inputStream = (given: MemoryHostOptions['stdin'], input: Input): HostStream => {
  input.left = typeof given === 'string' ? utf8(given) : given instanceof Uint8Array ? given : new Uint8Array(0);
  const more = typeof given === 'function' ? given : () => null;
  /** Asks for more if there is nothing left: whether there is something now, nothing yet, or nothing ever. */
  const pull = (): 'some' | 'wait' | 'end' => {
    if (input.left.length > 0) return 'some';
    const next = more();
    if (next === null) return 'end';
    input.left = next;
    return next.length > 0 ? 'some' : 'wait';
  };
  return {
    terminal: false,
    read: (max) => {
      const state = pull();
      if (state !== 'some') return state;
      const bytes = input.left.slice(0, max);
      input.left = input.left.subarray(bytes.length);
      return bytes;
    },
    write: () => 'broken',
    readable: () => pull() !== 'wait',
    writable: () => false,
    ended: () => pull() === 'end',
  };
};

class Collector implements HostStream {
  readonly terminal = false;
  readonly chunks: Uint8Array[] = [];
  readonly #tell: (bytes: Uint8Array) => void;

  constructor(tell: (bytes: Uint8Array) => void) {
    this.#tell = tell;
  }

  read(): 'end' {
    return 'end';
  }

  write(data: Uint8Array): number {
    const copy = data.slice();
    this.chunks.push(copy);
    this.#tell(copy);
    return data.length;
  }

  readable(): boolean {
    return false;
  }

  writable(): boolean {
    return true;
  }

  all(): Uint8Array {
    const whole = new Uint8Array(this.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of this.chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }
}

/** xorshift32: enough to look random, the same every time. */
const fillRandom = (generator: { state: number }, bytes: Uint8Array): void => {
  let { state } = generator;
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  generator.state = state;
};

/** A host as it was. What a function gave as stdin after that is lost. */
interface Saved {
  readonly elapsed: number;
  readonly random: number;
  readonly left: Uint8Array;
  readonly outputs: readonly [stdout: number, stderr: number];
}

/** Milliseconds that `wait(0)` takes where there is no real clock. */
const SHORTEST_WAIT = 0.1;

export const memoryHost = (options: MemoryHostOptions = {}): MemoryHost => {
  let elapsed = 0;
  const generator = { state: 0x2545f491 };
  const input: Input = { left: new Uint8Array(0) };
  const stdout = new Collector((bytes) => options.onOutput?.('stdout', bytes));
  const stderr = new Collector((bytes) => options.onOutput?.('stderr', bytes));
  const of = (name: 'stdout' | 'stderr'): Collector => (name === 'stdout' ? stdout : stderr);
  return {
    realtime: options.realtime ?? (() => 1_000_000_000_000_000_000n + BigInt(Math.floor(elapsed))),
    monotonic: options.monotonic ?? (() => elapsed),
    random: options.random ?? ((bytes) => fillRandom(generator, bytes)),
    stdin: inputStream(options.stdin, input),
    stdout,
    stderr,
    wait: async (milliseconds) => {
      if (options.sleep !== undefined) await options.sleep(milliseconds ?? 50);
      // Time passes by waiting alone, so even a wait of nothing takes some: who polls the clock gets on.
      else if (milliseconds !== null) elapsed += Math.max(milliseconds, SHORTEST_WAIT) * 1e6;
    },
    mayWake: () => typeof options.stdin === 'function',
    snapshot: (): Saved => ({
      elapsed,
      random: generator.state,
      left: input.left,
      outputs: [stdout.chunks.length, stderr.chunks.length],
    }),
    restore: (saved) => {
      const { random, left, outputs } = saved as Saved;
      elapsed = (saved as Saved).elapsed;
      generator.state = random;
      input.left = left;
      stdout.chunks.length = outputs[0];
      stderr.chunks.length = outputs[1];
    },
    output: (name) => of(name).all(),
    text: (name) => textFrom(of(name).all()),
  };
};

/** A file of `memoryFiles`: contents, a directory of more, or a symbolic link. */
export type MemoryEntry =
  | Uint8Array
  | string
  | { file: Uint8Array | string; mode?: number }
  | { link: string }
  | { directory: MemoryTree; mode?: number };
export interface MemoryTree {
  [name: string]: MemoryEntry;
}

interface Node {
  stat: { -readonly [K in keyof HostStat]: HostStat[K] };
  data: Uint8Array;
  target: string;
  children: Map<string, Node> | null;
}

/**
 * The host's files over a tree in memory, for `root` and binds. Names are byte strings, contents that are text become UTF-8.
 * Everything belongs to `owner`; times are `now`.
 */
export const memoryFiles = (
  tree: MemoryTree,
  options: { owner?: { uid: number; gid: number }; now?: () => bigint } = {},
): HostFiles => {
  const owner = options.owner ?? { uid: 0, gid: 0 };
  const now = options.now ?? (() => 1_000_000_000_000_000_000n);
  let lastIno = 1;

  const newNode = (type: HostStat['type'], mode: number): Node => {
    const time = now();
    const isDirectory = type === 'directory';
    return {
      stat: {
        type,
        mode,
        ino: ++lastIno,
        dev: 2049,
        nlink: isDirectory ? 2 : 1,
        ...owner,
        size: 0,
        blocks: 0,
        rdev: 0,
        atime: time,
        mtime: time,
        ctime: time,
      },
      data: new Uint8Array(0),
      target: '',
      children: isDirectory ? new Map() : null,
    };
  };

  const build = (entry: MemoryEntry): Node => {
    if (typeof entry === 'string' || entry instanceof Uint8Array) return build({ file: entry });
    if ('file' in entry) {
      const node = newNode('file', entry.mode ?? 0o644);
      node.data = typeof entry.file === 'string' ? utf8(entry.file) : entry.file;
      node.stat.size = node.data.length;
      return node;
    }
    if ('link' in entry) {
      const node = newNode('symlink', 0o777);
      node.target = entry.link;
      node.stat.size = entry.link.length;
      return node;
    }
    const node = newNode('directory', entry.mode ?? 0o755);
    for (const [name, child] of Object.entries(entry.directory)) add(node, name, build(child));
    return node;
  };

  const add = (directory: Node, name: string, child: Node): void => {
    directory.children!.set(name, child);
    if (child.children !== null) directory.stat.nlink++;
    directory.stat.mtime = directory.stat.ctime = now();
  };

  const remove = (directory: Node, name: string): void => {
    const child = directory.children!.get(name);
    if (child === undefined) return;
    directory.children!.delete(name);
    if (child.children !== null) directory.stat.nlink--;
    child.stat.nlink--;
    directory.stat.mtime = directory.stat.ctime = now();
  };

  const root = build({ directory: tree });
  const fail = (errno: number): HostError => ({ errno });
  const isError = (value: object): value is HostError => 'errno' in value;

  const find = (path: string): Node | HostError => {
    let at = root;
    for (const name of path.split('/')) {
      if (name === '') continue;
      if (at.children === null) return fail(ERRNO.ENOTDIR);
      const next = at.children.get(name);
      if (next === undefined) return fail(ERRNO.ENOENT);
      at = next;
    }
    return at;
  };

  const parentOf = (path: string): { directory: Node; name: string } | HostError => {
    const cut = path.lastIndexOf('/');
    const directory = find(path.slice(0, cut));
    if (isError(directory)) return directory;
    if (directory.children === null) return fail(ERRNO.ENOTDIR);
    return { directory, name: path.slice(cut + 1) };
  };

  const addNew = (path: string, make: () => Node): 0 | HostError => {
    const place = parentOf(path);
    if (isError(place)) return place;
    if (place.directory.children!.has(place.name)) return fail(ERRNO.EEXIST);
    add(place.directory, place.name, make());
    return 0;
  };

  const resize = (node: Node, size: number): void => {
    const data = new Uint8Array(size);
    data.set(node.data.subarray(0, size));
    node.data = data;
    node.stat.size = size;
    node.stat.mtime = node.stat.ctime = now();
  };

  const change = (path: string, apply: (node: Node) => void): 0 | HostError => {
    const node = find(path);
    if (isError(node)) return node;
    apply(node);
    node.stat.ctime = now();
    return 0;
  };

  // Frozen: to a snapshot it is a part of the host, not of the machine.
  return Object.freeze<HostFiles>({
    lstat: (path) => {
      const node = find(path);
      return isError(node) ? node : { ...node.stat, blocks: Math.ceil(node.stat.size / 4096) * 8 };
    },
    readdir: (path) => {
      const node = find(path);
      if (isError(node)) return node;
      return node.children === null ? fail(ERRNO.ENOTDIR) : [...node.children.keys()];
    },
    readlink: (path) => {
      const node = find(path);
      if (isError(node)) return node;
      return node.stat.type === 'symlink' ? node.target : fail(ERRNO.EINVAL);
    },
    read: (path, position, into) => {
      const node = find(path);
      if (isError(node)) return node;
      const bytes = node.data.subarray(position, position + into.length);
      into.set(bytes);
      return bytes.length;
    },
    write: (path, position, data) => {
      const node = find(path);
      if (isError(node)) return node;
      if (position + data.length > node.data.length) resize(node, position + data.length);
      node.data.set(data, position);
      node.stat.mtime = node.stat.ctime = now();
      return data.length;
    },
    truncate: (path, size) => change(path, (node) => resize(node, size)),
    create: (path, mode) => addNew(path, () => newNode('file', mode)),
    mkdir: (path, mode) => addNew(path, () => newNode('directory', mode)),
    symlink: (target, path) => addNew(path, () => build({ link: target })),
    link: (existing, path) => {
      const node = find(existing);
      if (isError(node)) return node;
      const result = addNew(path, () => node);
      if (result === 0) node.stat.nlink++;
      return result;
    },
    unlink: (path) => {
      const place = parentOf(path);
      if (isError(place)) return place;
      const node = place.directory.children!.get(place.name);
      if (node === undefined) return fail(ERRNO.ENOENT);
      if (node.children !== null) return fail(ERRNO.EISDIR);
      remove(place.directory, place.name);
      return 0;
    },
    rmdir: (path) => {
      const place = parentOf(path);
      if (isError(place)) return place;
      const node = place.directory.children!.get(place.name);
      if (node === undefined) return fail(ERRNO.ENOENT);
      if (node.children === null) return fail(ERRNO.ENOTDIR);
      if (node.children.size > 0) return fail(ERRNO.ENOTEMPTY);
      remove(place.directory, place.name);
      return 0;
    },
    rename: (from, to) => {
      const source = parentOf(from);
      const target = parentOf(to);
      if (isError(source)) return source;
      if (isError(target)) return target;
      const node = source.directory.children!.get(source.name);
      if (node === undefined) return fail(ERRNO.ENOENT);
      const replaced = target.directory.children!.get(target.name);
      if (replaced === node) return 0;
      if (replaced?.children != null && replaced.children.size > 0) return fail(ERRNO.ENOTEMPTY);
      remove(target.directory, target.name);
      node.stat.nlink++;
      remove(source.directory, source.name);
      add(target.directory, target.name, node);
      return 0;
    },
    chmod: (path, mode) =>
      change(path, (node) => {
        node.stat.mode = mode;
      }),
    chown: (path, uid, gid) =>
      change(path, (node) => {
        node.stat.uid = uid;
        node.stat.gid = gid;
      }),
    utimes: (path, atime, mtime) =>
      change(path, (node) => {
        node.stat.atime = atime;
        node.stat.mtime = mtime;
      }),
  });
};
