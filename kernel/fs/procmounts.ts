/** /proc/PID/mounts and mountinfo (proc_pid_mountinfo(5)). */
import { majorOf, minorOf } from '../abi/stat.ts';
import type { ProcContext } from './procfs.ts';
import type { Mount } from './types.ts';

/** Blanks and backslashes in octal, as the fields are separated by blanks (mangle). */
const mangle = (path: string): string =>
  path.replace(/[ \t\n\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);

const options = (mount: Mount): string => (mount.sb.readOnly ? 'ro,relatime' : 'rw,relatime');

export const mountsText = ({ kernel }: ProcContext): string =>
  kernel.vfs.mounts
    .map((mount) => `${mangle(mount.sb.source)} ${mangle(mount.path)} ${mount.sb.type} ${options(mount)} 0 0\n`)
    .join('');

export const mountStatsText = ({ kernel }: ProcContext): string =>
  kernel.vfs.mounts
    .map(({ sb, path }) => `device ${mangle(sb.source)} mounted on ${mangle(path)} with fstype ${sb.type}\n`)
    .join('');

export const mountInfoText = ({ kernel }: ProcContext): string => {
  const { mounts } = kernel.vfs;
  return mounts
    .map((mount) => {
      const { sb } = mount;
      const above = mounts.filter((other) => other !== mount && isBelow(mount.path, other.path));
      const parent = above.sort((a, b) => b.path.length - a.path.length)[0]?.sb.mountId ?? 1;
      const device = `${majorOf(sb.dev)}:${minorOf(sb.dev)}`;
      const state = sb.readOnly ? 'ro' : 'rw';
      return `${sb.mountId} ${parent} ${device} / ${mangle(mount.path)} ${options(mount)} - ${sb.type} ${mangle(sb.source)} ${state}\n`;
    })
    .join('');
};

const isBelow = (path: string, above: string): boolean => above === '/' || path.startsWith(`${above}/`);
