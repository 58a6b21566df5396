/**
 * Collects an instruction of each form that programs execute, as hexadecimal bytes: the list that the build prepares forms
 * from. `npm run collect-forms -- 'PROGRAM ARGS' ...` adds to what is there.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { decode, formKey } from '../emulator/decode/index.ts';
import { boot } from '../kernel/boot.ts';
import { accessibleLength, copyFromUser } from '../kernel/mm/user.ts';
import { nodeFiles } from './host/node-files.ts';

const LIST = 'tools/common-forms.txt';
const LONGEST = 15;

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const found = new Map<number, string>();

const note = (bytes: Uint8Array): void => {
  const instruction = decode(bytes, 0, bytes.length, 0);
  if (typeof instruction === 'string') return;
  const key = formKey(instruction);
  if (!found.has(key)) found.set(key, toHex(bytes.subarray(0, instruction.length)));
};

/** Looks at every instruction before it is executed. */
const follow = async (program: string, args: readonly string[]): Promise<void> => {
  const box = await boot({ program, args, root: nodeFiles('/'), env: { PATH: '/bin' }, deterministic: { seed: 0 } });
  const { machine } = box;
  for (;;) {
    const { current, cpu } = machine;
    const { rip } = cpu.state;
    if (!current.exiting) note(copyFromUser(current.mm, rip, accessibleLength(current.mm, rip, LONGEST, false)));
    if ((await machine.run({ until: 'all', instructions: 1 })).kind !== 'instructions') return;
  }
};

if (existsSync(LIST)) {
  for (const line of readFileSync(LIST, 'utf8').split('\n')) if (line !== '') note(Buffer.from(line, 'hex'));
}
for (const command of process.argv.slice(2)) {
  const [program, ...args] = command.split(' ');
  const before = found.size;
  await follow(resolve(program!), args);
  console.log(`${command}: ${found.size - before} new forms`);
}
writeFileSync(LIST, [...found.values()].toSorted().join('\n').concat('\n'));
console.log(`${found.size} forms in ${LIST}`);
