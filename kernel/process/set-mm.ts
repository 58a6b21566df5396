/** prctl(PR_SET_MM): what /proc shows of an address space is changed by who restores it (kernel/sys.c; prctl(2)). */
import { USER_END } from '../../emulator/api.ts';
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { PRCTL_MM_MAP, SAVED_AUXV_SIZE, SET_MM } from '../abi/process.ts';
import { RLIMIT } from '../abi/resource.ts';
import { S } from '../abi/stat.ts';
import { getFile } from '../fs/descriptors.ts';
import { MAY, permitted } from '../fs/inode.ts';
import type { Kernel } from '../kernel.ts';
import { isOpenForWriting } from '../mm/exe.ts';
import { MMAP_MIN_ADDR } from '../mm/fault.ts';
import { rlimit } from '../mm/limits.ts';
import type { Mm } from '../mm/mm.ts';
import { putFile } from '../mm/pages.ts';
import { copyFromUser, putUser32, readStruct } from '../mm/user.ts';
import { findVma } from '../mm/vma.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';

/** The places, in the order of struct prctl_mm_map. */
const PLACES = [
  ...(['startCode', 'endCode', 'startData', 'endData', 'startBrk', 'brk', 'startStack'] as const),
  ...(['argStart', 'argEnd', 'envStart', 'envEnd'] as const),
] as const;
type Places = Record<(typeof PLACES)[number], number>;

/** Which one a sub-option sets. */
const PLACE_OF: Readonly<Record<number, keyof Places>> = {
  [SET_MM.START_CODE]: 'startCode',
  [SET_MM.END_CODE]: 'endCode',
  [SET_MM.START_DATA]: 'startData',
  [SET_MM.END_DATA]: 'endData',
  [SET_MM.START_STACK]: 'startStack',
  [SET_MM.START_BRK]: 'startBrk',
  [SET_MM.BRK]: 'brk',
  [SET_MM.ARG_START]: 'argStart',
  [SET_MM.ARG_END]: 'argEnd',
  [SET_MM.ENV_START]: 'envStart',
  [SET_MM.ENV_END]: 'envEnd',
};

/** Those that must lie in or below some area. */
const MAPPED: readonly number[] = [
  SET_MM.START_STACK,
  SET_MM.ARG_START,
  SET_MM.ARG_END,
  SET_MM.ENV_START,
  SET_MM.ENV_END,
];

const placesOf = (mm: Mm): Places => {
  const places = {} as Places;
  for (const place of PLACES) places[place] = mm[place];
  return places;
};

/** 0 or -EINVAL (validate_prctl_map_addr). */
const validate = (mm: Mm, at: Places): number => {
  if (PLACES.some((place) => at[place] >= USER_END || at[place] < MMAP_MIN_ADDR)) return -ERRNO.EINVAL;
  const ordered =
    at.startCode < at.endCode &&
    at.startData <= at.endData &&
    at.startBrk <= at.brk &&
    at.argStart <= at.argEnd &&
    at.envStart <= at.envEnd;
  const fits = at.brk - at.startBrk + (at.endData - at.startData) <= rlimit(mm, RLIMIT.DATA);
  return ordered && fits ? 0 : -ERRNO.EINVAL;
};

/** The file that /proc/PID/exe shows, once none of the old one is mapped (prctl_set_mm_exe_file, replace_mm_exe_file). */
const setExeFile = (kernel: Kernel, task: Task, fd: number): number => {
  const file = getFile(task, fd | 0);
  if (file === undefined) return -ERRNO.EBADF;
  const { inode } = file;
  if ((inode.mode & S.IFMT) !== S.IFREG || !permitted(task.cred, inode, MAY.EXEC)) return -ERRNO.EACCES;
  const { mm } = task;
  const old = mm.exeFile;
  if (old !== null && mm.vmas.some((vma) => vma.file?.inode === old.inode)) return -ERRNO.EBUSY;
  if (isOpenForWriting(kernel, inode)) return -ERRNO.EACCES;
  file.refs++;
  mm.exeFile = file;
  for (const other of kernel.tasks.values()) if (other.mm === mm) other.executable = file.path;
  if (old !== null) putFile(kernel, old);
  return 0;
};

/** The auxiliary vector, whose last entry is always AT_NULL (prctl_set_auxv). */
const setAuxv = (task: Task, address: number, length: number): number => {
  if (length > SAVED_AUXV_SIZE) return -ERRNO.EINVAL;
  const given = new Uint8Array(SAVED_AUXV_SIZE);
  given.set(copyFromUser(task.mm, address, length));
  given.fill(0, SAVED_AUXV_SIZE - 16);
  const saved = new Uint8Array(SAVED_AUXV_SIZE);
  saved.set(task.mm.auxv.subarray(0, SAVED_AUXV_SIZE));
  saved.set(given.subarray(0, length));
  task.mm.auxv = saved;
  return 0;
};

/** All at once (prctl_set_mm_map). */
const setMap = (kernel: Kernel, task: Task, address: number, size: number): number => {
  const { mm } = task;
  if (size !== PRCTL_MM_MAP.size) return -ERRNO.EINVAL;
  const { auxv, auxv_size: length, exe_fd: fd, ...addresses } = readStruct(mm, PRCTL_MM_MAP, address);
  const places = {} as Places;
  for (const [index, value] of Object.values(addresses).entries()) places[PLACES[index]!] = value;
  const error = validate(mm, places);
  if (error !== 0) return error;
  if (length !== 0 && (auxv === 0 || length > SAVED_AUXV_SIZE)) return -ERRNO.EINVAL;
  const vector = new Uint8Array(SAVED_AUXV_SIZE);
  if (length !== 0) vector.set(copyFromUser(mm, auxv, length));
  vector.fill(0, SAVED_AUXV_SIZE - 16);
  if (fd !== 0xffffffff) {
    const may = [CAP.CHECKPOINT_RESTORE, CAP.SYS_ADMIN].some((each) => capable(task.cred, each));
    const result = may ? setExeFile(kernel, task, fd) : -ERRNO.EPERM;
    if (result !== 0) return result;
  }
  Object.assign(mm, places);
  if (length !== 0) mm.auxv = vector;
  return 0;
};

/** 0 or -errno (prctl_set_mm). */
export const prctlSetMm = (
  kernel: Kernel,
  task: Task,
  option: number,
  address: number,
  arg4: number,
  arg5: number,
): number => {
  const { mm } = task;
  const sized = option === SET_MM.AUXV || option === SET_MM.MAP || option === SET_MM.MAP_SIZE;
  if (arg5 !== 0 || (arg4 !== 0 && !sized)) return -ERRNO.EINVAL;
  if (option === SET_MM.MAP_SIZE) {
    putUser32(mm, address, PRCTL_MM_MAP.size);
    return 0;
  }
  if (option === SET_MM.MAP) return setMap(kernel, task, address, arg4);
  if (!capable(task.cred, CAP.SYS_RESOURCE)) return -ERRNO.EPERM;
  if (option === SET_MM.EXE_FILE) return setExeFile(kernel, task, address);
  if (option === SET_MM.AUXV) return setAuxv(task, address, arg4);
  if (address >= USER_END || address < MMAP_MIN_ADDR) return -ERRNO.EINVAL;
  const place = PLACE_OF[option];
  if (place === undefined) return -ERRNO.EINVAL;
  const places = placesOf(mm);
  places[place] = address;
  const error = validate(mm, places);
  if (error !== 0) return error;
  if (MAPPED.includes(option) && findVma(mm, address) === undefined) return -ERRNO.EFAULT;
  Object.assign(mm, places);
  return 0;
};
