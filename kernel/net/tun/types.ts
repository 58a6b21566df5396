/** Interfaces whose other end is a program (struct tun_struct). */
import type { AsyncEntry } from '../../fs/fasync.ts';
import type { WaitQueue } from '../../task/wait.ts';
import type { Interface } from '../interfaces.ts';

/** One of the programs behind an interface (struct tun_file). */
export interface TunQueue {
  /** Frames for the program, oldest first. */
  frames: Uint8Array[];
  /** IFF_DETACH_QUEUE was not asked for: frames may come here. */
  enabled: boolean;
  wait: WaitQueue;
  asyncs: AsyncEntry[];
}

export interface TunInterface extends Interface {
  /** IFF_TAP carries Ethernet frames, IFF_TUN IP packets; with IFF_NO_PI and its like. */
  tun: number;
  /** It stays when its program goes. */
  persist: boolean;
  /** Who may attach besides root; -1 for nobody. */
  owner: number;
  group: number;
  /** Programs that have it open: one, or with IFF_MULTI_QUEUE several. */
  queues: TunQueue[];
  /** Bytes of the header of IFF_VNET_HDR, and whether its byte order was chosen (TUNSETVNETLE). */
  vnetHeader: number;
  littleEndian: boolean;
  /** Frames of a recording, which come when a queue is empty. */
  feed: readonly Uint8Array[];
  /** How many of them came. */
  fed: number;
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
