import { describe, expect, it } from 'vitest';
import type { Instruction, MemoryOperand, Operand } from '../isa/instruction.ts';
import { type RowOptions, row } from '../isa/row.ts';
import { Decoder } from './decoder.ts';
import { describe as text } from './describe.ts';

const nothing = () => {};
const r = (encoding: string, mnemonic: string, operands: string, options: RowOptions = {}) =>
  row(encoding, mnemonic, operands, nothing, options);

const rows = [
  r('01 /r', 'ADD', 'Ev,Gv', { lock: true }),
  r('03 /r', 'ADD', 'Gv,Ev'),
  r('00 /r', 'ADD', 'Eb,Gb', { lock: true }),
  r('05', 'ADD', 'rAX,Iz'),
  r('81 /0', 'ADD', 'Ev,Iz', { lock: true }),
  r('83 /0', 'ADD', 'Ev,Ibs', { lock: true }),
  r('80 /7', 'CMP', 'Eb,Ib'),
  r('50+r', 'PUSH', 'Zv', { default64: true }),
  r('68', 'PUSH', 'Iz', { default64: true }),
  r('6A', 'PUSH', 'Ibs', { default64: true }),
  r('69 /r', 'IMUL', 'Gv,Ev,Iz'),
  r('88 /r', 'MOV', 'Eb,Gb'),
  r('8B /r', 'MOV', 'Gv,Ev'),
  r('8C /r', 'MOV', 'Mw,Sw'),
  r('8C /r', 'MOV', 'Rv,Sw'),
  r('8E /r', 'MOV', 'Sw,Ew'),
  r('8D /r', 'LEA', 'Gv,M'),
  r('A0', 'MOV', 'AL,Ob'),
  r('A3', 'MOV', 'Ov,rAX'),
  r('A5', 'MOVSW/MOVSD/MOVSQ', '', { repeats: true }),
  r('AC', 'LODSB', 'AL,Xb', { repeats: true }),
  r('B0+r', 'MOV', 'Zb,Ib'),
  r('B8+r', 'MOV', 'Zv,Iv'),
  r('C8', 'ENTER', 'Iw,Ib', { default64: true }),
  r('C7 /0', 'MOV', 'Ev,Iz'),
  r('D1 /4', 'SHL', 'Ev,1'),
  r('E8', 'CALL', 'Jz', { force64: true }),
  r('EB', 'JMP', 'Jb', { force64: true }),
  r('FF /4', 'JMP', 'Ev', { force64: true }),
  r('C3', 'RET', '', { force64: true }),
  r('90', 'NOP', ''),
  r('90+r', 'XCHG', 'Zv,rAX'),
  r('F3 90', 'PAUSE', ''),
  r('0F 1F /0', 'NOP', 'Ev'),
  r('0F 1E /r', 'NOP', 'Ev'),
  r('F3 0F 1E FA', 'ENDBR64', ''),
  r('0F BC /r', 'BSF', 'Gv,Ev'),
  r('F3 0F BC /r', 'TZCNT', 'Gv,Ev'),
  r('0F B6 /r', 'MOVZX', 'Gv,Eb'),
  r('0F C7 /1', 'CMPXCHG8B', 'Mq', { lock: true }),
  r('REX.W 0F C7 /1', 'CMPXCHG16B', 'Mdq', { lock: true }),
  r('0F 01 D0', 'XGETBV', ''),
  r('0F 01 /3', 'LIDT', 'Ms'),
  r('NP 0F 10 /r', 'MOVUPS', 'Vps,Wps'),
  r('66 0F 10 /r', 'MOVUPD', 'Vpd,Wpd'),
  r('F3 0F 10 /r', 'MOVSS', 'Vss,Wss'),
  r('F2 0F 10 /r', 'MOVSD', 'Vsd,Wsd'),
  r('NP 0F 12 /r', 'MOVLPS', 'Vq,Mq'),
  r('NP 0F 12 /r', 'MOVHLPS', 'Vq,Uq'),
  r('66 REX.W0 0F 6E /r', 'MOVD', 'Vd,Ed'),
  r('66 REX.W 0F 6E /r', 'MOVQ', 'Vq,Eq'),
  r('NP 0F 6F /r', 'MOVQ', 'Pq,Qq'),
  r('66 0F 3A 14 /r ib', 'PEXTRB', 'Rd/Mb,Vdq,Ib'),
  r('F2 0F 38 F1 /r', 'CRC32', 'Gd,Ev'),
  r('D8 C0+i', 'FADD', 'ST0,STi'),
  r('D8 /0', 'FADD', 'Md'),
  r('VEX.128.66.0F.WIG FE /r', 'VPADDD', 'Vx,Hx,Wx'),
  r('VEX.256.66.0F.WIG FE /r', 'VPADDD', 'Vx,Hx,Wx'),
  r('VEX.LZ.0F38.W0 F2 /r', 'ANDN', 'Gy,By,Ey'),
  r('VEX.LZ.0F38.W1 F2 /r', 'ANDN', 'Gy,By,Ey'),
  r('VEX.128.66.0F3A.W0 4B /r /is4', 'VBLENDVPD', 'Vx,Hx,Wx,Lx'),
  r('VEX.128.F3.0F.WIG 6F /r', 'VMOVDQU', 'Vx,Wx'),
  r('VEX.LZ.0F38.W0 F3 /1', 'BLSR', 'By,Ey'),
  r('VEX.LZ.0F38.W1 F3 /1', 'BLSR', 'By,Ey'),
  r('VEX.LZ.66.0F38.W0 F7 /r', 'SHLX', 'Gy,Ey,By'),
  r('VEX.128.66.0F38.W0 90 /r', 'VPGATHERDD', 'Vx,vm32x,Hx'),
  r('VEX.256.66.0F38.W0 90 /r', 'VPGATHERDD', 'Vx,vm32y,Hx'),
  r('VEX.256.66.0F38.W1 90 /r', 'VPGATHERDQ', 'Vx,vm32x,Hx'),
  r('VEX.256.66.0F38.W0 91 /r', 'VPGATHERQD', 'Vdq,vm64y,Hdq'),
];
for (const [id, each] of rows.entries()) each.id = id;
const decoder = new Decoder(rows);

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16));
const decode = (hex: string, address = 0x1000) => {
  const bytes = bytesOf(hex);
  return decoder.decode(bytes, 0, bytes.length, address);
};
/** Decodes bytes that are one whole instruction. */
const one = (hex: string, address = 0x1000): Instruction => {
  const result = decode(hex, address);
  if (typeof result === 'string') throw new Error(`${hex} is ${result}`);
  expect(result.length, hex).toBe(hex.split(' ').length);
  return result;
};
const textOf = (hex: string, address?: number): string => text(one(hex, address));
const operandOf = (hex: string, n = 0): Operand => one(hex).operands[n]!;
const memoryOf = (hex: string, n = 0): MemoryOperand => {
  const operand = operandOf(hex, n);
  if (operand.kind !== 'mem') throw new Error(`${hex} has no memory operand ${n}`);
  return operand;
};

