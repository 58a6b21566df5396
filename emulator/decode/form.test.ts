import { describe, expect, it } from 'vitest';
import type { Instruction } from '../isa/instruction.ts';
import { type RowOptions, row } from '../isa/row.ts';
import { Decoder } from './decoder.ts';
import { formKey } from './form.ts';

const r = (encoding: string, operands: string, options: RowOptions = {}) =>
  row(encoding, 'TEST', operands, () => {}, options);
const rows = [
  r('00 /r', 'Eb,Gb', { lock: true }),
  r('01 /r', 'Ev,Gv', { lock: true }),
  r('03 /r', 'Gv,Ev'),
  r('81 /0', 'Ev,Iz'),
  r('A5', '', { repeats: true }),
  r('66 0F 70 /r', 'Vdq,Wdq,Ib', { immediateInForm: true }),
  r('VEX.66.0F FE /r', 'Vx,Hx,Wx'),
];
for (const [id, each] of rows.entries()) each.id = id;
const decoder = new Decoder(rows);

const key = (hex: string): number => {
  const bytes = Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16));
  const result = decoder.decode(bytes, 0, bytes.length, 0x1000);
  if (typeof result === 'string') throw new Error(`${hex} is ${result}`);
  return formKey(result);
};

describe('formKey', () => {
  it('is equal when only registers, displacements and immediates differ', () => {
    expect(key('01 d8')).toBe(key('45 01 ff'));
    expect(key('01 03')).toBe(key('41 01 8c 24 10 00 00 00'));
    expect(key('01 04 88')).toBe(key('01 4c d3 10'));
    expect(key('01 03')).toBe(key('01 05 10 00 00 00'));
    expect(key('01 04 88')).toBe(key('01 04 8d 00 00 00 00'));
    expect(key('00 c0')).toBe(key('00 e4'));
    expect(key('01 04 25 10 00 00 00')).toBe(key('01 05 10 00 00 00'));
    expect(key('81 c0 01 00 00 00')).toBe(key('81 c7 02 00 00 00'));
    expect(key('00 c4')).toBe(key('00 d6'));
  });
  it('differs by all that an instruction function may look at', () => {
    const different = [
      '01 d8',
      '66 01 d8',
      '48 01 d8',
      '67 01 d8',
      '03 d8',
      '01 03',
      'f0 01 03',
      '64 01 03',
      '65 01 03',
      '67 01 03',
      '01 04 88',
      '03 03',
      '00 c0',
      '00 03',
      'a5',
      'f3 a5',
      'f2 a5',
      '48 a5',
      '64 a5',
      '66 0f 70 c1 00',
      '66 0f 70 c1 01',
      '66 0f 70 c1 ff',
      '66 0f 70 01 01',
      'c5 f1 fe c2',
      'c5 f5 fe c2',
      'c5 f5 fe 00',
      'c5 f5 fe 04 88',
    ];
    const byKey = new Map(different.map((hex) => [key(hex), hex]));
    expect(different.filter((hex) => byKey.get(key(hex)) !== hex)).toEqual([]);
  });
  it('is a safe integer, and a row marked immediateInForm without immediate a mistake', () => {
    expect(Number.isSafeInteger(key('66 0f 70 c1 ff'))).toBe(true);
    const marked = { ...r('A5', '', { immediateInForm: true }), id: 0 };
    const instruction = new Decoder([marked]).decode(Uint8Array.of(0xa5), 0, 1, 0) as Instruction;
    expect(() => formKey(instruction)).toThrow("row 'A5' TEST");
  });
});
