/** Probes on the host and here, and where the answers differ. */

import { whyAbsent, whyOtherwise } from './absent.ts';
import { type Answer, askHost, isNotAsked, Ours } from './ask.ts';
import { type Probe, probeText } from './probes.ts';

export interface Sweep {
  readonly asked: number;
  /** How many differ as the lists say. */
  readonly explained: number;
  /** The others. */
  readonly wrong: readonly string[];
}

const answerText = ({ accepted, length }: Answer): string =>
  accepted ? `accepts${length === undefined ? '' : ` ${length} bytes`}` : 'refuses';

const BATCH = 8192;

/** Undefined when the answers are the same, otherwise whether there is a reason. */
const judge = (probe: Probe, host: Answer, ours: Answer): boolean | undefined => {
  if (host.accepted === ours.accepted) {
    if (host.length === ours.length) return undefined;
    return whyOtherwise(probe) !== undefined;
  }
  return host.accepted && whyAbsent(probe) !== undefined;
};

/** `oneIn` takes every n-th probe, beginning with one that `seed` chooses. */
export const sweep = (runner: string, probes: Iterable<Probe>, oneIn = 1, seed = 0): Sweep => {
  const ours = new Ours();
  const result = { asked: 0, explained: 0, wrong: [] as string[] };
  const flush = (batch: readonly Probe[]) => {
    const host = askHost(runner, batch);
    for (const [i, probe] of batch.entries()) {
      result.asked++;
      const answer = ours.ask(probe);
      const explained = judge(probe, host[i]!, answer);
      if (explained === true) result.explained++;
      if (explained === false)
        result.wrong.push(`${probeText(probe)}: the host ${answerText(host[i]!)}, here ${answerText(answer)}`);
    }
  };
  let batch: Probe[] = [];
  let n = seed;
  for (const probe of probes) {
    if (n++ % oneIn !== 0 || isNotAsked(probe)) continue;
    batch.push(probe);
    if (batch.length < BATCH) continue;
    flush(batch);
    batch = [];
  }
  flush(batch);
  return result;
};
