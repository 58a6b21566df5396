/**
 * The bytes of a signal frame, every one with a label: `struct rt_sigframe` and the extended state from their one
 * declaration each in `kernel/abi/sigframe.ts`, and between and behind them what the ABI leaves free.
 */
import { type LayoutLine, type StructType, type Type, walkLayout } from '../../kernel/abi/layout.ts';
import { type FpuUserCfg, RED_ZONE, RT_SIGFRAME } from '../../kernel/abi/sigframe.ts';
import { siginfoStruct } from '../../kernel/abi/siginfo.ts';
import type { ByteKind, ByteLine } from './facts.ts';

/** A frame in memory, and what there is to know of it besides its bytes. */
export interface FrameBytes {
  /** From the frame's start to its end. */
  readonly bytes: Uint8Array;
  readonly address: number;
  /** Offset of the extended state; null if the frame has none. */
  readonly fpstateAt: number | null;
  /** What it has on this processor. */
  readonly xstate: FpuUserCfg['layout'];
  /** Offset of the interrupted rsp; null if the frame is on an alternate stack, where no red zone ends it. */
  readonly rspAt: number | null;
  /** The handler has SA_SIGINFO: `info` was written. */
  readonly siginfo: boolean;
  readonly signo: number;
  readonly code: number;
}

/** Says a field's value and meaning better than its type can. */
export type Explain = (line: LayoutLine, bytes: DataView) => { readonly value: string; readonly meaning: string };

/** Fields which the kernel does not write (arch/x86/kernel/signal_64.c, XSAVE). */
const UNWRITTEN = /^(uc\.uc_mcontext\.reserved1|fpstate\.reserved2)\[/;
const STALE = 'not written by the kernel: what was on the stack';

const hexBytes = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** rt_sigframe with the member of siginfo's union which this signal fills. */
const frameStruct = (signo: number, code: number): Type<unknown> => {
  const fields = RT_SIGFRAME.fields.map((field) =>
    field.name === 'info' ? { ...field, type: siginfoStruct(signo, code) as Type<unknown> } : field,
  );
  return { ...(RT_SIGFRAME as StructType<unknown>), fields } as Type<unknown>;
};

/** Labels every byte, in order of address, without gaps. */
export const labelBytes = (frame: FrameBytes, explain: Explain): ByteLine[] => {
  const { bytes, address, fpstateAt, xstate, rspAt } = frame;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const lines: ByteLine[] = [];
  let end = 0;
  const add = (kind: ByteKind, path: string, offset: number, size: number, value: string, meaning: string): void => {
    if (offset !== end || size <= 0) throw new Error(`byte ${offset} of the frame follows byte ${end}`);
    end = offset + size;
    const raw = hexBytes(bytes.subarray(offset, end));
    lines.push({ kind, offset, size, address: BigInt(address + offset), path, value, meaning, bytes: raw });
  };
  /** Names what lies before `offset`, if anything does. */
  const fill = (kind: ByteKind, offset: number, meaning: string): void => {
    if (offset > end) add(kind, '', end, offset - end, '', meaning);
  };
  const addStruct = (type: Type<unknown>, base: number, stop: number): void => {
    for (const line of walkLayout(type, view, base)) {
      const offset = base + line.offset;
      if (offset >= stop) break;
      fill('padding', offset, STALE);
      if (UNWRITTEN.test(line.path)) {
        add('unwritten', line.path, offset, line.size, line.text, STALE);
      } else {
        const { value, meaning } = explain(line, view);
        add('field', line.path, offset, line.size, value, meaning);
      }
    }
  };

  const infoAt = RT_SIGFRAME.offsets.info;
  addStruct(frameStruct(frame.signo, frame.code), 0, frame.siginfo ? RT_SIGFRAME.size : infoAt);
  if (!frame.siginfo) {
    add(
      'unwritten',
      'info',
      infoAt,
      RT_SIGFRAME.size - infoAt,
      '',
      'not written: the handler was set without SA_SIGINFO',
    );
  }
  if (fpstateAt !== null) {
    fill('alignment', fpstateAt, 'so that the extended state begins at a multiple of 64');
    addStruct(xstate as Type<unknown>, fpstateAt, bytes.length);
  }
  if (rspAt === null) {
    fill('alignment', bytes.length, 'up to the top of the alternate stack');
  } else {
    fill('alignment', rspAt - RED_ZONE, 'left below the red zone by the alignment of the extended state');
    add('red zone', '', end, rspAt - end, '', 'belongs to the interrupted function, which may keep data below its rsp');
  }
  return lines;
};
