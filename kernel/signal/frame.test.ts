import { beforeEach, describe, expect, test } from 'vitest';
import { ALL_FEATURES, featuresOf, REG, RFLAGS } from '../../emulator/api.ts';
import {
  FP_XSTATE_MAGIC1,
  FP_XSTATE_MAGIC2,
  FPSTATE,
  fpuUserCfg,
  RT_SIGFRAME,
  STACK_T,
  XSTATE,
  XSTATE_HEADER,
  XSTATE_LEGACY,
  XSTATE_SSE,
  YMMH_STATE,
} from '../abi/sigframe.ts';
import { SA, SIG, SS } from '../abi/signal.ts';
import { NO_SIGNALS, setOf, toBits } from '../abi/sigset.ts';
import type { Machine } from '../machine.ts';
import { clearUser, copyFromUser, copyToUser, getUserLong, putUser32, putUser64, readStruct } from '../mm/user.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { setAltstack } from './altstack.ts';
import { setupRtFrame } from './frame.ts';
import { rtSigreturn } from './return.ts';
import { addProcess, HANDLER, handle, RESTORER, STACK_BOTTOM, STACK_SIZE, signalMachine } from './testing.ts';

let machine: Machine;
let task: Task;
const info: SigInfo = { kind: 'kill', signo: SIG.SIGUSR1, errno: 0, code: 0, pid: 77, uid: 88 };

beforeEach(() => {
  machine = signalMachine();
  task = addProcess(machine, machine.starter);
});

/** Registers with values that tell them apart. */
const fillRegisters = (rsp: number): void => {
  const { state } = machine.cpu;
  for (let n = 0; n < 16; n++) state.set(n, 0x1111111100000000n * BigInt(n) + BigInt(n));
  state.rsp = rsp;
  state.rflags = RFLAGS.CF | RFLAGS.ZF | RFLAGS.DF | RFLAGS.TF;
  state.mxcsr = 0x9fc0;
  for (let n = 0; n < 16; n++) {
    state.setVector64(n, 0, BigInt(n) << 40n);
    state.setVector64(n, 1, BigInt(n) * 3n);
    state.setVector64(n, 3, 0x72n + BigInt(n));
  }
};

const setUp = (flags: number): number => {
  handle(task, SIG.SIGUSR1, flags);
  return setupRtFrame(machine, task, info, task.sighand.action[SIG.SIGUSR1]!);
};

