/** The header of IFF_VNET_HDR, which stands before each frame (drivers/net/tun_vnet.h, linux/virtio_net.h). */
import { ERRNO } from '../../abi/errno.ts';
import { TUN_F, VIRTIO_NET_HDR_F_NEEDS_CSUM, virtioNetHdr } from '../../abi/interface.ts';
import type { Kernel } from '../../kernel.ts';

/** VIRTIO_NET_HDR_GSO_TCPV4, UDP, TCPV6, UDP_L4, and the bit that may go with them. */
const GSO_TYPES: readonly number[] = [1, 3, 4, 5];
const GSO_ECN = 0x80;
/** An IP header at least comes before what is summed. */
const LEAST_START = 20;

/** The Internet checksum of bytes, which goes where the sum of the pseudo header stands already. */
const sumUp = (frame: Uint8Array, start: number, at: number): void => {
  let sum = 0;
  for (let i = start; i < frame.length; i += 2) sum += (frame[i]! << 8) | (frame[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  const value = ~sum & 0xffff || 0xffff;
  frame[at] = value >> 8;
  frame[at + 1] = value & 0xff;
};

/** Whether a header's length is right for what follows it: 0 or -EINVAL (tun_vnet_hdr_get). */
export const checkVnetHeader = (header: Uint8Array, length: number): number => {
  const { flags, hdr_len, csum_start, csum_offset } = read(header);
  const summed = flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? csum_start + csum_offset + 2 : 0;
  return Math.max(hdr_len, summed) > length ? -ERRNO.EINVAL : 0;
};

const read = (header: Uint8Array) =>
  virtioNetHdr.read(new DataView(header.buffer, header.byteOffset, header.length), 0);

/** Does to a frame what its header asks for: 0 or -EINVAL (virtio_net_hdr_to_skb). */
export const applyVnetHeader = (kernel: Kernel, header: Uint8Array, frame: Uint8Array): number => {
  const { flags, gso_type, gso_size, csum_start, csum_offset } = read(header);
  if (gso_type !== 0) {
    if (!GSO_TYPES.includes(gso_type & ~GSO_ECN) || gso_size === 0) return -ERRNO.EINVAL;
    kernel.log('tun: frames that are to be cut into segments (gso_type) are not supported: EINVAL');
    return -ERRNO.EINVAL;
  }
  if (!(flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) return 0;
  if (csum_start < LEAST_START || csum_start + csum_offset + 2 > frame.length) return -ERRNO.EINVAL;
  sumUp(frame, csum_start, csum_start + csum_offset);
  return 0;
};

/** TUNSETOFFLOAD: sums are the first step to all else (set_offload). 0 or -EINVAL. */
export const checkOffload = (wanted: number): number => {
  let rest = wanted;
  if (rest & TUN_F.CSUM) {
    rest &= ~(TUN_F.CSUM | TUN_F.UFO);
    if (rest & (TUN_F.TSO4 | TUN_F.TSO6)) rest &= ~(TUN_F.TSO4 | TUN_F.TSO6 | TUN_F.TSO_ECN);
    const both = TUN_F.USO4 | TUN_F.USO6;
    if ((rest & both) === both) rest &= ~both;
  }
  return rest === 0 ? 0 : -ERRNO.EINVAL;
};
