/**
 * Signals beyond the limit of the ledger. Each is followed to its end as the others are, but only counted, so that a storm
 * of a million takes no more memory than the queues that hold them.
 */
import { signalName } from '../../kernel/abi/signal.ts';
import type { SignalFate } from '../../kernel/observers.ts';
import type { RestCount, SignalEnd } from './entries.ts';

/** Counts by signal and end. */
export class Rest {
  readonly #counts = new Map<number, Map<SignalEnd, number>>();

  add(signo: number, end: SignalEnd, by: 1 | -1): void {
    let counts = this.#counts.get(signo);
    if (counts === undefined) this.#counts.set(signo, (counts = new Map()));
    counts.set(end, (counts.get(end) ?? 0) + by);
  }

  /** A call that would have sent it failed. */
  failed(signo: number): void {
    this.add(signo, 'never queued', 1);
  }

  get counts(): RestCount[] {
    return [...this.#counts].flatMap(([signo, counts]) =>
      [...counts].filter(([, count]) => count > 0).map(([end, count]) => ({ name: signalName(signo), end, count })),
    );
  }
}

/** No more of a life than its end, which is kept in the counts. */
export class BriefEntry {
  readonly id: number;
  readonly signal: number;
  readonly fate: SignalFate;
  readonly #rest: Rest;
  #end: SignalEnd;

  constructor(id: number, signal: number, fate: SignalFate, rest: Rest) {
    this.id = id;
    this.signal = signal;
    this.fate = fate;
    this.#rest = rest;
    this.#end = fate === 'queued' || fate === 'stripped' ? 'pending' : 'never queued';
    rest.add(signal, this.#end, 1);
  }

  get end(): SignalEnd {
    return this.#end;
  }

  set end(end: SignalEnd) {
    this.#rest.add(this.signal, this.#end, -1);
    this.#rest.add(this.signal, end, 1);
    this.#end = end;
  }
}
