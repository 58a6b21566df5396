import { describe, expect, it } from 'vitest';
import { rows } from '../isa/index.ts';
import { row } from '../isa/row.ts';
import { parseEncoding } from './encoding.ts';
import { parseOperands } from './operands.ts';
import { buildTables, checkTables } from './tables.ts';

const r = (encoding: string, operands = '') => row(encoding, 'TEST', operands, () => {});

describe('parseEncoding', () => {
  it.each([
    ['0F AF /r', { map: 1, opcode: 0xaf, prefix: 'any', hasModrm: true, modrmMask: 0 }],
    ['50+r', { map: 0, opcode: 0x50, plusRegister: true, hasModrm: false }],
    ['83 /0 ib', { map: 0, opcode: 0x83, modrmMask: 0x38, modrmValue: 0 }],
    ['F3 0F 10 /r', { map: 1, opcode: 0x10, prefix: 'F3' }],
    ['F3 REX.W 0F 2A /r', { map: 1, opcode: 0x2a, prefix: 'F3', rexW: 1 }],
    ['NP 0F 10 /r', { map: 1, opcode: 0x10, prefix: 'none' }],
    ['REX.W 0F C7 /1', { map: 1, opcode: 0xc7, rexW: 1, modrmMask: 0x38, modrmValue: 0x08 }],
    ['0F 01 D0', { map: 1, opcode: 0x01, modrmMask: 0xff, modrmValue: 0xd0 }],
    ['F3 90', { map: 0, opcode: 0x90, prefix: 'F3', hasModrm: false }],
    ['66 0F 38 00 /r', { map: 2, opcode: 0x00, prefix: '66' }],
    ['66 0F 3A 0F /r ib', { map: 3, opcode: 0x0f, prefix: '66' }],
    ['D8 C0+i', { map: 0, opcode: 0xd8, modrmMask: 0xf8, modrmValue: 0xc0 }],
    ['VEX.128.66.0F.WIG FE /r', { map: 5, opcode: 0xfe, prefix: '66', vexL: 0, rexW: 'any' }],
    ['VEX.256.66.0F38.W1 98 /r', { map: 6, opcode: 0x98, vexL: 1, rexW: 1 }],
    ['VEX.LIG.F3.0F.WIG 58 /r', { map: 5, opcode: 0x58, prefix: 'F3', vexL: 'any' }],
  ])('%s', (text, expected) => {
    expect(parseEncoding(text)).toMatchObject(expected);
  });
  it.each([
    '',
    'NP',
    '0F',
    '/r 01',
    '0F AF /8',
    '01 /r /1',
    '51+r',
    '01 zz',
    'VEX.128.66 FE /r',
    'VEX.128.0F.XX FE /r',
  ])("'%s' is refused", (text) => {
    expect(() => parseEncoding(text)).toThrow(/encoding|VEX/);
  });
});

describe('parseOperands', () => {
  it.each(['Ex', 'E', 'qq', 'Gdq', 'Mb,Rv', 'Ev,', 'Av', 'Ibz'])("'%s' is refused", (codes) => {
    expect(() => parseOperands(codes)).toThrow(/operand|register/);
  });
});

describe('tables', () => {
  it('mistakes name the row', () => {
    expect(() => buildTables([r('0F zz')])).toThrow("row '0F zz' TEST");
    expect(() => buildTables([r('01 /r'), r('01')])).toThrow("row '01' TEST");
    expect(() => checkTables(buildTables([r('01 /r', 'Ev,Kv')]))).toThrow("row '01 /r' TEST 'Ev,Kv'");
  });
  it('two rows for the same bytes are a mistake', () => {
    expect(() => checkTables(buildTables([r('01 /r', 'Ev,Gv'), r('01 /r', 'Gv,Ev')]))).toThrow('the same bytes');
    expect(() => checkTables(buildTables([r('01 /r', 'Mv,Gv'), r('01 /r', 'Rv,Gv')]))).not.toThrow();
  });
  it('all rows of the instruction set are understood', () => {
    expect(() => checkTables(buildTables(rows))).not.toThrow();
  });
});
