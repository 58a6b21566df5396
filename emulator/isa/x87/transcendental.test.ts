/** Transcendental functions against what an AMD processor (family 19h) answered, to the last bit. */
import { describe, expect, it } from 'vitest';
import { CODE, Machine, MEMORY_SIZE, type Question } from './testing.ts';
import { transcendentalRows } from './transcendental.ts';

/** Mnemonic, ST(0), ST(1), and the answer: in ST(0) at last, but for FPTAN, which pushes 1 upon it. */
const ANSWERS: readonly (readonly [string, bigint, bigint, bigint])[] = [
  ['FSIN', 0x4003cd62e575d8bb3e7en, 0x00000000000000000000n, 0x3ffe83bd36e9b34a6812n],
  ['FSIN', 0x3feb8d9da9b39036a85cn, 0x00000000000000000000n, 0x3feb8d9da9b39019c43bn],
  ['FSIN', 0x3ff7c793ceab85a7c39en, 0x00000000000000000000n, 0x3ff7c7937dce04f93766n],
  ['FSIN', 0xbfefc171cec1ae804a90n, 0x00000000000000000000n, 0xbfefc171cec164dd1ea3n],
  ['FSIN', 0xc003c360308d39820914n, 0x00000000000000000000n, 0x3ffea70503ab7968c733n],
  ['FSIN', 0x3feeafbaae7660847cddn, 0x00000000000000000000n, 0x3feeafbaae7652b782dan],
  ['FCOS', 0xbff3d09c4c772ef98f51n, 0x00000000000000000000n, 0x3ffefffffeac0348ed58n],
  ['FCOS', 0xbfed8d1dc79501ac0e17n, 0x00000000000000000000n, 0x3ffefffffffff646c5d6n],
  ['FCOS', 0xbfefd5aece23655a32bfn, 0x00000000000000000000n, 0x3ffefffffffe9b474b39n],
  ['FCOS', 0x3feb888fd9df3af6239fn, 0x00000000000000000000n, 0x3ffeffffffffff6e4dafn],
  ['FCOS', 0x4006acc8405b6f5a7a59n, 0x00000000000000000000n, 0xbffeffff0ea52e62599fn],
  ['FCOS', 0xbfebfcb300798e431f07n, 0x00000000000000000000n, 0x3ffefffffffffe0d1e34n],
  ['FPTAN', 0x3feeeee3b0fa8ed462d9n, 0x00000000000000000000n, 0x3feeeee3b0fad42ba8f4n],
  ['FPTAN', 0x3ff9c82d2a3f3560525bn, 0x00000000000000000000n, 0x3ff9c8375def609d585bn],
  ['FPTAN', 0xbff0e3f28fef7cee7989n, 0x00000000000000000000n, 0xbff0e3f28ff340cff868n],
  ['FPTAN', 0xbff2dc7f2b09f8c34f3cn, 0x00000000000000000000n, 0xbff2dc7f2b407f79c1d7n],
  ['FPTAN', 0x3fff8a23cded7a0c75f9n, 0x00000000000000000000n, 0x3fffef10d228775e3c13n],
  ['FPTAN', 0xbfee9b2d438d15a89b08n, 0x00000000000000000000n, 0xbfee9b2d438d28aa0374n],
  ['FPATAN', 0xc001a867f1a130b6b92an, 0x4000d989e667db6f5d61n, 0x4000a45c1dd25902130cn],
  ['FPATAN', 0xbffba7ca173a89f2f29fn, 0x3ffd8173d1ed41bd0c73n, 0x3ffff12c0d1ed4721d96n],
  ['FPATAN', 0x4000bd7c09954dde8c3bn, 0xc002e2f79498d2899e0en, 0xbfffaeb983faf38b1418n],
  ['FPATAN', 0xbffc902822cc6ed1368dn, 0xc0028c22df60e1c2f3f2n, 0xbfffcb1e7f8725ad030fn],
  ['FPATAN', 0xc001dc9ea4a8c6a5b93en, 0xbffbad697de4af35d88an, 0xc000c846a471a441d0c2n],
  ['FPATAN', 0xbffbb89783b83c0d2d04n, 0x3fffa7719db3b942b157n, 0x3fffd1de0752dfec7be0n],
  ['F2XM1', 0xbff780fdc00d592e31c4n, 0x00000000000000000000n, 0xbff6b29377feca581df7n],
  ['F2XM1', 0x3ffbd12448eb99608a61n, 0x00000000000000000000n, 0x3ffb96384a6404a7e6a7n],
  ['F2XM1', 0xbffeed80f9bd23529947n, 0x00000000000000000000n, 0xbffdf2da5bb3d27e4aedn],
  ['F2XM1', 0x3ffcf091a1f2b1e6bbc9n, 0x00000000000000000000n, 0x3ffcb5182fe21653fe8an],
  ['F2XM1', 0xbff99717b404667cc053n, 0x00000000000000000000n, 0xbff8d020271532808dc7n],
  ['F2XM1', 0x3ffefb46568182b4ff5an, 0x00000000000000000000n, 0x3ffef97dbbf35d129f65n],
  ['FYL2X', 0x3ffeba72dc29ed35917bn, 0x4002d0049a133a02a291n, 0xc001be47c8872651413an],
  ['FYL2X', 0x3ffdeddc5db4860c92c4n, 0xbffefe7cbf414bc8a3ecn, 0x3fff8cbc1cb837ba18a4n],
  ['FYL2X', 0x3ffeb56388f573ba6ee8n, 0x400291bb28c23bf9656fn, 0xc00190dfabc8d056bbb0n],
  ['FYL2X', 0x3ff9e794455736e0472fn, 0x3ffdd52d07e61514771fn, 0xc0008916d00a125ed2een],
  ['FYL2X', 0x3ffec447ba072141392en, 0x3fffef336844ef0dc409n, 0xbffeb756675e0edaecc6n],
  ['FYL2X', 0x3ffe836fe8a6700f3b50n, 0x3ffcfc7b980000eb59ecn, 0xbffcf2d4a00a72102d6bn],
  ['FYL2XP1', 0xbff8f2fd1b6c6e3e737dn, 0xc0039d066194cf046f36n, 0x3ffdd8a2b616d9198929n],
  ['FYL2XP1', 0x3ffcfcc3d9ab8558e7e1n, 0xc002d6f36acf8acf4037n, 0xc00188d3f5b60cbe81b1n],
  ['FYL2XP1', 0xbffaac459bd91cd4bc7an, 0xc00099efa967fd92cb66n, 0x3ffc98ae80d92252bbd3n],
  ['FYL2XP1', 0xbff3d0f7c373531392aan, 0xc002e41ae5f49e1e23een, 0x3ff886570d8cf57879c3n],
  ['FYL2XP1', 0x3ff9ed5fbb0bbef872bcn, 0xbffed10d97a68de9d821n, 0xbffa89d729c25bab8f42n],
  ['FYL2XP1', 0x3ff5c5eae199a0913213n, 0x3ffc815e780296135010n, 0x3ff3902f786b8abdceb0n],
];

const question = (encoding: string, st0: bigint, st1: bigint): Question => ({
  code: Uint8Array.from(encoding.split(' '), (byte) => Number.parseInt(byte, 16)),
  x87: { fcw: 0x37f, fsw: 0, ftw: 0b11, fop: 0, fip: 0n, fdp: 0n, st: [st0, st1, 0n, 0n, 0n, 0n, 0n, 0n] },
  memory: new Uint8Array(MEMORY_SIZE),
  rax: 0n,
  rdi: BigInt(CODE),
  rflags: 0,
  gsBase: 0n,
});

describe('transcendental functions', () => {
  const machine = new Machine('reference');

  it.each(transcendentalRows.filter((row) => row.mnemonic !== 'FSINCOS'))('$mnemonic', ({ mnemonic, encoding }) => {
    const asked = ANSWERS.filter(([of]) => of === mnemonic);
    expect(asked).toHaveLength(6);
    for (const [, st0, st1, answer] of asked) {
      const { x87 } = machine.ask(question(encoding, st0, st1));
      expect(x87.st[mnemonic === 'FPTAN' ? 1 : 0]!.toString(16)).toBe(answer.toString(16));
    }
  });
});
