/**
 * Owns: which mutations a life has or has not by its timing alone. Every other one of a calm life is one of any life.
 *
 * OPM1 Each has a reason in the operator's code; what merely was missing once is none of these.
 */
import { INCARNATIONS, STABLE_INCARNATION } from "./life.ts";

const optionalMutations: readonly ((mutation: string) => boolean)[] = [
  // Stable is written after the window, if nothing came in between; the life waits for it only once.
  (mutation) =>
    /^updateStatus StreamJob wc Running \d+ stable$/.test(mutation) &&
    mutation !== `updateStatus StreamJob wc Running ${STABLE_INCARNATION} stable`,
  // A look that finds the first checkpoint, or too many restarts, right after the activation goes through Proving without writing it.
  (mutation) => /^updateStatus StreamJob wc \w+\/Proving to \d+$/.test(mutation),
  // Asked for only of an incarnation that has taken none for a while (PRO3).
  (mutation) => /^checkpoint wc \d+$/.test(mutation),
  // Of the last one the garbage collector has them too, as soon as the finalizer has gone, and that waits for pods and sets alone.
  (mutation) => new RegExp(`^delete (Service wc-${INCARNATIONS}|ConfigMap wc-${INCARNATIONS}-\\*)$`).test(mutation),
];

/** Whether a life may do without it. */
export function isOptional(mutation: string): boolean {
  return optionalMutations.some((matches) => matches(mutation));
}
