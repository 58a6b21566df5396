import { describe, expect, test } from 'vitest';
import { KINDS, Machine } from './testing.ts';

// Expected values were read from a Zen 4 processor; those that Intel's manual defines agree with it.
describe.each(KINDS)('%s', (kind) => {
  const m = new Machine(kind);

  /** code, rax, rbx, cl, flags before, rax after, flags after */
  test.each<readonly [string, number | bigint, number, number, string, number | bigint, string]>([
    // SHL
    ['d2 e0', 0x95, 0, 0, 'CPAZSO', 0x95, 'CPAZSO'],
    ['d2 e0', 0x95, 0, 1, '', 0x2a, 'CAO'],
    ['d2 e0', 0x95, 0, 3, '', 0xa8, 'ASO'],
    ['d2 e0', 0x95, 0, 8, '', 0, 'CPAZO'],
    ['d2 e0', 0x95, 0, 9, 'CO', 0, 'PAZ'],
    ['d2 e0', 0x95, 0, 32, 'C', 0x95, 'C'],
    ['66 d3 e0', 0x9585, 0, 16, '', 0, 'CPAZO'],
    ['d3 e0', 0xff_deadbeefn, 0, 32, 'Z', 0xdeadbeefn, 'Z'],
    ['d3 e0', 0xdeadbeefn, 0, 19, '', 0xf7780000n, 'CPAS'],
    ['48 d3 e0', 3, 0, 63, '', 1n << 63n, 'CPAS'],
    ['d1 f0', 0x80000001n, 0, 0, '', 2, 'CAO'], // the second encoding of SHL
    // SHR
    ['d2 e8', 0x95, 0, 1, '', 0x4a, 'CAO'],
    ['d2 e8', 0x95, 0, 3, '', 0x12, 'CPA'],
    ['d2 e8', 0x95, 0, 8, '', 0, 'CPAZ'],
    ['c1 e8 01', 0xdeadbeefn, 0, 0, '', 0x6f56df77n, 'CPAO'],
    ['48 d1 e8', 1, 0, 0, '', 0, 'CPAZ'],
    // SAR
    ['d2 f8', 0x95, 0, 2, 'CO', 0xe5, 'AS'],
    ['d2 f8', 0x95, 0, 31, '', 0xff, 'CPAS'],
    ['48 c1 f8 3f', 1n << 63n, 0, 0, '', 0xffffffffffffffffn, 'PAS'],
    // ROL, ROR: CF and OF alone
    ['d2 c0', 0x95, 0, 3, 'CPAZS', 0xac, 'PAZSO'],
    ['d2 c0', 0x95, 0, 8, '', 0x95, 'C'],
    ['d2 c8', 0x95, 0, 2, 'C', 0x65, 'O'],
    ['d2 c8', 0x95, 0, 16, '', 0x95, 'CO'],
    ['66 d3 c8', 0x1234, 0, 4, '', 0x4123, 'O'],
    ['48 c1 c0 04', 0xf000000000000001n, 0, 0, '', 0x1f, 'CO'],
    // RCL, RCR
    ['d2 d0', 0x95, 0, 1, '', 0x2a, 'CO'],
    ['d2 d0', 0x95, 0, 1, 'C', 0x2b, 'CO'],
    ['d2 d0', 0x95, 0, 9, '', 0x95, 'O'],
    ['d2 d0', 0x95, 0, 11, '', 0x55, ''],
    ['d2 d8', 0x95, 0, 2, '', 0xa5, 'O'],
    ['d2 d8', 0x95, 0, 8, '', 0x2a, 'C'],
    ['48 d3 d0', 1, 0, 63, 'C', 0xc000000000000000n, 'O'],
    ['48 d1 d8', 1, 0, 0, 'C', 1n << 63n, 'CO'],
    ['d3 d8', 0x12345678, 0, 0, 'C', 0x12345678, 'C'],
    // SHLD, SHRD
    ['66 0f a5 d8', 0x9285, 0xa5c3, 3, '', 0x942d, 'PASO'],
    ['66 0f a5 d8', 0x9285, 0xa5c3, 16, '', 0xa5c3, 'CPASO'],
    ['66 0f a5 d8', 0x9285, 0xa5c3, 18, '', 0x970e, 'AS'],
    ['66 0f ad d8', 0x9285, 0xa5c3, 3, '', 0x7250, 'CPAO'],
    ['66 0f ad d8', 0x9285, 0xa5c3, 19, '', 0x74b8, 'PAO'],
    ['0f a5 d8', 0xdeadbeefn, 0x12345678, 4, '', 0xeadbeef1n, 'CAS'],
    ['0f ac d8 04', 0xdeadbeefn, 0x12345678, 0, '', 0x8deadbeen, 'CPASO'],
    ['0f a4 d8 20', 0xff_deadbeefn, 0x12345678, 0, 'ZC', 0xdeadbeefn, 'CZ'],
  ])('%s: rax %s, rbx %s, cl %s, flags %s', (code, rax, rbx, rcx, flags, result, after) => {
    const r = m.run(code, { rax, rbx, rcx }, flags);
    expect(r.end).toBe('');
    expect([r.reg('rax').toString(16), r.flags]).toEqual([BigInt(result).toString(16), after]);
  });
});