describe('operand size', () => {
  it('is 32, 16 with 66, 64 with REX.W whatever 66 says', () => {
    expect(textOf('01 d8')).toBe('add eax, ebx');
    expect(textOf('66 01 d8')).toBe('add ax, bx');
    expect(textOf('48 01 d8')).toBe('add rax, rbx');
    expect(textOf('66 48 01 d8')).toBe('add rax, rbx');
    expect(one('66 01 d8').operandSize).toBe(16);
  });
  it('is 64 by default for PUSH, which 66 makes 16', () => {
    expect(textOf('50')).toBe('push rax');
    expect(textOf('66 50')).toBe('push ax');
    expect(textOf('41 54')).toBe('push r12');
    expect(textOf('66 48 50')).toBe('push rax');
  });
  it('is 64 for near branches even with 66', () => {
    const call = one('66 e8 10 00 00 00', 0x400000);
    expect(call.operandSize).toBe(64);
    expect(call.operands).toEqual([{ kind: 'target', width: 64, value: 0x400016n }]);
    expect(textOf('66 ff e0')).toBe('jmp rax');
    expect(one('66 c3').operandSize).toBe(64);
  });
  it('is not changed by a 66 that belongs to the opcode', () => {
    expect(one('66 0f 10 c1').operandSize).toBe(32);
    expect(textOf('66 0f 6e c0')).toBe('movd xmm0, eax');
    expect(textOf('66 48 0f 6e c0')).toBe('movq xmm0, rax');
    expect(one('66 f2 0f 38 f1 c3').operandSize).toBe(16);
  });
});

