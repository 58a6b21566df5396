/** Interfaces whose other end is a program (struct tun_struct). */
import type { AsyncEntry } from '../../fs/fasync.ts';
import type { WaitQueue } from '../../task/wait.ts';
import type { Interface } from '../interfaces.ts';

export interface TunInterface extends Interface {
  /** IFF_TAP carries Ethernet frames, IFF_TUN IP packets; with IFF_NO_PI and its like. */
  tun: number;
  /** It stays when its program goes. */
  persist: boolean;
  /** Who may attach besides root; -1 for nobody. */
  owner: number;
  group: number;
  /** A program has it open. */
  attached: boolean;
  /** Frames for the program, oldest first. */
  queue: Uint8Array[];
  /** Frames of a recording, which come when `queue` is empty. */
  feed: readonly Uint8Array[];
  /** How many of them came. */
  fed: number;
  wait: WaitQueue;
  asyncs: AsyncEntry[];
  /** Frames that were lost for want of room. */
  dropped: number;
}

/** A recording that an interface shows to the program that attaches to it. */
export interface TapFeed {
  readonly name: string;
  /** Ethernet, or else IP packets. */
  readonly ethernet: boolean;
  readonly frames: readonly Uint8Array[];
}
