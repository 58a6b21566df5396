import { describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../emulator/api.ts';
import { AUX } from '../abi/auxv.ts';
import { EM, ET, PF, PT } from '../abi/elf.ts';
import { ERRNO } from '../abi/errno.ts';
import { mmPut } from '../mm/mm.ts';
import { leakedFrames, type TestMachine } from '../mm/testing.ts';
import { copyFromUser, getUser8, getUserLong, putUser8, readCString, UserFault } from '../mm/user.ts';
import { VM, vmaAt } from '../mm/vma.ts';
import { startProgram } from './exec.ts';
import { BSS_BYTES, DATA, DATA_BYTES, emptyMm, execMachine, putTestFile, TEXT, testElf } from './testing.ts';

const run = (machine: TestMachine, elf: Uint8Array, argv = ['prog'], envp: string[] = []): number => {
  putTestFile(machine, '/prog', elf);
  return startProgram(machine.kernel, machine.task, '/prog', argv, envp);
};

describe('the ELF loader', () => {
  it('maps segments, zeroes what the file does not have, and puts the heap behind', () => {
    const machine = execMachine();
    expect(run(machine, testElf())).toBe(0);
    const { mm } = machine.task;
    expect(machine.kernel.cpu.state.rip).toBe(TEXT);
    expect(getUser8(mm, TEXT)).toBe(0x90);
    expect(() => putUser8(mm, TEXT, 1)).toThrow(UserFault);
    expect(getUser8(mm, DATA + DATA_BYTES - 1)).toBe(0xdd);
    const bss = copyFromUser(mm, DATA + DATA_BYTES, BSS_BYTES);
    expect(bss.every((byte) => byte === 0)).toBe(true);
    putUser8(mm, DATA + DATA_BYTES + BSS_BYTES - 1, 1);
    expect(mm.brk).toBe(0x406000);
    expect(vmaAt(mm, TEXT)!.flags & (VM.READ | VM.WRITE | VM.EXEC)).toBe(VM.READ | VM.EXEC);
  });

  it('lays the stack out as the ABI says', () => {
    const machine = execMachine();
    expect(run(machine, testElf(), ['prog', 'one', ''], ['A=1', 'B=22'])).toBe(0);
    const { mm } = machine.task;
    const { rsp } = machine.kernel.cpu.state;
    expect(rsp % 16).toBe(0);
    expect(getUserLong(mm, rsp)).toBe(3);
    const text = (address: number) => readCString(mm, getUserLong(mm, address), 100);
    expect([1, 2, 3].map((n) => text(rsp + n * 8))).toEqual(['prog', 'one', '']);
    expect(getUserLong(mm, rsp + 32)).toBe(0);
    expect([5, 6].map((n) => text(rsp + n * 8))).toEqual(['A=1', 'B=22']);
    expect(getUserLong(mm, rsp + 56)).toBe(0);
    const aux = new Map<number, number>();
    for (let at = rsp + 64; ; at += 16) {
      aux.set(getUserLong(mm, at), getUserLong(mm, at + 8));
      if (getUserLong(mm, at) === AUX.NULL) break;
    }
    expect(aux.get(AUX.PHDR)).toBe(0x400040);
    expect(aux.get(AUX.PHNUM)).toBe(4);
    expect(aux.get(AUX.ENTRY)).toBe(TEXT);
    expect(readCString(mm, aux.get(AUX.EXECFN)!, 100)).toBe('/prog');
    expect(readCString(mm, aux.get(AUX.PLATFORM)!, 100)).toBe('x86_64');
    expect(copyFromUser(mm, aux.get(AUX.RANDOM)!, 16)).toEqual(new Uint8Array(16).fill(0xa5));
    expect(vmaAt(mm, rsp)!.end).toBe(0x7ffffffff000);
    expect(readCString(mm, 0x7ffffffff000 - 8 - 6, 10)).toBe('/prog');
  });

  it('places a position-independent program at the top of the mappings, its heap at the bottom', () => {
    const machine = execMachine();
    const elf = testElf({ e_type: ET.DYN, e_entry: 0x1000 }, [
      { p_vaddr: 0 },
      { p_vaddr: 0x1000 },
      { p_vaddr: 0x2f00 },
    ]);
    expect(run(machine, elf)).toBe(0);
    const { mm } = machine.task;
    const base = mm.mmapBase - 0x6000;
    expect(machine.kernel.cpu.state.rip).toBe(base + 0x1000);
    expect(getUser8(mm, base + 0x2f00)).toBe(0xdd);
    expect(mm.brk).toBe(0x555555555000);
  });

  it('aligns a position-independent program as its segments ask', () => {
    const machine = execMachine();
    const aligned = { p_align: 0x200000 };
    const elf = testElf({ e_type: ET.DYN, e_entry: 0x1000 }, [
      { p_vaddr: 0, ...aligned },
      { p_vaddr: 0x1000, ...aligned },
      { p_vaddr: 0x2f00, ...aligned },
    ]);
    expect(run(machine, elf)).toBe(0);
    expect((machine.kernel.cpu.state.rip - 0x1000) % 0x200000).toBe(0);
  });

  it('makes the stack executable only when the program asks', () => {
    for (const [p_flags, executable] of [
      [PF.R | PF.W, 0],
      [PF.R | PF.W | PF.X, VM.EXEC],
    ] as const) {
      const machine = execMachine();
      expect(run(machine, testElf({}, [{}, {}, {}, { p_flags }]))).toBe(0);
      expect(vmaAt(machine.task.mm, 0x7fffffffe000)!.flags & VM.EXEC).toBe(executable);
    }
  });

  it('refuses what is no program for it', () => {
    const machine = execMachine();
    const cases: [string, Uint8Array, number][] = [
      ['empty', new Uint8Array(0), ERRNO.ENOEXEC],
      ['text', Uint8Array.from('hello', (c) => c.charCodeAt(0)), ERRNO.ENOEXEC],
      ['magic only', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46), ERRNO.ENOEXEC],
      ['object file', testElf({ e_type: ET.REL }), ERRNO.ENOEXEC],
      ['32-bit machine', testElf({ e_machine: EM.I386 }), ERRNO.ENOEXEC],
      ['other machine', testElf({ e_machine: EM.AARCH64 }), ERRNO.ENOEXEC],
      ['no segments', testElf({ e_phnum: 0 }), ERRNO.ENOEXEC],
      ['too many segments', testElf({ e_phnum: 1171 }), ERRNO.ENOEXEC],
      ['wrong size of headers', testElf({ e_phentsize: 32 }), ERRNO.ENOEXEC],
      ['headers beyond the end', testElf({ e_phoff: 0x10000 }), ERRNO.ENOEXEC],
      ['headers far beyond', testElf({ e_phoff: 2 ** 63 }), ERRNO.ENOEXEC],
      ['overlong interpreter', testElf({}, [{}, {}, {}, { p_type: PT.INTERP, p_filesz: 5000 }]), ERRNO.ENOEXEC],
      [
        'interpreter beyond the end',
        testElf({}, [{}, {}, {}, { p_type: PT.INTERP, p_offset: 0x2ffe, p_filesz: 20 }]),
        ERRNO.EIO,
      ],
    ];
    for (const [what, elf, errno] of cases) expect([what, run(machine, elf)]).toEqual([what, -errno]);
  });

  describe('with a dynamic linker', () => {
    const NAME = '/ld.so';
    /** A program, position-independent or not, that names `NAME`. */
    const dynamic = (type: number): Uint8Array => {
      const at = type === ET.DYN ? 0x400000 : 0;
      const elf = testElf({ e_type: type, e_entry: TEXT - at }, [
        { p_vaddr: 0x400000 - at },
        { p_vaddr: TEXT - at },
        { p_vaddr: DATA - at },
        { p_type: PT.INTERP, p_offset: 0x2000, p_filesz: NAME.length + 1 },
      ]);
      elf.set(
        Uint8Array.from(`${NAME}\0`, (c) => c.charCodeAt(0)),
        0x2000,
      );
      return elf;
    };
    const linker = (header = {}): Uint8Array =>
      testElf({ e_type: ET.DYN, e_entry: 0x1000, ...header }, [
        { p_vaddr: 0 },
        { p_vaddr: 0x1000 },
        { p_vaddr: 0x2f00 },
      ]);
    const withLinker = (bytes: Uint8Array, mode = 0o755): TestMachine => {
      const machine = execMachine();
      putTestFile(machine, NAME, bytes, mode);
      return machine;
    };
    const auxOf = (machine: TestMachine): Map<number, number> => {
      const { mm } = machine.task;
      const view = new DataView(mm.auxv.buffer, mm.auxv.byteOffset, mm.auxv.length);
      const aux = new Map<number, number>();
      for (let at = 0; at < mm.auxv.length; at += 16) {
        aux.set(Number(view.getBigUint64(at, true)), Number(view.getBigUint64(at + 8, true)));
      }
      return aux;
    };

    it('starts that, which finds program and itself in the auxiliary vector', () => {
      for (const [type, program] of [
        [ET.EXEC, 0x400000],
        [ET.DYN, 0x555555554000],
      ] as const) {
        const machine = withLinker(linker());
        expect(run(machine, dynamic(type))).toBe(0);
        const { mm } = machine.task;
        const base = mm.mmapBase - 0x6000;
        expect(machine.kernel.cpu.state.rip).toBe(base + 0x1000);
        const aux = auxOf(machine);
        expect(aux.get(AUX.BASE)).toBe(base);
        expect(aux.get(AUX.ENTRY)).toBe(program + 0x1000);
        expect(aux.get(AUX.PHDR)).toBe(program + 64);
        expect(getUser8(mm, program + 0x2f00)).toBe(0xdd);
        expect(getUser8(mm, base + 0x2f00)).toBe(0xdd);
        // The heap follows the program.
        expect(mm.brk).toBe(program + 0x6000);
        expect(mm.startCode).toBe(program + 0x1000);
      }
    });

    it('refuses a linker that is none, with the errors of Linux', () => {
      const cases: [string, TestMachine, number][] = [
        ['none', execMachine(), ERRNO.ENOENT],
        ['not executable', withLinker(linker(), 0o644), ERRNO.EACCES],
        ['shorter than a header', withLinker(linker().subarray(0, 60)), ERRNO.EIO],
        ['text', withLinker(new Uint8Array(100).fill(0x20)), ERRNO.ELIBBAD],
        ['of another machine', withLinker(linker({ e_machine: EM.AARCH64 })), ERRNO.ELIBBAD],
        ['without segments', withLinker(linker({ e_phnum: 0 })), ERRNO.ELIBBAD],
      ];
      for (const [what, machine, errno] of cases) {
        expect([what, run(machine, dynamic(ET.DYN))]).toEqual([what, -errno]);
        // The old program goes on.
        expect(machine.task.mm.exeFile).toBe(null);
      }
    });

    it('is killed by one that cannot be mapped', () => {
      const machine = withLinker(linker({ e_type: ET.REL }));
      expect(run(machine, dynamic(ET.DYN))).toBe(-ERRNO.EPERM);
      expect(machine.task.mm.exeFile).not.toBe(null);
    });
  });

  it('starts no program whose segments make no sense', () => {
    const bad: Parameters<typeof testElf>[] = [
      [{}, [{}, {}, { p_offset: 0x2f01 }]],
      [{}, [{}, {}, { p_filesz: 0x100, p_memsz: 0x80 }]],
      [{}, [{}, {}, { p_memsz: 2 ** 47 }]],
      [{}, [{}, {}, { p_vaddr: 2 ** 47 + 0xf00 }]],
      [{}, [{}, {}, { p_vaddr: 2 ** 63 + 0x1000, p_offset: 0x2000 }]],
      [{ e_entry: 2 ** 47 }],
      [{ e_type: ET.DYN }, [{ p_memsz: 2 ** 63 }]],
    ];
    for (const arguments_ of bad) {
      const machine = execMachine();
      expect(run(machine, testElf(...arguments_))).toBeLessThan(0);
    }
  });
});

