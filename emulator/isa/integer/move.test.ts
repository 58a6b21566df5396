import { describe, expect, test } from 'vitest';
import { KINDS, MAP, Machine, STACK } from './testing.ts';

describe.each(KINDS)('%s', (kind) => {
  const m = new Machine(kind);
  const DATA = MAP.data + 0x40;

  describe('moves', () => {
    test.each<readonly [string, bigint | number, bigint | number, bigint]>([
      ['89 d8', -1, 0x80000000n, 0x80000000n],
      ['66 89 d8', -1, 0x1234, 0xffffffffffff1234n],
      ['88 dc', 0, 0x12, 0x1200n], // mov ah, bl
      ['40 88 dc', 5, 0x12, 5n], // mov spl, bl
      ['48 c7 c0 ff ff ff ff', 0, 0, 0xffffffffffffffffn],
      ['b8 ff ff ff ff', -1, 0, 0xffffffffn],
      ['48 b8 88 77 66 55 44 33 22 11', 0, 0, 0x1122334455667788n],
      ['0f be c3', -1, 0x80, 0xffffff80n],
      ['48 0f be c7', 0, 0x1ff00, 0n], // movsx rax, dil
      ['0f be c7', 0, 0x8000, 0xffffff80n], // movsx eax, bh
      ['66 0f be c3', 0, 0x80, 0xff80n],
      ['48 63 c3', 0, 0x80000000n, 0xffffffff80000000n],
      ['63 c3', -1, 0x80000000n, 0x80000000n],
      ['66 98', 0x80, 0, 0xff80n],
      ['98', 0x8000, 0, 0xffff8000n],
      ['48 98', 0x80000000n, 0, 0xffffffff80000000n],
      ['67 8d 43 ff', -1, 0, 0xffffffffn],
      ['66 8d 43 ff', 0, 0x1000000n, 0xffffn],
      ['48 0f c8', 0x1122334455667788n, 0, 0x8877665544332211n],
      ['0f c8', 0xff_11223344n, 0, 0x44332211n],
      ['66 0f c8', 0x112233445566n, 0, 0x112233440000n],
    ])('%s with rax %s, rbx %s', (code, rax, rbx, result) => {
      const r = m.run(code, { rax, rbx }, 'CPAZSO');
      expect([r.end, r.reg('rax').toString(16), r.flags]).toEqual(['', result.toString(16), 'CPAZSO']);
    });

    test('CMOV of 32 bits clears the upper half though the condition is false, and reads its source', () => {
      expect(m.run('0f 44 c3', { rax: -1, rbx: 1 }).reg('rax')).toBe(0xffffffffn);
      expect(m.run('48 0f 44 c3', { rax: -1, rbx: 1 }, 'Z').reg('rax')).toBe(1n);
      expect(m.run('0f 44 03', { rax: -1, rbx: MAP.end }).end).toBe('#PF(4) at 603000');
    });

    test('every condition', () => {
      const holds = (flags: string) =>
        Array.from({ length: 16 }, (_, cc) => m.run(`0f ${(0x90 + cc).toString(16)} c0`, {}, flags).reg('rax')).join(
          '',
        );
      expect(holds('')).toBe('0101010101010101');
      expect(holds('C')).toBe('0110011001010101');
      expect(holds('Z')).toBe('0101101001010110');
      expect(holds('S')).toBe('0101010110011010');
      expect(holds('O')).toBe('1001010101011010');
      expect(holds('SO')).toBe('1001010110010101');
      expect(holds('P')).toBe('0101010101100101');
    });

    test('XCHG, and 90 is no XCHG', () => {
      m.poke(DATA, 64, 0x1111111122222222n);
      const r = m.run('87 03', { rax: -1, rbx: DATA });
      expect([r.reg('rax'), r.mem(DATA)]).toEqual([0x22222222n, 0x11111111ffffffffn]);
      expect(m.run('90', { rax: -1 }).reg('rax')).toBe(0xffffffffffffffffn);
      expect(m.run('41 90', { rax: -1, r8: 5 }).reg('rax')).toBe(5n);
      expect(m.run('93', { rax: -1, rbx: 7 }).reg('rbx')).toBe(0xffffffffn);
    });

    test('moffs and XLAT', () => {
      m.poke(DATA, 64, 0x8877665544332211n);
      expect(m.run('48 a1 40 00 60 00 00 00 00 00').reg('rax')).toBe(0x8877665544332211n);
      expect(m.run('67 a0 41 00 60 00').reg('rax')).toBe(0x22n);
      expect(m.run('d7', { rax: 0xff03, rbx: DATA }).reg('rax')).toBe(0xff44n);
      expect(m.run('67 d7', { rax: 3, rbx: BigInt(DATA) + (1n << 32n) }).reg('rax')).toBe(0x44n);
    });
  });

  describe('the stack', () => {
    test('PUSH', () => {
      const sp = m.run('54'); // push rsp stores the old value
      expect([sp.reg('rsp'), sp.mem(STACK - 8)]).toEqual([BigInt(STACK - 8), BigInt(STACK)]);
      expect(m.run('6a ff').mem(STACK - 8)).toBe(0xffffffffffffffffn);
      expect(m.run('68 00 00 00 80').mem(STACK - 8)).toBe(0xffffffff80000000n);
      const word = m.run('66 50', { rax: 0x12345 });
      expect([word.reg('rsp'), word.mem(STACK - 2, 16)]).toEqual([BigInt(STACK - 2), 0x2345n]);
      m.poke(STACK + 8, 64, 0x55);
      expect(m.run('ff 74 24 08').mem(STACK - 8)).toBe(0x55n);
      expect(m.run('50', { rsp: MAP.data }).reg('rsp')).toBe(BigInt(MAP.data));
    });

    test('POP', () => {
      m.poke(STACK, 64, 0x1122334455667788n);
      expect(m.run('5c').reg('rsp')).toBe(0x1122334455667788n);
      expect(m.run('66 5c').reg('rsp')).toBe(BigInt(STACK + 2 - ((STACK + 2) & 0xffff) + 0x7788));
      const based = m.run('8f 44 24 08'); // [rsp + 8] with rsp as it is after the pop
      expect([based.mem(STACK + 16), based.reg('rsp')]).toEqual([0x1122334455667788n, BigInt(STACK + 8)]);
      const fault = m.run('8f 00', { rax: MAP.readOnly });
      expect([fault.end, fault.reg('rsp')]).toEqual(['#PF(7) at 602000', BigInt(STACK)]);
    });

    test('flags', () => {
      expect(m.run('9c', {}, 'CZO').mem(STACK - 8)).toBe(0xa43n);
      m.poke(STACK, 64, 0xffffffffffffffffn);
      expect(m.run('9d').rflags).toBe(0x244702);
      expect(m.run('66 9d').rflags).toBe(0x4702);
      expect(m.run('9e', { rax: 0xff00 }, 'O').flags).toBe('CPAZSO');
      expect(m.run('9f', { rax: 0 }, 'CPAZSO').reg('rax')).toBe(0xd700n);
      expect(m.run('f5', {}, 'C').flags).toBe('');
    });

    test('ENTER and LEAVE', () => {
      const frame = STACK + 0x100;
      m.poke(frame - 8, 64, 0xaaaa);
      m.poke(frame - 16, 64, 0xbbbb);
      const plain = m.run('c8 20 00 00', { rbp: frame });
      expect([plain.reg('rbp'), plain.reg('rsp')]).toEqual([BigInt(STACK - 8), BigInt(STACK - 8 - 32)]);
      const nested = m.run('c8 20 00 03', { rbp: frame });
      expect([nested.reg('rbp'), nested.reg('rsp')]).toEqual([BigInt(STACK - 8), BigInt(STACK - 32 - 32)]);
      expect([8, 16, 24, 32].map((n) => nested.mem(STACK - n))).toEqual([
        ...[BigInt(frame), 0xaaaan, 0xbbbbn],
        BigInt(STACK - 8),
      ]);
      expect(m.run('c8 ff ff 00').end).toBe(`#PF(6) at ${(STACK - 8 - 0xffff).toString(16)}`);
      m.poke(frame, 64, 0x77);
      const left = m.run('c9', { rbp: frame });
      expect([left.reg('rsp'), left.reg('rbp')]).toEqual([BigInt(frame + 8), 0x77n]);
    });
  });
});
