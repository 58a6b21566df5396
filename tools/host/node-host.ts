/** The kernel's door to the outside, by Node: clocks, randomness, standard streams, waiting. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import type { Host } from '../../kernel/host.ts';
import { InputStream, Outputs, outputStream } from './node-streams.ts';

export interface NodeHost extends Host {
  /** Ends a `wait` early: something happened, such as a signal to this process. */
  notify(): void;
  /** Hands all output to the host and puts the terminal back. Call it before the process ends. */
  close(): void;
}

/** A timer that is there only to keep Node running. Milliseconds. */
const LONG = 2 ** 31 - 1;
/** While the host does not take output, it is offered again after this many milliseconds. */
const RETRY = 2;

/** Random bytes as Linux and others hand them out. Loading node:crypto for them takes 10 ms, a tenth of a short run. */
const RANDOM_FILE = '/dev/urandom';

let randomFile: number | null = null;

const fillRandom = (bytes: Uint8Array): void => {
  try {
    randomFile ??= fs.openSync(RANDOM_FILE, 'r');
    if (fs.readSync(randomFile, bytes) === bytes.length) return;
  } catch {
    // Not here.
  }
  const { randomFillSync } = createRequire(import.meta.url)('node:crypto') as typeof import('node:crypto');
  randomFillSync(bytes);
};

export const nodeHost = (): NodeHost => {
  const outputs = new Outputs();
  /** Resolves the `wait` that is under way. */
  let resolve: (() => void) | null = null;
  /** Something happened while nobody waited. */
  let happened = false;
  const notify = (): void => {
    happened = true;
    resolve?.();
  };
  const stdin = new InputStream(notify);
  const realtimeOrigin = BigInt(Math.round(performance.timeOrigin * 1e3)) * 1000n;

  const turn = (): Promise<void> => new Promise((go) => setImmediate(go));

  const wait = async (milliseconds: number | null): Promise<void> => {
    outputs.flush();
    await turn();
    if (milliseconds === 0 || happened) {
      happened = false;
      return;
    }
    const most = outputs.pending ? RETRY : LONG;
    await new Promise<void>((go) => {
      const timer = setTimeout(() => resolve?.(), Math.min(milliseconds ?? LONG, most));
      resolve = () => {
        resolve = null;
        clearTimeout(timer);
        go();
      };
    });
    happened = false;
  };

  return {
    realtime: () => realtimeOrigin + BigInt(Math.round(performance.now() * 1e6)),
    monotonic: () => performance.now() * 1e6,
    random: fillRandom,
    stdin,
    stdout: outputStream(outputs, 1),
    stderr: outputStream(outputs, 2),
    wait,
    // A signal to this process, or its terminal, may always come.
    mayWake: () => true,
    notify,
    close: () => {
      outputs.flushAll();
      stdin.close();
    },
  };
};
