/** What regions look like: snippets of the guest's code with the WebAssembly made of them, in `golden/`. */
import { describe, expect, it } from 'vitest';
import { createCpu, PAGE_SIZE, PageTable, PhysicalMemory, PTE } from '../api.ts';

const CODE = 0x400000;

/** By name: the code in hexadecimal. All of it is translated from its first byte on. */
const SNIPPETS: Readonly<Record<string, string>> = {
  'add-registers': '48 01 d8 c3',
  'add-narrow': '66 01 d8 00 e3 c3',
  'add-memory': '48 01 03 c3',
  'compare-and-branch': '39 d8 72 02 31 c0 c3',
  'test-and-branch': '85 c0 74 02 ff c0 c3',
  'compare-signed': '48 39 d8 7c 03 48 89 d8 c3',
  'set-on-condition': '39 d8 0f 9e c0 c3',
  'conditional-move': '48 39 d8 48 0f 42 c3 c3',
  'carry-chain': '48 01 d8 48 11 ca c3',
  'increment-keeps-carry': '01 d8 ff c1 72 01 90 c3',
  'dead-flags': '01 d8 29 cb 31 d2 c3',
  'flags-in-use-at-a-load': '01 d8 8b 0b 31 d2 c3',
  'shift-by-immediate': 'c1 e0 05 c3',
  'shift-by-register': 'd3 e0 c3',
  rotate: 'c1 c8 07 c3',
  multiply: '48 0f af c3 48 f7 e1 c3',
  divide: 'f7 f1 c3',
  'load-and-store': '8b 43 08 89 44 8b 10 c3',
  'load-bytes': '0f b6 03 0f be 4b 01 c3',
  'high-bytes': '88 e3 00 df c3',
  'push-and-pop': '50 5b c3',
  loop: 'ff c9 75 fc c3',
  'loop-that-stores': 'c6 04 01 01 48 01 d0 48 39 f8 7e f4 c3',
  'loop-over-a-string': '8a 01 48 ff c1 84 c0 75 f7 c3',
  'nested-loops': 'b9 0a 00 00 00 ff c8 75 fc ff ca 75 f4 c3',
  'two-ways-that-meet': '85 c0 74 04 ff c1 eb 02 ff c9 89 c8 c3',
  'two-entries-of-a-loop': '85 c0 74 02 ff c1 ff ca 75 fa c3',
  'call-and-return': 'e8 01 00 00 00 c3 ff c0 c3',
  recursion: 'ff c8 74 05 e8 f7 ff ff ff c3',
  'indirect-jump': 'ff 24 c3',
  'string-move': 'f3 48 a5 c3',
  'string-compare': 'f3 a6 c3',
  'vector-logic': '66 0f ef c1 66 0f fe c2 c3',
  'vector-load': '0f 10 03 0f 11 43 10 c3',
  'double-add': 'f2 0f 58 c1 c3',
  'double-sum': 'f2 0f 10 07 f2 0f 59 06 f2 0f 58 c1 f2 0f 11 07 66 0f 28 d0 c3',
  'double-compare': '66 0f 2e c1 77 01 90 c3',
  'float-multiply': 'f3 0f 59 03 c3',
  'vector-shuffle': '66 0f 70 c1 1b 66 0f 38 00 c2 c3',
  'vector-double': '66 0f 58 c1 66 0f 59 c2 c3',
  'avx-integer': 'c5 f5 fe c2 c3',
  'avx-double': 'c5 f5 58 03 c3',
  'avx-clear-uppers': 'c5 f5 fe 03 c5 f8 77 ff c9 75 f5 c3',
  'avx-load-and-store': 'c5 fe 6f 03 c5 fe 7f 43 20 c3',
  'atomic-add': 'f0 48 0f c1 03 c3',
  'compare-exchange': 'f0 48 0f b1 0b c3',
  exchange: '48 87 03 c3',
  'invalid-instruction': '01 d8 0f 0b',
  'breakpoint-instruction': '01 d8 cc c3',
  'two-stores-that-may-fault': '48 89 03 48 89 4b 10 c3',
  'string-fill': 'f3 aa c3',
  'bit-scan': '48 0f bc c3 c3',
  'double-shift': '48 0f a4 d8 05 c3',
  'flags-to-stack': '01 d8 9c 58 c3',
  'counted-loop': 'e2 fe c3',
  'system-call': '01 d8 0f 05',
  helper: '0f a2 c3',
  segment: '64 48 8b 04 25 28 00 00 00 c3',
};

const translate = (code: string): string => {
  const physical = new PhysicalMemory(32 << 20);
  let text = '';
  const cpu = createCpu('jit', {
    physical,
    timestamp: () => 0n,
    random64: () => 0n,
    jit: {
      threshold: 0,
      observer: {
        translated: (entry, guest, wasm) => {
          if (entry === CODE) text = `${guest}\n${wasm}`;
        },
        interpreted: () => {},
        left: () => {},
      },
    },
  });
  const table = new PageTable(physical);
  const frame = physical.alloc();
  table.map(CODE, frame, PTE.write, true);
  physical.u8.set(
    code.split(' ').map((byte) => Number.parseInt(byte, 16)),
    frame * PAGE_SIZE,
  );
  cpu.switchAddressSpace(table.root);
  cpu.state.rip = CODE;
  cpu.run(1);
  return text;
};

describe('regions', () => {
  it.each(Object.entries(SNIPPETS))('%s', async (name, code) => {
    await expect(translate(code)).toMatchFileSnapshot(`golden/${name}.txt`);
  });
});