describe('prefixes', () => {
  it('may come in any order, and the last of a group wins', () => {
    expect(textOf('67 66 64 8b 03')).toBe('mov ax, word ptr fs:[ebx]');
    expect(textOf('64 66 67 8b 03')).toBe('mov ax, word ptr fs:[ebx]');
    expect(memoryOf('64 65 8b 03', 1).segment).toBe('gs');
    expect(memoryOf('65 64 8b 03', 1).segment).toBe('fs');
    expect(textOf('f2 f3 0f 10 c1')).toBe('movss xmm0, xmm1');
    expect(textOf('f3 f2 0f 10 c1')).toBe('movsd xmm0, xmm1');
  });
  it('CS, DS, ES and SS are ignored and leave FS and GS alone', () => {
    for (const prefix of ['26', '2e', '36', '3e']) {
      expect(memoryOf(`${prefix} 8b 03`, 1).segment).toBe('none');
      expect(memoryOf(`64 ${prefix} 8b 03`, 1).segment).toBe('fs');
    }
  });
  it('REX counts only directly before the opcode', () => {
    expect(textOf('48 66 01 d8')).toBe('add ax, bx');
    expect(textOf('66 48 01 d8')).toBe('add rax, rbx');
    expect(textOf('4f 40 01 d8')).toBe('add eax, ebx');
    expect(textOf('40 48 01 d8')).toBe('add rax, rbx');
    expect(textOf('40 66 88 e0')).toBe('mov al, ah');
  });
  it('F2 and F3 choose the opcode before 66 does', () => {
    expect(one('66 f3 0f 10 c1').row.mnemonic).toBe('MOVSS');
    expect(one('f2 66 0f 10 c1').row.mnemonic).toBe('MOVSD');
    expect(one('0f 10 c1').row.mnemonic).toBe('MOVUPS');
    expect(one('66 0f 10 c1').row.mnemonic).toBe('MOVUPD');
  });
  it('that no row of the opcode wants are invalid where NP stands, else ignored', () => {
    expect(decode('f3 0f 12 03')).toBe('invalid');
    expect(decode('66 0f 6f c1')).toBe('invalid');
    expect(decode('f2 0f 6e c0')).toBe('invalid');
    expect(textOf('f3 0f b6 c1')).toBe('movzx eax, cl');
    expect(textOf('f2 66 0f bc c1')).toBe('bsf ax, cx');
    expect(textOf('f3 c3')).toBe('ret');
    expect(textOf('f2 e8 00 00 00 00')).toBe('call 0x1006');
    expect(textOf('2e eb 00')).toBe('jmp 0x1003');
    expect(textOf('3e ff e0')).toBe('jmp rax');
  });
  it('with an operand size as well: TZCNT r16', () => {
    expect(textOf('66 f3 0f bc c1')).toBe('tzcnt ax, cx');
    expect(textOf('f3 48 0f bc c1')).toBe('tzcnt rax, rcx');
    expect(textOf('48 f3 0f bc c1')).toBe('tzcnt eax, ecx');
  });
  it('F2 and F3 repeat string instructions only', () => {
    expect(textOf('f3 a5')).toBe('rep movsd');
    expect(textOf('f3 48 a5')).toBe('rep movsq');
    expect(textOf('f2 66 a5')).toBe('repne movsw');
    expect(one('f3 01 d8').repeat).toBe('none');
    expect(one('64 a5').segment).toBe('fs');
    expect(textOf('64 f3 ac')).toBe('rep lodsb al, byte ptr fs:[rsi]');
    expect(textOf('67 ac')).toBe('lodsb al, byte ptr [esi]');
  });
  it('LOCK needs a row that allows it and a memory destination', () => {
    expect(textOf('f0 01 03')).toBe('lock add dword ptr [rbx], eax');
    expect(decode('f0 01 d8')).toBe('invalid');
    expect(decode('f0 03 03')).toBe('invalid');
    expect(decode('f0 c3')).toBe('invalid');
    expect(textOf('f0 48 0f c7 0b')).toBe('lock cmpxchg16b xmmword ptr [rbx]');
  });
  it('XACQUIRE and XRELEASE are ignored', () => {
    expect(textOf('f2 f0 01 03')).toBe('lock add dword ptr [rbx], eax');
    expect(textOf('f0 f3 01 03')).toBe('lock add dword ptr [rbx], eax');
  });
});

