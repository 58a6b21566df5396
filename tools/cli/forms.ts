/** The file of prepared forms beside the command: a line of JSON, then the module. */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PreparedForms } from '../../emulator/api.ts';

const NEWLINE = 10;

export const packForms = ({ keys, imports, bytes }: PreparedForms): Uint8Array =>
  Buffer.concat([Buffer.from(`${JSON.stringify({ keys, imports })}\n`), bytes]);

/** Undefined where there are none: forms are generated as they are met then. */
export const readForms = (): PreparedForms | undefined => {
  let file: Uint8Array;
  try {
    file = fs.readFileSync(fileURLToPath(new URL('signalbox.forms', import.meta.url)));
  } catch {
    return undefined;
  }
  const end = file.indexOf(NEWLINE);
  const head = JSON.parse(Buffer.from(file.subarray(0, end)).toString()) as Omit<PreparedForms, 'bytes'>;
  return { ...head, bytes: file.subarray(end + 1) };
};
