/** AES-NI, PCLMULQDQ and SHA, one instruction at a time, in every executor. */
import { describe, expect, test } from 'vitest';
import { KINDS, MAP, Machine } from '../integer/testing.ts';

const A = MAP.data + 0x100;
const B = MAP.data + 0x110;
/** movups xmm0, [rbx]; movups xmm1, [rcx] */
const PROLOGUE = '0f 10 03 0f 10 09';

describe.each(KINDS)('%s', (kind) => {
  const m = new Machine(kind);

  /** What an instruction leaves in xmm0, with xmm0 = a and xmm1 = b; vectors as the manual draws them. */
  const run = (code: string, a: string, b: string) => {
    for (const [address, text] of [
      [A, a],
      [B, b],
    ] as const) {
      m.poke(address, 64, BigInt(`0x${text.slice(16)}`));
      m.poke(address + 8, 64, BigInt(`0x${text.slice(0, 16)}`));
    }
    const { end } = m.run(`${PROLOGUE} ${code}`, { rbx: A, rcx: B, rdx: B + 1 }, '', 3);
    const { state } = m.cpu;
    const xmm0 = (state.vector64(0, 1) << 64n) | state.vector64(0, 0);
    return end === '' ? xmm0.toString(16).padStart(32, '0') : end;
  };

  // The operands of Intel's white papers on AES-NI and on carry-less multiplication.
  const STATE = '7b5b54657374566563746f725d53475d';
  const KEY = '48692853686179295b477565726f6e5d';

  test.each([
    ['AESENC', '66 0f 38 dc c1', STATE, KEY, 'a8311c2f9fdba3c58b104b58ded7e595'],
    ['AESENCLAST', '66 0f 38 dd c1', STATE, KEY, 'c7fb881e938c5964177ec42553fdc611'],
    ['AESDEC', '66 0f 38 de c1', STATE, KEY, '138ac342faea2787b58eb95eb730392a'],
    ['AESDECLAST', '66 0f 38 df c1', STATE, KEY, 'c5a391ef6b317f95d410637b72a593d0'],
    ['AESIMC', '66 0f 38 db c1', STATE, KEY, '597f8df109efaa15f39bc5a119d859b6'],
    [
      'AESKEYGENASSIST',
      '66 0f 3a df c1 01',
      STATE,
      '3c4fcf098815f7aba6d2ae2816157e2b',
      '01eb848beb848a013424b5e524b5e434',
    ],
    ['VAESENC', 'c4 e2 79 dc c1', STATE, KEY, 'a8311c2f9fdba3c58b104b58ded7e595'],
    ['PCLMULQDQ', '66 0f 3a 44 c1 00', STATE, KEY, '1d4d84c85c3440c0929633d5d36f0451'],
    ['PCLMULQDQ', '66 0f 3a 44 c1 10', STATE, KEY, '1bd17c8d556ab5a17fa540ac2a281315'],
    ['PCLMULQDQ', '66 0f 3a 44 c1 01', STATE, KEY, '1a2bf6db3a30862fbabf262df4b7d5c9'],
    ['PCLMULQDQ', '66 0f 3a 44 c1 11', STATE, KEY, '1d1e1f2c592e7c45d66ee03e410fd4ed'],
  ])('%s', (_, code, a, b, expected) => {
    expect(run(code, a, b)).toBe(expected);
  });

  const X = '00112233445566778899aabbccddeeff';
  const Y = '0f0e0d0c0b0a09080706050403020100';

  test.each([
    ['SHA1RNDS4', '0f 3a cc c1 00', '656808b64595bcddd134bc953d139df0'],
    ['SHA1RNDS4', '0f 3a cc c1 01', 'a72ebef11101a5656902f73320075850'],
    ['SHA1RNDS4', '0f 3a cc c1 fe', '7672d3307259d799e3253222db4affd1'],
    ['SHA1RNDS4', '0f 3a cc c1 03', 'b9d68e563aa8cda75c2bde6b76e98ddd'],
    ['SHA1NEXTE', '0f 38 c8 c1', 'cf1255980b0a09080706050403020100'],
    ['SHA1MSG1', '0f 38 c9 c1', '88888888888888888797a7b7c7d7e7f7'],
    ['SHA1MSG2', '0f 38 ca c1', '1636567686a6c6e617375777b5d77113'],
    ['SHA256RNDS2', '0f 38 cb c1', '7a313adeb797d8a7f3797fbc9d4b6b07'],
    ['SHA256MSG1', '0f 38 cc c1', '8037671572e42c7d483981d2d98ad323'],
    ['SHA256MSG2', '0f 38 cd c1', '4668e388b06ff0f64fbdf0a01285b565'],
  ])('%s', (_, code, expected) => {
    expect(run(code, X, Y)).toBe(expected);
  });

  test('memory must be aligned for AES, not for SHA', () => {
    expect(run('66 0f 38 dc 02', X, Y)).toBe('#GP(0)');
    expect(run('0f 38 c9 02', X, Y)).toMatch(/^[0-9a-f]{32}$/);
  });
});
