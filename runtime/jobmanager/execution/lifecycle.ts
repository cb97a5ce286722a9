/**
 * Owns: which status of a job may follow which, and when each was entered.
 * Not here: why a status changes (job-master.ts).
 *
 * LIFE1 A status changes only along `successors`; anything else is a mistake of this program.
 * LIFE2 FAILED, CANCELED and FINISHED are final.
 */
import { assert } from "../../../base/index.ts";
import type { JobStatus } from "../control.ts";

/** The statuses that a JobManager goes through; the others of JobStatus are Flink's, kept for its REST. */
export type LiveStatus = Exclude<JobStatus, "SUSPENDED" | "RECONCILING">;

/**
 * INITIALIZING: claims the epoch and finds what to restore. CREATED: waits for slots and deploys for the first time.
 * RESTARTING: at least one region is down and will be started again. FAILING, CANCELLING: waits for tasks to stop.
 */
const successors = {
  INITIALIZING: ["CREATED", "FAILING", "CANCELLING"],
  CREATED: ["RUNNING", "RESTARTING", "FAILING", "CANCELLING"],
  RUNNING: ["RESTARTING", "FAILING", "CANCELLING", "FINISHED"],
  RESTARTING: ["RUNNING", "FAILING", "CANCELLING"],
  FAILING: ["FAILED", "CANCELLING"],
  CANCELLING: ["CANCELED"],
  FAILED: [],
  CANCELED: [],
  FINISHED: [],
} as const satisfies Record<LiveStatus, readonly LiveStatus[]>;

export type TerminalStatus = "FAILED" | "CANCELED" | "FINISHED";

export function isTerminal(status: JobStatus): status is TerminalStatus {
  return status === "FAILED" || status === "CANCELED" || status === "FINISHED";
}

export function mayFollow(from: LiveStatus, to: LiveStatus): boolean {
  return (successors[from] as readonly LiveStatus[]).includes(to);
}

/** What lies between INITIALIZING and an end that an earlier process has brought the job to. */
export function wayTo(end: TerminalStatus): readonly LiveStatus[] {
  const before = { FAILED: "FAILING", CANCELED: "CANCELLING", FINISHED: "RUNNING" } as const;
  return ["CREATED", before[end]];
}

/** The status of one job. */
export class Lifecycle {
  #status: LiveStatus = "INITIALIZING";
  readonly #times: Partial<Record<JobStatus, number>>;

  constructor(nowMs: number) {
    this.#times = { INITIALIZING: nowMs };
  }

  get status(): LiveStatus {
    return this.#status;
  }

  /** When each status was last entered, epoch milliseconds. */
  times(): Readonly<Partial<Record<JobStatus, number>>> {
    return { ...this.#times };
  }

  /** Entering the present status again does nothing. Asserts LIFE1. */
  enter(to: LiveStatus, nowMs: number): void {
    if (to === this.#status) return;
    assert(mayFollow(this.#status, to), `a job that is ${this.#status} cannot become ${to}`);
    this.#status = to;
    this.#times[to] = nowMs;
  }
}
