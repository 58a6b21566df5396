/** The machine's network as it begins (struct net). */
import type { NetState } from './types.ts';

export const newNetState = (): NetState => ({
  unix: { sockets: new Set(), abstract: new Map(), bound: new Map(), nextAuto: 0, inFlight: new Map() },
});
