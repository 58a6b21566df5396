/** What tests of execve need: a machine with an empty tree of files and one process, and a small ELF program to write into it. */

import { ELFCLASS64, ELFMAG, Elf64_Ehdr, Elf64_Phdr, EM, ET, PF, PT } from '../abi/elf.ts';
import { AT, O } from '../abi/fcntl.ts';
import { fput } from '../fs/inode.ts';
import { mountRoot, newFsContext } from '../fs/mounts.ts';
import { openPath } from '../fs/open.ts';
import type { OpenFile } from '../fs/types.ts';
import { newIpcNamespace } from '../ipc/namespace.ts';
import { memoryHost } from '../memory-host.ts';
import { KernelBuffer } from '../mm/iov.ts';
import { newMm } from '../mm/mm.ts';
import { type TestMachine, testMachine } from '../mm/testing.ts';
import { newNetState } from '../net/namespace.ts';
import { newObservers } from '../observers.ts';
import { newSigHand } from '../signal/action.ts';
import { userCredentials } from '../task/capability.ts';
import { timerQueue } from '../task/timers.ts';
import { defaultLimits, linkTask, newGroup, newTask } from './create.ts';

/** A machine whose current task, root, has an empty address space. */
export const execMachine = (bytes = 64 << 20): TestMachine => {
  const machine = testMachine(bytes);
  const { kernel } = machine;
  let seconds = 1_000_000_000n;
  Object.assign(kernel, {
    host: memoryHost(),
    observers: newObservers(),
    runQueue: [],
    timers: timerQueue(),
    futexes: new Map(),
    sigqueueRoom: { uid: 0, limit: 0, left: 0 },
    ipc: newIpcNamespace(),
    net: newNetState(),
    hostname: 'test',
    limits: { maxTasks: 100, fileBytes: 1 << 30 },
    fileBytes: 0,
    realtime: () => ++seconds * 1_000_000_000n,
    coarseRealtime: () => ++seconds * 1_000_000_000n,
    now: () => 0,
    account: () => {},
    wake: () => {},
    sleep: () => {},
    fatalSignalPending: () => false,
  });
  const task = newTask(kernel, {
    pid: 1,
    comm: 'test',
    executable: '',
    group: newGroup(1, { pgid: 1, sid: 1, sessionLeader: true, rlimits: defaultLimits() }),
    parent: null,
    mm: machine.mm,
    files: { entries: [] },
    fs: undefined as never,
    sighand: newSigHand(),
    cred: userCredentials(0, 0),
  });
  machine.task = kernel.current = task;
  Object.assign(kernel, { init: task });
  linkTask(kernel, task);
  mountRoot(kernel, {});
  newFsContext(kernel, task);
  return machine;
};

/** Writes a file, new or not, and sets its permissions. */
export const putTestFile = (machine: TestMachine, path: string, bytes: Uint8Array, mode = 0o755): void => {
  const { kernel, task } = machine;
  const file = openPath(kernel, task, AT.FDCWD, path, O.WRONLY | O.CREAT | O.TRUNC, mode) as OpenFile;
  if (typeof file === 'number') throw new Error(`cannot create ${path}: ${file}`);
  file.ops.write!(kernel, task, file, new KernelBuffer(bytes), 0);
  file.inode.ops.setAttributes!(kernel, file.inode, { mode });
  fput(kernel, file);
};

/** Gives the task an empty address space again and frees the one it has. */
export const emptyMm = (machine: TestMachine): void => {
  const { kernel, task } = machine;
  task.mm = newMm(kernel);
  kernel.cpu.switchAddressSpace(task.mm.pageTable.root);
};

type Ehdr = Partial<ReturnType<typeof Elf64_Ehdr.read>>;
type Phdr = Partial<ReturnType<typeof Elf64_Phdr.read>>;

export const TEXT = 0x401000;
export const DATA = 0x402f00;
export const DATA_BYTES = 0x100;
export const BSS_BYTES = 0x3000;

/** A program with text and data segments, 2 MiB apart from nothing: every byte of data is 0xdd, of text 0x90. */
export const testElf = (header: Ehdr = {}, changes: readonly Phdr[] = []): Uint8Array => {
  const bytes = new Uint8Array(0x3000);
  const view = new DataView(bytes.buffer);
  bytes.fill(0x90, 0x1000, 0x1100);
  bytes.fill(0xdd, 0x2f00, 0x3000);
  const base: Phdr[] = [
    { p_type: PT.LOAD, p_flags: PF.R, p_offset: 0, p_vaddr: 0x400000, p_filesz: 0x1e8, p_memsz: 0x1e8, p_align: 4096 },
    {
      p_type: PT.LOAD,
      p_flags: PF.R | PF.X,
      p_offset: 0x1000,
      p_vaddr: TEXT,
      p_filesz: 0x100,
      p_memsz: 0x100,
      p_align: 4096,
    },
    {
      p_type: PT.LOAD,
      p_flags: PF.R | PF.W,
      p_offset: 0x2f00,
      p_vaddr: DATA,
      p_filesz: DATA_BYTES,
      p_memsz: DATA_BYTES + BSS_BYTES,
      p_align: 4096,
    },
    { p_type: PT.GNU_STACK, p_flags: PF.R | PF.W, p_align: 16 },
  ];
  const phdrs = base.map((phdr, n) => ({ ...phdr, ...changes[n] }));
  Elf64_Ehdr.write(view, 0, {
    e_ident: [...ELFMAG, ELFCLASS64, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    e_type: ET.EXEC,
    e_machine: EM.X86_64,
    e_version: 1,
    e_entry: TEXT,
    e_phoff: 64,
    e_ehsize: 64,
    e_phentsize: Elf64_Phdr.size,
    e_phnum: phdrs.length,
    ...header,
  });
  for (const [n, phdr] of phdrs.entries()) Elf64_Phdr.write(view, 64 + n * Elf64_Phdr.size, phdr);
  return bytes;
};
