/**
 * Owns: what the operator promises, as one list: ids and sentences. Each is proved by tests of this folder whose names begin with its id.
 * Called by: tools/promises.ts.
 */

/** By id, in order. */
export const promises: Readonly<Record<string, string>> = {
  S1: "A change that is not a change restarts nothing",
  S2: "An invalid spec never touches the running job",
  S3: "Intent is durable before action: an operator may die anywhere",
  S4: "A stop is atomic with its savepoint",
  S5: "At most one savepoint is in flight; no trigger is repeated",
  S7: "A completed savepoint is always used, even if the job dies while stopping",
  S8: "A savepoint survives the loss of operator and JobManager together",
  S9: "A trigger of an earlier execution is never trusted",
  S10: "The latest state is proven by exact object and incarnation, never by name or age",
  S11: "Unreachable is not stopped",
  S12: "No new pod runs the job while a pod of the old incarnation exists",
  S13: "Even if that is broken by hand, the old incarnation cannot commit",
  S14: "What leads back is deleted only after the new incarnation's first checkpoint",
  S15: "Missing state means refusal, never an empty start",
  S16: "After the first checkpoint a restart uses the newest one, not the upgrade's savepoint",
  S17: "The initial savepoint is kept across failed first deploys and used only once",
  S18: "An incarnation's id is fresh per restore, stable across retries, recorded before use",
  S19: "A started but unrecorded cluster is adopted, a terminating one is not",
  S20: "At most one incarnation is active at every instant",
  S21: "A spec changed mid-upgrade ends at the newest spec, in one chain of states",
  S22: "Status writes never clobber a newer status; the spec is never written",
  S23: "observedGeneration and Ready tell the truth",
  S24: "Created or made suspended: a settled status, and the exact resume point",
  S25: "A rollback returns to the last stable spec without losing state",
  S26: "Running once is not stable",
  S27: "Ended jobs are not resurrected, and still accept changes of the spec",
  S28: "Retention never removes a snapshot that somebody needs",
  S29: "A deletion always finishes, and never deletes data unless asked",
  S31: "The next version of the operator continues what this one began",
  S32: "A stale leader changes nothing",
  S33: "One poisoned object cannot stall others",
  S35: "Loss of a watch loses nothing",
  S37: "A refusal is a result: it is in the status with its words, and the rest goes on",
  S38: "A decision that throws never leaves Ready of an older generation standing",
  S39: "A full disk, an unwritable log or a garbage request ends no process that runs jobs",
  S40: "A stop that failed leaves the job running, and no end after it counts as its own",
};
