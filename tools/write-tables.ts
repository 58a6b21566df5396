/** `npm run tables`: writes the generated tables into README.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withTables } from './tables.ts';

const before = readFileSync('README.md', 'utf8');
const after = withTables(before);
writeFileSync('README.md', after);
console.log(after === before ? 'README.md is up to date' : 'README.md has new tables');
