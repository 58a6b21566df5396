/** Moving bytes that nobody keeps. */
import type { UserBuffer } from './types.ts';

const ZEROS = new Uint8Array(65536);

/** Fills the sink with zeros. Returns how many. */
export const clearSink = (sink: UserBuffer): number => {
  let done = 0;
  while (sink.remaining > 0) {
    const want = Math.min(sink.remaining, ZEROS.length);
    const moved = sink.put(ZEROS.subarray(0, want));
    done += moved;
    if (moved < want) break;
  }
  return done;
};

/** Takes everything. Returns how many bytes. */
export const discardSource = (source: UserBuffer): number => {
  let done = 0;
  for (;;) {
    const taken = source.take(65536).length;
    if (taken === 0) return done;
    done += taken;
  }
};
