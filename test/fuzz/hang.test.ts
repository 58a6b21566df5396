/** Waits of guests that once became waits of the command. */
import { describe, expect, it } from 'vitest';
import { canBuild, guest, signalbox } from '../e2e/cli.ts';

describe.skipIf(!canBuild)('the command ends', () => {
  it('when in counted time a timeout passes and no stream has more to come', async () => {
    const path = await guest('poll_nothing');
    const run = await signalbox(['run', '--deterministic', path], { input: '' });
    expect(run).toEqual({ stdout: 'end 1, ready 0\n', stderr: '', status: 0 });
  });
});