/** Small, fast, seeded: mutations must be the same in every run. */
const generator = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * below);
  };
};

const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0x10, 0xf0];

describe('mutated programs', () => {
  it('are loaded or refused, and never throw, in 2,000 ways; all frames come back', () => {
    const machine = execMachine(32 << 20);
    const { kernel, task } = machine;
    mmPut(task.mm);
    const base = leakedFrames(machine);
    const random = generator(42);
    const results = new Map<number, number>();
    for (let round = 0; round < 2000; round++) {
      const dynamic = random(2) === 0;
      const elf = dynamic
        ? testElf({ e_type: ET.DYN, e_entry: 0x1000 }, [{ p_vaddr: 0 }, { p_vaddr: 0x1000 }, { p_vaddr: 0x2f00 }])
        : testElf();
      const mutations = 1 + random(6);
      for (let n = 0; n < mutations; n++) {
        // Mostly program headers, sometimes the ELF header.
        const at = random(4) === 0 ? random(64) : 64 + random(56 * 4);
        elf[at] = random(2) === 0 ? INTERESTING[random(INTERESTING.length)]! : random(256);
      }
      const cut = random(10) === 0 ? elf.subarray(0, random(elf.length)) : elf;
      emptyMm(machine);
      const result = run(machine, cut);
      results.set(result, (results.get(result) ?? 0) + 1);
      if (result === 0) {
        // Whatever was mapped can be looked at.
        for (const vma of task.mm.vmas) {
          for (const address of [vma.start, vma.end - PAGE_SIZE]) {
            try {
              getUser8(task.mm, address);
            } catch (error) {
              if (!(error instanceof UserFault)) throw error;
            }
          }
        }
      }
      mmPut(task.mm);
      expect([round, leakedFrames(machine)]).toEqual([round, base]);
    }
    // Both outcomes are well represented, or the mutations prove nothing.
    expect(results.get(0)).toBeGreaterThan(200);
    expect(results.get(-ERRNO.ENOEXEC)).toBeGreaterThan(200);
    expect(results.get(-ERRNO.EINVAL)).toBeGreaterThan(50);
    expect(kernel.tasks.size).toBe(1);
  });
});
