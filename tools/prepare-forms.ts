/** Part of the build: generates the forms of `common-forms.txt` into dist/signalbox.forms. */
import { readFileSync, writeFileSync } from 'node:fs';
import { decode } from '../emulator/decode/index.ts';
import { prepareForms } from '../emulator/interpreter/prepared.ts';
import type { Instruction } from '../emulator/isa/instruction.ts';
import { packForms } from './cli/forms.ts';

const instructions: Instruction[] = [];
for (const line of readFileSync('tools/common-forms.txt', 'utf8').split('\n')) {
  const bytes = Buffer.from(line, 'hex');
  const instruction = decode(bytes, 0, bytes.length, 0);
  // What is no longer decoded is merely not prepared.
  if (typeof instruction !== 'string') instructions.push(instruction);
}
writeFileSync('dist/signalbox.forms', packForms(prepareForms(instructions)));
