import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hostIsLinuxX64 } from '../native/build.ts';
import { signalbox, spawned } from './cli.ts';

const BUSYBOX = '/bin/busybox';

/** Shell scripts whose every byte must be as on the host. */
const scripts: [what: string, script: string][] = [
  [
    'pipes, a directory, sorting',
    'for i in 1 2 3; do echo $i; done | wc -l; ls / | head -3; seq 1000 | sort -n | md5sum',
  ],
  ['substitution and arithmetic', 'x=$(echo a b | tr a-z A-Z); echo "$x $((6 * 7))"; [ -d /etc ] && echo yes'],
  ['statuses', '(exit 3); echo $?; false || echo or; sh -c "kill -TERM \\$\\$"; echo $?; exit 9'],
  ['traps', 'trap "echo got USR1" USR1; kill -USR1 $$; trap "echo bye" EXIT; echo end'],
  [
    'background jobs',
    'for i in 3 1 2; do (echo job $i > /dev/null; exit $i) & p="$p $!"; done; for i in $p; do wait $i; echo $?; done',
  ],
  ['here documents and awk', "awk -F: '{ s += $2 } END { print s, NR }' <<X\na:1\nb:2\nc:39\nX"],
  ['text tools', 'seq 20 | sed -n "5,8p" | grep -v 6 | paste -s -d+ | tee /dev/null | cut -d+ -f2'],
  ['a pipe whose reader goes', 'yes | head -2; echo done'],
  [
    'files',
    'cd /tmp; d=sbx$$; mkdir $d; echo one > $d/a; cp $d/a $d/b; ln -s a $d/c; cat $d/*; rm -r $d; ls -d $d 2>&1 | wc -l',
  ],
];

describe.skipIf(!hostIsLinuxX64 || !existsSync(BUSYBOX))('busybox behaves as on the host', () => {
  it.each(scripts)('%s', async (_, script) => {
    const args = ['sh', '-c', script];
    const options = { input: '', cwd: '/', env: { PATH: '/usr/bin:/bin', LANG: 'C' } };
    const native = await spawned(BUSYBOX, args, options);
    const here = await signalbox(['run', BUSYBOX, ...args], options);
    expect(here).toEqual(native);
  });
});