describe('registers', () => {
  it('4..7 of byte registers are AH CH DH BH without REX, SPL BPL SIL DIL with it', () => {
    expect(textOf('88 e0')).toBe('mov al, ah');
    expect(textOf('88 fd')).toBe('mov ch, bh');
    expect(textOf('40 88 e0')).toBe('mov al, spl');
    expect(textOf('44 88 e5')).toBe('mov bpl, r12b');
    expect(textOf('b4 01')).toBe('mov ah, 1');
    expect(textOf('40 b4 01')).toBe('mov spl, 1');
    expect(operandOf('88 e0', 1)).toEqual({ kind: 'reg', width: 8, register: 0, high: true });
    expect(textOf('0f b6 c4')).toBe('movzx eax, ah');
  });
  it('extend by REX.R, X and B', () => {
    expect(textOf('4d 03 c1')).toBe('add r8, r9');
    expect(textOf('4f 03 04 d1')).toBe('add r8, qword ptr [r9 + r10*8]');
    expect(textOf('45 0f 10 c1')).toBe('movups xmm8, xmm9');
    expect(textOf('4d 0f 6f c1')).toBe('movq mm0, mm1');
    expect(textOf('49 b8 08 07 06 05 04 03 02 01')).toBe('mov r8, 0x102030405060708');
  });
  it('segments beyond GS are invalid, as is loading CS', () => {
    expect(textOf('8c d8')).toBe('mov eax, ds');
    expect(textOf('44 8c e8')).toBe('mov eax, gs');
    expect(textOf('48 8c 18')).toBe('mov word ptr [rax], ds');
    expect(textOf('8e e0')).toBe('mov fs, ax');
    expect(decode('8c f0')).toBe('invalid');
    expect(decode('8c f8')).toBe('invalid');
    expect(decode('8e c8')).toBe('invalid');
    expect(textOf('8c c8')).toBe('mov eax, cs');
  });
  it('of the x87 come from a range of ModRM bytes', () => {
    expect(textOf('d8 c3')).toBe('fadd st(0), st(3)');
    expect(textOf('41 d8 c3')).toBe('fadd st(0), st(3)');
    expect(textOf('d8 03')).toBe('fadd dword ptr [rbx]');
  });
});

