/**
 * A file that is being executed may not be written, and one that is open for writing may not be executed (ETXTBSY;
 * deny_write_access, get_write_access).
 */
import { O } from '../abi/fcntl.ts';
import type { Inode, OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';

/** Some process runs this file: opening it for writing, and truncating it, is -ETXTBSY. */
export const isExecuting = (kernel: Kernel, inode: Inode): boolean => {
  for (const { mm } of kernel.tasks.values()) if (mm.exeFile?.inode === inode) return true;
  return false;
};

const writes = (file: OpenFile | null | undefined, inode: Inode): boolean =>
  file?.inode === inode && (file.flags & O.ACCMODE) !== O.RDONLY && !(file.flags & O.PATH);

/** Someone has it open for writing, by a descriptor or a mapping: executing it is -ETXTBSY. */
export const isOpenForWriting = (kernel: Kernel, inode: Inode): boolean => {
  if (inode.opens === 0) return false;
  for (const { files, mm } of kernel.tasks.values()) {
    if (files.entries.some((entry) => writes(entry?.file, inode))) return true;
    if (mm.vmas.some((vma) => writes(vma.file, inode))) return true;
  }
  return false;
};
