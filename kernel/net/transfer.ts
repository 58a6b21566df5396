/** Moving pieces of messages to and from the guest: whole or not at all. */
import type { UserBuffer } from '../fs/types.ts';
import { UserFault } from '../mm/user.ts';
import { BLOCKED } from '../task/wait.ts';

/** Takes bytes of the guest's; null if its memory faults before their end. */
export const takeWhole = (data: UserBuffer, length: number): Uint8Array | null => {
  if (length === 0) return new Uint8Array(0);
  try {
    const bytes = data.take(length);
    return bytes.length === length ? bytes : null;
  } catch (thrown) {
    if (thrown instanceof UserFault) return null;
    throw thrown;
  }
};

/** Gives the guest bytes; false if its memory faults before their end. */
export const putWhole = (data: UserBuffer, bytes: Uint8Array): boolean => {
  if (bytes.length === 0) return true;
  try {
    return data.put(bytes) === bytes.length;
  } catch (thrown) {
    if (thrown instanceof UserFault) return false;
    throw thrown;
  }
};

/** What a call says that moved `done` bytes before `result` (an error, or 0) ended it; a sleep goes on. */
export const partly = (result: number, done: number): number => (result === BLOCKED || done === 0 ? result : done);
