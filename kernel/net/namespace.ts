/** The machine's network as it begins (struct net). */
import { FIRST_PORT } from './inet/ports.ts';
import { loopback } from './interfaces.ts';
import type { NetState } from './types.ts';

export const newNetState = (): NetState => ({
  unix: { sockets: new Set(), abstract: new Map(), bound: new Map(), nextAuto: 0, inFlight: new Map() },
  inet: { tcp: new Map(), udp: new Map(), timeWait: [], nextPort: FIRST_PORT },
  netlink: { ports: new Set() },
  interfaces: [loopback()],
  stations: new Map(),
});