describe('addressing', () => {
  it.each([
    ['8b 00', '[rax]'],
    ['8b 40 80', '[rax - 0x80]'],
    ['8b 80 00 01 00 00', '[rax + 0x100]'],
    ['8b 80 ff ff ff 7f', '[rax + 0x7fffffff]'],
    ['41 8b 00', '[r8]'],
    ['8b 04 24', '[rsp]'],
    ['41 8b 04 24', '[r12]'],
    ['8b 45 00', '[rbp]'],
    ['41 8b 45 00', '[r13]'],
    ['8b 04 88', '[rax + rcx*4]'],
    ['8b 04 25 10 00 00 00', '[0x10]'],
    ['8b 04 25 f8 ff ff ff', '[0xfffffffffffffff8]'],
    ['8b 04 8d 10 00 00 00', '[rcx*4 + 0x10]'],
    ['41 8b 04 8d 10 00 00 00', '[rcx*4 + 0x10]'],
    ['42 8b 04 a0', '[rax + r12*4]'],
    ['8b 44 24 08', '[rsp + 8]'],
    ['8b 44 4d f8', '[rbp + rcx*2 - 8]'],
    ['8b 84 4d f8 ff ff ff', '[rbp + rcx*2 - 8]'],
    ['67 8b 04 88', '[eax + ecx*4]'],
    ['67 8b 04 25 f8 ff ff ff', '[0xfffffff8]'],
    ['67 43 8b 04 88', '[r8d + r9d*4]'],
    ['65 8b 04 25 10 00 00 00', 'gs:[0x10]'],
    ['8b 05 10 00 00 00', '[rip + 0x10]'],
    ['41 8b 05 f0 ff ff ff', '[rip - 0x10]'],
    ['67 8b 05 10 00 00 00', '[eip + 0x10]'],
  ])('%s is %s', (hex, address) => {
    expect(textOf(hex)).toBe(`mov eax, dword ptr ${address}`);
  });
  it('RIP-relative displacements are absolute, counted from behind the immediate', () => {
    const memory = memoryOf('81 05 10 00 00 00 78 56 34 12');
    expect(memory).toMatchObject({ base: -1, index: -1, displacement: 0x101an, ripRelative: true, addressSize: 64 });
    expect(memoryOf('8b 05 00 00 00 80', 1).displacement).toBe(0x1006n - 0x80000000n);
    expect(memoryOf('67 8b 05 00 00 00 80', 1).displacement).toBe(0x80001007n);
    const high = decoder.decode(bytesOf('8b 05 10 00 00 00'), 0, 6, 0x7ffff7ff0000);
    expect((high as Instruction).operands[1]).toMatchObject({ displacement: 0x7ffff7ff0016n });
  });
  it('moffs are 64 bits, 32 with 67', () => {
    expect(textOf('a0 88 77 66 55 44 33 22 11')).toBe('mov al, byte ptr [0x1122334455667788]');
    expect(textOf('64 48 a3 88 77 66 55 44 33 22 f1')).toBe('mov qword ptr fs:[0xf122334455667788], rax');
    expect(textOf('67 a0 88 77 66 f5')).toBe('mov al, byte ptr [0xf5667788]');
  });
  it('LEA has no width; its operand size is that of the register', () => {
    expect(memoryOf('66 8d 00', 1).width).toBe(0);
    expect(textOf('66 8d 00')).toBe('lea ax, [rax]');
    expect(decode('8d c0')).toBe('invalid');
  });
  it('a code for registers or memory has a width for each', () => {
    expect(textOf('66 0f 3a 14 c1 02')).toBe('pextrb ecx, xmm0, 2');
    expect(textOf('66 0f 3a 14 01 02')).toBe('pextrb byte ptr [rcx], xmm0, 2');
  });
});

describe('immediates', () => {
  it.each([
    ['83 c0 ff', 32, 0xffffffffn],
    ['48 83 c0 80', 64, 0xffffffffffffff80n],
    ['66 83 c0 80', 16, 0xff80n],
    ['80 f8 ff', 8, 0xffn],
    ['81 c0 00 00 00 80', 32, 0x80000000n],
    ['48 81 c0 00 00 00 80', 64, 0xffffffff80000000n],
    ['66 81 c0 00 80', 16, 0x8000n],
    ['b8 ff ff ff ff', 32, 0xffffffffn],
    ['66 b8 ff ff', 16, 0xffffn],
    ['48 b8 01 00 00 00 00 00 00 80', 64, 0x8000000000000001n],
    ['48 c7 c0 ff ff ff ff', 64, 0xffffffffffffffffn],
    ['d1 e0', 8, 1n],
  ])('%s has %i bits', (hex, width, value) => {
    expect(operandOf(hex, 1)).toEqual({ kind: 'imm', width, value });
  });
  it('of PUSH are sign-extended to 64 bits', () => {
    expect(operandOf('6a ff')).toEqual({ kind: 'imm', width: 64, value: 0xffffffffffffffffn });
    expect(operandOf('68 00 00 00 80')).toEqual({ kind: 'imm', width: 64, value: 0xffffffff80000000n });
    expect(operandOf('66 68 00 80')).toEqual({ kind: 'imm', width: 16, value: 0x8000n });
    expect(operandOf('66 6a ff')).toEqual({ kind: 'imm', width: 16, value: 0xffffn });
  });
  it('come in the order of the operands', () => {
    expect(textOf('c8 34 12 05')).toBe('enter 0x1234, 5');
    expect(textOf('69 c3 10 00 00 00')).toBe('imul eax, ebx, 0x10');
  });
  it('relative targets are absolute and wrap at 64 bits', () => {
    expect(operandOf('eb fe')).toEqual({ kind: 'target', width: 64, value: 0x1000n });
    const back = decoder.decode(bytesOf('e8 00 00 00 80'), 0, 5, 0) as Instruction;
    expect(back.operands).toEqual([{ kind: 'target', width: 64, value: 0xffffffff80000005n }]);
  });
});