describe('setupRtFrame', () => {
  test('places and fills the frame', () => {
    const rsp = STACK_BOTTOM + STACK_SIZE - 0x123;
    fillRegisters(rsp);
    task.blocked = setOf(SIG.SIGHUP);
    task.trapNr = 14;
    task.errorCode = 6;
    task.cr2 = 0xdead000n;
    const frame = setUp(SA.SIGINFO);
    expect(frame % 16).toBe(8);
    const { uc, pretcode, info: written } = readStruct(task.mm, RT_SIGFRAME, frame);
    expect(pretcode).toBe(RESTORER);
    expect(uc).toMatchObject({ uc_flags: 7, uc_link: 0, uc_sigmask: setOf(SIG.SIGHUP) });
    const { fpstate } = uc.uc_mcontext;
    expect(fpstate % 64).toBe(0);
    expect(fpstate).toBeLessThanOrEqual(rsp - 128 - XSTATE.size);
    expect(fpstate).toBeGreaterThan(rsp - 128 - XSTATE.size - 64);
    expect(uc.uc_mcontext).toMatchObject({
      r8: 0x8888888800000008n,
      rdi: 0x7777777700000007n,
      rsp: BigInt(rsp),
      rip: 0x400123n,
      eflags: BigInt(RFLAGS.CF | RFLAGS.ZF | RFLAGS.DF | RFLAGS.TF | RFLAGS.fixed1 | RFLAGS.IF),
      cs: 0x33,
      ss: 0x2b,
      trapno: 14n,
      err: 6n,
      cr2: 0xdead000n,
      oldmask: toBits(setOf(SIG.SIGHUP)),
    });
    expect(written).toMatchObject({ si_signo: SIG.SIGUSR1, si_pid: 77, si_uid: 88 });
    const fp = readStruct(task.mm, FPSTATE, fpstate);
    expect(fp).toMatchObject({ cwd: 0x37f, mxcsr: 0x9fc0, mxcsr_mask: 0xffff });
    expect(fp.xmm_space[5]).toBe((15n << 64n) | (5n << 40n));
    expect(fp.sw_reserved).toMatchObject({
      magic1: FP_XSTATE_MAGIC1,
      extended_size: 836,
      xfeatures: 7n,
      xstate_size: 832,
    });
    expect(readStruct(task.mm, XSTATE_HEADER, fpstate + 512).xfeatures).toBe(7n);
    expect(readStruct(task.mm, YMMH_STATE, fpstate + 576).ymmh_space[5]).toBe(0x77n << 64n);
    expect(getUserLong(task.mm, fpstate + 832) % 2 ** 32).toBe(FP_XSTATE_MAGIC2);
  });

  test('starts the handler with clean registers', () => {
    fillRegisters(STACK_BOTTOM + STACK_SIZE - 0x100);
    const frame = setUp(SA.SIGINFO);
    const { state } = machine.cpu;
    expect([REG.rdi, REG.rsi, REG.rdx, REG.rax].map((r) => state.getNumber(r))).toEqual([
      SIG.SIGUSR1,
      frame + RT_SIGFRAME.offsets.info,
      frame + RT_SIGFRAME.offsets.uc,
      0,
    ]);
    expect([state.rip, state.rsp]).toEqual([HANDLER, frame]);
    expect(state.rflags & (RFLAGS.DF | RFLAGS.TF | RFLAGS.RF)).toBe(0);
    expect([state.mxcsr, state.vector64(5, 0)]).toEqual([0x1f80, 0n]);
  });

  test('leaves alone what Linux leaves alone', () => {
    const fill = new Uint8Array(0x1000).fill(0xa5);
    copyToUser(task.mm, STACK_BOTTOM + STACK_SIZE - 0x1000, fill);
    fillRegisters(STACK_BOTTOM + STACK_SIZE - 0x100);
    const frame = setUp(0);
    const bytes = copyFromUser(task.mm, frame, RT_SIGFRAME.size);
    const untouched = [...bytes.keys()].filter((at) => bytes[at] === 0xa5);
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
    const stack = RT_SIGFRAME.offsets.uc + 16;
    const padding = range(stack + STACK_T.offsets.ss_flags + 4, stack + STACK_T.offsets.ss_size);
    expect(untouched).toEqual([...padding, ...range(240, 304), ...range(312, 440)]);
    const { fpstate } = readStruct(task.mm, RT_SIGFRAME, frame).uc.uc_mcontext;
    const fp = copyFromUser(task.mm, fpstate, 512);
    expect([...fp.keys()].filter((at) => fp[at] === 0xa5)).toEqual(range(416, 464));
  });

  test('is the same across a page boundary', () => {
    const base = STACK_BOTTOM + STACK_SIZE;
    const at = (rsp: number) => {
      clearUser(task.mm, STACK_BOTTOM, STACK_SIZE);
      fillRegisters(rsp);
      machine.cpu.state.rip = 0x400123;
      const frame = setUp(SA.SIGINFO);
      const bytes = copyFromUser(task.mm, frame, rsp - frame);
      const view = new DataView(bytes.buffer);
      const { fpstate } = readStruct(task.mm, RT_SIGFRAME, frame).uc.uc_mcontext;
      for (const field of [200, 224]) view.setBigUint64(field - 40, 0n); // rsp and fpstate differ
      return { bytes, offset: fpstate - frame, frame };
    };
    const whole = at(base - 0x80);
    for (const rsp of [base - 0x1000 + 0x80, base - 0x1000 + 0x180, base - 0x1000 + 0x380]) {
      const split = at(rsp);
      expect(Math.floor(split.frame / 4096)).not.toBe(Math.floor(rsp / 4096));
      expect(split.offset).toBe(whole.offset);
      const differ = [...split.bytes.keys()].filter((i) => split.bytes[i] !== whole.bytes[i]);
      expect(differ.filter((i) => i < 160 || i >= 240)).toEqual([]);
    }
  });

  test('goes to the alternate stack, and not beyond it', () => {
    const stack = STACK_BOTTOM + 0x2000;
    expect(setAltstack(task, 0, stack, 0, 0x2000)).toBe(0);
    fillRegisters(STACK_BOTTOM + STACK_SIZE - 0x100);
    const frame = setUp(SA.ONSTACK);
    expect(frame).toBeGreaterThan(stack);
    expect(frame).toBeLessThan(stack + 0x2000);
    machine.cpu.state.rsp = stack + 0x200;
    expect(setUp(SA.ONSTACK)).toBe(0);
  });

  test('needs a restorer and a writable stack', () => {
    fillRegisters(STACK_BOTTOM + 0x100);
    expect(setUp(0)).toBe(0);
    fillRegisters(STACK_BOTTOM + STACK_SIZE - 0x100);
    expect(
      setupRtFrame(machine, task, info, {
        handler: HANDLER,
        flags: 0,
        restorer: 0,
        mask: NO_SIGNALS,
        immutable: false,
      }),
    ).toBe(0);
  });
});

