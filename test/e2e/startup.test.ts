import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from '../native/cases.ts';

/** How long a start takes is measured by `npm run bench`; here is only that the build made what makes it quick. */
describe('the build', () => {
  it('keeps compiled code and prepared forms for a quick start', () => {
    for (const name of ['signalbox.code', 'signalbox.forms'])
      expect(existsSync(`${root}dist/${name}`), name).toBe(true);
  });
});