describe('choosing a row', () => {
  it('by /digit', () => {
    expect(decode('83 c8 01')).toBe('invalid');
    expect(one('83 c0 01').row.mnemonic).toBe('ADD');
  });
  it('by memory or register', () => {
    expect(textOf('0f 12 c1')).toBe('movhlps xmm0, xmm1');
    expect(textOf('0f 12 01')).toBe('movlps xmm0, qword ptr [rcx]');
  });
  it('by REX.W', () => {
    expect(one('0f c7 0b').row.mnemonic).toBe('CMPXCHG8B');
    expect(one('48 0f c7 0b').row.mnemonic).toBe('CMPXCHG16B');
    expect(decode('0f c7 cb')).toBe('invalid');
  });
  it('by a fixed ModRM byte', () => {
    expect(one('0f 01 d0').row.mnemonic).toBe('XGETBV');
    expect(decode('0f 01 d1')).toBe('invalid');
    expect(one('0f 01 1b').row.mnemonic).toBe('LIDT');
    expect(one('f3 0f 1e fa').row.mnemonic).toBe('ENDBR64');
    expect(one('f3 0f 1e fb').row.mnemonic).toBe('NOP');
    expect(one('0f 1e fa').row.mnemonic).toBe('NOP');
  });
  it('90 is NOP, F3 90 PAUSE, and XCHG R8, RAX with REX.B', () => {
    expect(textOf('90')).toBe('nop');
    expect(textOf('48 90')).toBe('nop');
    expect(textOf('f3 90')).toBe('pause');
    expect(textOf('66 90')).toBe('nop');
    expect(textOf('41 90')).toBe('xchg r8d, eax');
    expect(textOf('f3 41 90')).toBe('xchg r8d, eax');
    expect(textOf('48 91')).toBe('xchg rcx, rax');
  });
  it('an opcode without row is invalid', () => {
    expect(decode('06')).toBe('invalid');
    expect(decode('0f 04')).toBe('invalid');
    expect(decode('0f 38 ff c0')).toBe('invalid');
    expect(decode('62 f1 7c 48 10 c1')).toBe('invalid');
  });
});