describe('rtSigreturn', () => {
  const deliver = (): number => {
    fillRegisters(STACK_BOTTOM + STACK_SIZE - 0x100);
    const frame = setUp(SA.SIGINFO);
    machine.cpu.state.rsp = frame + 8;
    return frame;
  };
  const context = RT_SIGFRAME.offsets.uc + 40;

  test('restores everything', () => {
    fillRegisters(STACK_BOTTOM + STACK_SIZE - 0x100);
    const before = machine.cpu.state.bytes.slice();
    const { rflags } = machine.cpu.state;
    task.blocked = setOf(SIG.SIGHUP);
    const frame = setUp(SA.SIGINFO);
    task.blocked = setOf(SIG.SIGTERM);
    machine.cpu.state.rsp = frame + 8;
    rtSigreturn(machine, task);
    expect(machine.cpu.state.rflags).toBe(rflags);
    machine.cpu.state.rflags = rflags;
    const after = machine.cpu.state.bytes.slice();
    // The lazy flags may be kept in other words.
    for (const bytes of [before, after]) bytes.fill(0, 17 * 8, 20 * 8);
    expect(after).toEqual(before);
    expect(task.blocked).toEqual(setOf(SIG.SIGHUP));
    expect(task.origAx).toBe(-1);
    expect(task.pending.signal).toEqual(NO_SIGNALS);
  });

  test('takes edits, but no flag that user code may not have', () => {
    const frame = deliver();
    putUser64(task.mm, frame + context + 13 * 8, 0x1234n); // rax
    putUser64(task.mm, frame + context + 17 * 8, 0xffffffffffffffffn); // eflags
    rtSigreturn(machine, task);
    const { state } = machine.cpu;
    expect(state.get(REG.rax)).toBe(0x1234n);
    expect(state.rflags & (RFLAGS.IOPL | RFLAGS.NT | RFLAGS.VM)).toBe(0);
    expect(state.rflags & (RFLAGS.AC | RFLAGS.TF | RFLAGS.OF)).toBe(RFLAGS.AC | RFLAGS.TF | RFLAGS.OF);
  });

  const fpstateOf = (frame: number) => readStruct(task.mm, RT_SIGFRAME, frame).uc.uc_mcontext.fpstate;

  test.each<[string, (frame: number) => void]>([
    ['reserved bits of mxcsr', (frame) => putUser32(task.mm, fpstateOf(frame) + 24, 0xffff0000)],
    ['an unknown component', (frame) => putUser64(task.mm, fpstateOf(frame) + 512, 0x83n)],
    ['a compacted header', (frame) => putUser64(task.mm, fpstateOf(frame) + 520, 1n << 63n)],
    ['a floating-point state that is not there', (frame) => putUser64(task.mm, frame + context + 184, 0x1000n)],
    ['a misaligned one', (frame) => putUser64(task.mm, frame + context + 184, BigInt(fpstateOf(frame) + 8))],
    ['a code segment of the kernel', (frame) => putUser32(task.mm, frame + context + 144, 0x10)],
    ['a rip that is not canonical', (frame) => putUser64(task.mm, frame + context + 128, 1n << 47n)],
  ])('refuses %s', (_what, spoil) => {
    const frame = deliver();
    spoil(frame);
    rtSigreturn(machine, task);
    expect(task.pending.queue).toMatchObject([{ signo: SIG.SIGSEGV, code: 0x80 }]);
  });

  test('refuses a frame that is not there', () => {
    machine.cpu.state.rsp = 0x1000;
    rtSigreturn(machine, task);
    expect(task.pending.queue).toMatchObject([{ signo: SIG.SIGSEGV, code: 0x80 }]);
    expect(machine.cpu.state.get(REG.rax)).toBe(0n);
  });

  test('without magic numbers restores the legacy area alone', () => {
    const frame = deliver();
    putUser32(task.mm, fpstateOf(frame) + 464, 0);
    putUser64(task.mm, fpstateOf(frame) + 512, 0xffffn); // not looked at
    rtSigreturn(machine, task);
    expect(task.pending.signal).toEqual(NO_SIGNALS);
    expect(machine.cpu.state.vector64(5, 0)).toBe(5n << 40n);
  });

  test.each<[string, (frame: number) => void, bigint[]]>([
    ['an edited high half', (frame) => putUser64(task.mm, fpstateOf(frame) + 576 + 80, 0xabcn), [5n << 40n, 0xabcn]],
    ['no AVX in XSTATE_BV', (frame) => putUser64(task.mm, fpstateOf(frame) + 512, 3n), [5n << 40n, 0n]],
    ['AVX alone in XSTATE_BV', (frame) => putUser64(task.mm, fpstateOf(frame) + 512, 4n), [0n, 0n]],
    ['no AVX in xfeatures', (frame) => putUser64(task.mm, fpstateOf(frame) + 472, 3n), [5n << 40n, 0n]],
    ['no magic', (frame) => putUser32(task.mm, fpstateOf(frame) + 464, 0), [5n << 40n, 0n]],
    [
      'the compacted format',
      (frame) => putUser64(task.mm, fpstateOf(frame) + 520, (1n << 63n) | 7n),
      [5n << 40n, 0n, 0x77n],
    ],
  ])('restores high halves by what the frame says: %s', (_what, edit, [low, high, top]) => {
    const frame = deliver();
    edit(frame);
    rtSigreturn(machine, task);
    const { state } = machine.cpu;
    expect(task.pending.signal).toEqual(NO_SIGNALS);
    expect([state.vector64(5, 0), state.vector64(5, 2)]).toEqual([low, high]);
    if (top !== undefined) expect(state.vector64(5, 3)).toBe(top);
  });

  test('a null pointer for it means the initial state', () => {
    const frame = deliver();
    putUser64(task.mm, frame + context + 184, 0n);
    rtSigreturn(machine, task);
    expect([machine.cpu.state.mxcsr, machine.cpu.state.vector64(5, 0)]).toEqual([0x1f80, 0n]);
  });

  test('re-arms an alternate stack that disarmed itself', () => {
    setAltstack(task, 0, STACK_BOTTOM, SS.AUTODISARM, 0x4000);
    const frame = deliver();
    task.altstack = { sp: 0, size: 0, flags: SS.DISABLE };
    expect(getUserLong(task.mm, frame + RT_SIGFRAME.offsets.uc + 16)).toBe(STACK_BOTTOM);
    rtSigreturn(machine, task);
    expect(task.altstack).toEqual({ sp: STACK_BOTTOM, size: 0x4000, flags: SS.AUTODISARM });
  });
});

