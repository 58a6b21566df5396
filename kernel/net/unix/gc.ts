/**
 * Sockets that nobody can reach any more but through messages in their own queues (net/unix/garbage.c): a descriptor that was
 * sent to itself, or two that were sent to each other, and then closed.
 */
import type { OpenFile } from '../../fs/types.ts';
import type { Kernel } from '../../kernel.ts';
import { freeMessage, landFiles } from './queue.ts';
import type { UnixMessage, UnixSocket } from './types.ts';

/** Messages that wait in a socket, and in connections to it that nobody has accepted. */
const messagesOf = (sock: UnixSocket): UnixMessage[] =>
  sock.queue.flatMap((message) => (message.connection === null ? [message] : messagesOf(message.connection)));

/** Closes what is garbage. */
export const collectGarbage = (kernel: Kernel): void => {
  const { inFlight } = kernel.net.unix;
  const candidates = new Set<OpenFile>();
  for (const [file, count] of inFlight) {
    if (file.refs === count && (file.state as UnixSocket).queue !== undefined) candidates.add(file);
  }
  // Whoever is in a queue that someone can reach is alive, and so is all that waits in his.
  for (let changed = true; changed; ) {
    changed = false;
    const inside = new Map<OpenFile, number>();
    for (const file of candidates) {
      for (const message of messagesOf(file.state as UnixSocket)) {
        for (const sent of message.files) inside.set(sent, (inside.get(sent) ?? 0) + 1);
      }
    }
    for (const file of candidates) {
      if ((inside.get(file) ?? 0) < file.refs) {
        candidates.delete(file);
        changed = true;
      }
    }
  }
  const garbage = [...candidates].flatMap((file) => messagesOf(file.state as UnixSocket));
  for (const message of garbage) if (message.files.length > 0) landFiles(kernel, message);
};

/** Empties a queue for good. */
export const purge = (kernel: Kernel, sock: UnixSocket): void => {
  const { queue } = sock;
  sock.queue = [];
  for (const message of queue) freeMessage(kernel, message);
};
