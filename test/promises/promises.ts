/**
 * Owns: what the operator promises, as one list: ids and sentences. Each is proved by tests of this folder whose names begin with its id.
 * Called by: tools/promises.ts.
 */

/** By id, in order. */
export const promises: Readonly<Record<string, string>> = {
  "P-1": "A change that is not a change restarts nothing",
  "P-2": "An invalid spec never touches the running job",
  "P-3": "Intent is durable before action: an operator may die anywhere",
  "P-4": "A stop is atomic with its savepoint",
  "P-5": "At most one savepoint is in flight; no trigger is repeated",
  "P-6": "A savepoint that fails or takes too long leaves the old job running",
  "P-7": "A completed savepoint is always used, even if the job dies while stopping",
  "P-8": "A savepoint survives the loss of operator and JobManager together",
  "P-9": "A trigger of an earlier execution is never trusted",
  "P-10": "The latest state is proven by exact object and incarnation, never by name or age",
  "P-11": "Unreachable is not stopped",
  "P-12": "No new pod runs the job while a pod of the old incarnation exists",
  "P-13": "Even if that is broken by hand, the old incarnation cannot commit",
  "P-14": "What leads back is deleted only after the new incarnation's first checkpoint",
  "P-15": "Missing state means refusal, never an empty start",
  "P-16": "After the first checkpoint a restart uses the newest one, not the upgrade's savepoint",
  "P-17": "The initial savepoint is kept across failed first deploys and used only once",
  "P-18": "An incarnation's id is fresh per restore, stable across retries, recorded before use",
  "P-19": "A started but unrecorded cluster is adopted, a terminating one is not",
  "P-20": "At most one incarnation is active at every instant",
  "P-21": "A spec changed mid-upgrade ends at the newest spec, in one chain of states",
  "P-22": "Status writes never clobber a newer status; the spec is never written",
  "P-23": "observedGeneration and Ready tell the truth",
  "P-24": "Created or made suspended: a settled status, and the exact resume point",
  "P-25": "A rollback returns to the last stable spec without losing state",
  "P-26": "Running once is not stable",
  "P-27": "Ended jobs are not resurrected, and still accept changes of the spec",
  "P-28": "Retention never removes a snapshot that somebody needs",
  "P-29": "A deletion always finishes, and never deletes data unless asked",
  "P-30": "A change of the engine's version uses portable state, or is refused",
  "P-31": "The next version of the operator continues what this one began",
  "P-32": "A stale leader changes nothing",
  "P-33": "One poisoned object cannot stall others",
  "P-34": "Marks of a switch are taken back when it is given up; the commit point is one-way",
  "P-35": "Loss of a watch loses nothing",
  "P-36":
    "Draining a node processes no record twice when there is time, at most one checkpoint interval otherwise; never two JobManagers",
  "P-37": "A refusal is a result: it is in the status with its words, and the rest goes on",
  "P-38": "A decision that throws never leaves Ready of an older generation standing",
  "P-39": "A full disk, an unwritable log or a garbage request ends no process that runs jobs",
  "P-40": "A stop that failed leaves the job running, and no end after it counts as its own",
};

/** Promised, and not proved with real processes yet: they need a store that can be taken away, another version, or another node. */
export const promisesToCome: Readonly<Record<string, string>> = {};