describe.each([
  [
    'AVX',
    new Set([...ALL_FEATURES].filter((name) => name !== 'AVX')),
    XSTATE_SSE,
    7,
    { xfeatures: 3n, xstate_size: 576 },
  ],
  ['XSAVE', featuresOf('v2'), XSTATE_LEGACY, 6, { xfeatures: 0n, xstate_size: 512 }],
] as const)('without %s', (_name, features, layout, ucFlags, sw) => {
  beforeEach(() => {
    machine = signalMachine(features);
    task = addProcess(machine, machine.starter);
  });

  test('frames are smaller, say so, and are restored', () => {
    const rsp = STACK_BOTTOM + STACK_SIZE - 0x100;
    clearUser(task.mm, STACK_BOTTOM, STACK_SIZE);
    fillRegisters(rsp);
    const frame = setUp(SA.SIGINFO);
    const { uc } = readStruct(task.mm, RT_SIGFRAME, frame);
    const { fpstate } = uc.uc_mcontext;
    expect(uc.uc_flags).toBe(ucFlags);
    expect(fpstate).toBe(Math.floor((rsp - 128 - layout.size) / 64) * 64);
    expect(readStruct(task.mm, FPSTATE, fpstate).sw_reserved).toMatchObject({
      magic1: FP_XSTATE_MAGIC1,
      extended_size: sw.xstate_size + 4,
      ...sw,
    });
    expect(fpuUserCfg(features).maxFrameSize).toBeLessThan(fpuUserCfg(ALL_FEATURES).maxFrameSize);
    machine.cpu.state.rsp = frame + 8;
    rtSigreturn(machine, task);
    expect(task.pending.signal).toEqual(NO_SIGNALS);
    expect(machine.cpu.state.vector64(5, 0)).toBe(5n << 40n);
    expect(machine.cpu.state.mxcsr).toBe(0x9fc0);
  });
});
