import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { hostIsLinuxX64 } from '../native/build.ts';
import { signalbox, spawned } from './cli.ts';

const options = { input: '', cwd: '/', env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: '/tmp' } };

/** Runs a program where it sees no objects of others, as root does it and as others may; undefined if neither is allowed. */
const apart = [['--ipc'], ['--user', '--map-current-user', '--ipc']].find(
  (flags) => hostIsLinuxX64 && spawnSync('unshare', [...flags, 'ipcs']).status === 0,
);

/** Keys, times and processes are others in every run. */
const script = `
anon() { sed 's/0x[0-9a-f]\\{8\\}/KEY/; s/time *=.*20[0-9][0-9].*/time= TIME/; s/cpid=[0-9]*/cpid=PID/; s/ [0-9]* *$/ LAST/'; }
ipcmk -Q -M 4096 -S 3 -p 0640
ipcs -a | sed 's/0x[0-9a-f]\\{8\\}/KEY/'
ipcs -l; ipcs -u; ipcs -c
for kind in q s m; do ipcs -$kind -i 0 | anon; done
lsipc; lsipc -g
lsipc -q --noheadings -o ID,PERMS,MSGS,USEDBYTES,OWNER,CUSER
lsipc -s -o ID,PERMS,NSEMS,CUID
lsipc -m -o ID,PERMS,SIZE,NATTCH,STATUS; lsipc -J -m -o ID,SIZE
ipcrm -q 0 -s 0; echo $?; ipcrm -m 0; echo $?; ipcrm -m 0; echo $?; ipcrm -Q 0x12345; echo $?
ipcs
ipcmk -M 100; ipcmk -S 2; ipcrm -a; ipcs -a
`;

describe('System V IPC by the tools of the host', () => {
  it.skipIf(apart === undefined)(
    `makes, lists and removes objects as Linux does${apart === undefined ? ' (no namespace for it here)' : ''}`,
    async () => {
      const native = await spawned('unshare', [...apart!, 'bash', '-c', script], options);
      const here = await signalbox(['run', '/bin/bash', '-c', script], options);
      expect(here).toEqual(native);
      expect(native.stdout).toContain('Shared memory id: 0\nMessage queue id: 0\nSemaphore id: 0\n');
    },
    120_000,
  );
});
