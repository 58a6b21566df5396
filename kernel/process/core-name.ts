/** What a core file is called (fs/coredump.c, format_corename; core(5)). */
import { NSEC_PER_SEC } from '../abi/time.ts';
import { basename } from '../fs/names.ts';
import type { Kernel } from '../kernel.ts';
import type { SigInfo, Task } from '../task/task.ts';

/** A name as one component of a path: slashes become `!`, and so does the first byte of `.`, `..` and nothing. */
const component = (name: string): string => {
  if (name === '') return '!';
  const plain = name.replaceAll('/', '!');
  return plain === '.' || plain === '..' ? `!${plain.slice(1)}` : plain;
};

/** The text of `%` and a letter; unknown ones have none. */
const specifier = (kernel: Kernel, task: Task, info: SigInfo, letter: string): string => {
  const { group, cred } = task;
  switch (letter) {
    case '%':
      return '%';
    case 'p':
    case 'P':
      return String(group.tgid);
    case 'i':
    case 'I':
      return String(task.pid);
    case 'u':
      return String(cred.uid);
    case 'g':
      return String(cred.gid);
    case 'd':
      return String(task.dumpable);
    case 's':
      return String(info.signo);
    case 't':
      return String(kernel.realtime() / BigInt(NSEC_PER_SEC));
    case 'h':
      return component(kernel.hostname);
    case 'e':
      return component(task.comm);
    case 'f':
      return component(basename(task.executable));
    case 'E':
      return component(task.executable);
    case 'C':
      return '0';
    default:
      return '';
  }
};

/** Byte string: a path, relative to the working directory unless it begins with a slash. Empty: there is to be no core. */
export const formatCorename = (kernel: Kernel, task: Task, info: SigInfo): string =>
  kernel.corePattern.replace(/%(.?)/gs, (_all, letter: string) => specifier(kernel, task, info, letter));