describe('VEX', () => {
  it('has two and three bytes, inverted registers and vvvv', () => {
    expect(textOf('c5 f1 fe c2')).toBe('vpaddd xmm0, xmm1, xmm2');
    expect(textOf('c5 f5 fe c2')).toBe('vpaddd ymm0, ymm1, ymm2');
    expect(textOf('c4 41 31 fe c2')).toBe('vpaddd xmm8, xmm9, xmm10');
    expect(textOf('c4 a1 71 fe 04 c0')).toBe('vpaddd xmm0, xmm1, xmmword ptr [rax + r8*8]');
    expect(one('c5 f5 fe c2').vectorLength).toBe(256);
    expect(textOf('c4 e2 70 f2 c2')).toBe('andn eax, ecx, edx');
    expect(textOf('c4 e2 f0 f2 c2')).toBe('andn rax, rcx, rdx');
    expect(textOf('c4 e3 71 4b c2 30')).toBe('vblendvpd xmm0, xmm1, xmm2, xmm3');
  });
  it('is invalid behind 66, F2, F3, LOCK and REX, and with an unused vvvv', () => {
    for (const prefix of ['66', 'f2', 'f3', 'f0', '40']) expect(decode(`${prefix} c5 f1 fe c2`)).toBe('invalid');
    expect(textOf('64 c5 f1 fe 00')).toBe('vpaddd xmm0, xmm1, xmmword ptr fs:[rax]');
    expect(textOf('c5 fa 6f c1')).toBe('vmovdqu xmm0, xmm1');
    expect(decode('c5 f2 6f c1')).toBe('invalid');
    expect(decode('c4 e4 71 fe c2')).toBe('invalid');
  });
  it('names general registers by vvvv, as wide as W says', () => {
    expect(textOf('c4 e2 38 f3 c9')).toBe('blsr r8d, ecx');
    expect(textOf('c4 c2 b8 f3 09')).toBe('blsr r8, qword ptr [r9]');
    expect(textOf('c4 e2 79 f7 c1')).toBe('shlx eax, ecx, eax');
    expect(operandOf('c4 e2 38 f3 c9')).toEqual({ kind: 'reg', width: 32, register: 8, high: false });
    expect(decode('c4 e2 3c f3 c9')).toBe('invalid');
  });
  it('has index vectors, which need SIB and may have number 4', () => {
    expect(textOf('c4 e2 69 90 04 88')).toBe('vpgatherdd xmm0, dword ptr [rax + xmm1*4], xmm2');
    expect(textOf('c4 a2 6d 90 44 a7 10')).toBe('vpgatherdd ymm0, dword ptr [rdi + ymm12*4 + 0x10], ymm2');
    expect(textOf('c4 e2 ed 90 04 60')).toBe('vpgatherdq ymm0, qword ptr [rax + xmm4*2], ymm2');
    expect(textOf('c4 e2 6d 91 04 25 00 00 00 00')).toBe('vpgatherqd xmm0, dword ptr [ymm4], xmm2');
    expect(memoryOf('c4 e2 6d 90 04 e0', 1)).toMatchObject({ index: 4, scale: 8, vsib: 256, width: 32, base: 0 });
    expect(decode('c4 e2 69 90 00')).toBe('invalid');
    expect(decode('c4 e2 69 90 05 00 00 00 00')).toBe('invalid');
    expect(decode('c4 e2 69 90 c0')).toBe('invalid');
  });
});

describe('length', () => {
  it('every proper beginning of an instruction is truncated', () => {
    const whole = [
      '66 67 64 48 81 84 88 10 00 00 00 78 56 34 12',
      '48 b8 01 02 03 04 05 06 07 08',
      'a0 01 02 03 04 05 06 07 08',
      '81 05 10 00 00 00 78 56 34 12',
      'c8 01 02 03',
      '66 0f 3a 14 01 02',
      'c4 e3 71 4b c2 30',
      'eb 00',
    ];
    for (const hex of whole) {
      one(hex);
      const bytes = bytesOf(hex);
      for (let n = 0; n < bytes.length; n++) {
        expect(decoder.decode(bytes, 0, n, 0x1000), `${hex}, ${n} bytes`).toBe('truncated');
      }
    }
  });
  it('15 bytes are allowed, 16 are too long', () => {
    expect(one(`${'66 '.repeat(13)}01 d8`).length).toBe(15);
    expect(decode(`${'66 '.repeat(14)}01 d8`)).toBe('tooLong');
    expect(decode('66 '.repeat(15).trim())).toBe('tooLong');
    expect(decode('66 '.repeat(14).trim())).toBe('truncated');
    expect(decode(`${'2e '.repeat(6)}81 84 88 10 00 00 00 78 56 34 12`)).toBe('tooLong');
  });
  it('reads from the offset', () => {
    const bytes = bytesOf('ff ff 01 d8 ff');
    expect(text(decoder.decode(bytes, 2, 3, 0x1000) as Instruction)).toBe('add eax, ebx');
  });
});
