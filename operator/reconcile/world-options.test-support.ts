/** Owns: how a simulated world behaves, and what happens to its operator. */

export type WorldOptions = {
  readonly seed: number;
  readonly podStartMs: number;
  readonly podEndMs: number;
  readonly savepointMs: number;
  /** So many savepoints fail before one succeeds. */
  readonly failingSavepoints: number;
};

/** What happens to the operator in a look. */
export type OperatorFault = {
  /** It dies after so many actions; -1: before the status is written. */
  readonly crashAfter?: number;
  /** So long nobody looks afterwards. */
  readonly awayMs?: number;
};

export const calm: WorldOptions = { seed: 1, podStartMs: 300, podEndMs: 400, savepointMs: 300, failingSavepoints: 0 };
