/** Recordings of networks (pcap-savefile(5)): the frames of a file, in order. */

/** What a file holds. */
export interface PcapFile {
  readonly ethernet: boolean;
  readonly frames: Uint8Array[];
}

/** Kinds of packets (pcap-linktype(7)). */
const LINK_ETHERNET = 1;
const LINK_IP: readonly number[] = [12, 101, 228, 229];

const HEADER = 24;
const RECORD = 16;
/** No frame is longer (MAXIMUM_SNAPLEN). */
const LONGEST = 262_144;
const MAGIC = { MICROSECONDS: 0xa1b2c3d4, NANOSECONDS: 0xa1b23c4d, NEXT_GENERATION: 0x0a0d0d0a } as const;

const isMagic = (value: number): boolean => value === MAGIC.MICROSECONDS || value === MAGIC.NANOSECONDS;

/** Reads a file. Throws `Error` with what is wrong, for the user. */
export const parsePcap = (bytes: Uint8Array): PcapFile => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEADER) throw new Error(`not a pcap file: ${bytes.length} bytes are less than its header`);
  const little = isMagic(view.getUint32(0, true));
  if (view.getUint32(0, true) === MAGIC.NEXT_GENERATION) {
    throw new Error('a pcapng file, not pcap; editcap -F pcap converts it');
  }
  if (!little && !isMagic(view.getUint32(0, false))) {
    throw new Error(`not a pcap file: it begins with 0x${view.getUint32(0, false).toString(16).padStart(8, '0')}`);
  }
  const major = view.getUint16(4, little);
  if (major !== 2) throw new Error(`pcap version ${major}.${view.getUint16(6, little)} is not known`);
  const link = view.getUint32(20, little) & 0xffff;
  if (link !== LINK_ETHERNET && !LINK_IP.includes(link)) {
    throw new Error(`its packets are of link type ${link}; Ethernet (1) and raw IP (101) are known`);
  }
  const frames: Uint8Array[] = [];
  for (let at = HEADER; at < bytes.length; ) {
    const what = `packet ${frames.length + 1}, at byte ${at},`;
    if (at + RECORD > bytes.length) throw new Error(`${what} ends within its header`);
    const length = view.getUint32(at + 8, little);
    if (length > LONGEST) throw new Error(`${what} claims ${length} bytes; ${LONGEST} are the most`);
    at += RECORD;
    if (at + length > bytes.length) throw new Error(`${what} has ${bytes.length - at} of its ${length} bytes`);
    frames.push(bytes.slice(at, at + length));
    at += length;
  }
  return { ethernet: link === LINK_ETHERNET, frames };
};
