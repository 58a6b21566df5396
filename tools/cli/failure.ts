/** Failures of the emulator itself, as opposed to the guest's: one line on stderr, and a status of their own. */

/** Exit statuses which are not the guest's. A guest may end with them too; the line on stderr tells. */
export const EXIT = {
  /** Every process of the guest waits, and nothing can wake one. */
  deadlock: 123,
  /** Wrong usage, or the emulator failed. */
  failure: 125,
  /** The program was found but cannot be executed. */
  cannotExecute: 126,
  notFound: 127,
} as const;

/** Ends the command with a line for the user. */
export class Failure extends Error {
  readonly status: number;

  constructor(message: string, status: number = EXIT.failure) {
    super(message);
    this.status = status;
  }
}
