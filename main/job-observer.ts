/**
 * Owns: what happened to a job, as events, found by looking at its JobControl again and again.
 * Called by: jobmanager-process.ts. Looking costs nothing beside a job, and needs no hooks in the JobManager.
 *
 * JO1 An event is told once; failures and statuses in the order of their times, a failure before the status it leads to.
 * JO2 A status that lasted less than a look is told too: the times of entering say so.
 */
import type { Clock, Timer } from "../base/index.ts";
import type { JobControl, JobStatus } from "../runtime/jobmanager/index.ts";
import type { JobEvent } from "./process-messages.ts";

const LOOK_EVERY_MS = 50;

type TimedEvent = { readonly atMs: number; readonly event: JobEvent };

export class JobObserver {
  readonly #control: JobControl;
  readonly #clock: Clock;
  readonly #onEvent: (event: JobEvent) => void;
  readonly #statusTimes = new Map<string, number>();
  #newestFailureMs = -1;
  #failuresOfThatMs = 0;
  #isRestoreTold = false;
  /** Checkpoints whose end was told; older ones than the newest 64 are forgotten. */
  readonly #told = new Set<number>();
  #forgottenUpTo = -1;
  #timer: Timer | null = null;

  constructor(control: JobControl, clock: Clock, onEvent: (event: JobEvent) => void) {
    this.#control = control;
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  /** Looks now and from now on. */
  start(): void {
    this.#look();
    this.#timer = this.#clock.after(LOOK_EVERY_MS, () => this.start());
  }

  /** Looks a last time. */
  stop(): void {
    this.#timer?.cancel();
    this.#look();
  }

  #look(): void {
    this.#tellRestored();
    const timed = [...this.#freshFailures(), ...this.#freshStatuses()];
    for (const { event } of timed.toSorted((a, b) => a.atMs - b.atMs)) this.#onEvent(event);
    this.#tellCheckpoints();
  }

  #freshStatuses(): TimedEvent[] {
    const job = this.#control.job();
    const tasks = job.vertices.reduce((count, vertex) => count + vertex.parallelism, 0);
    const taskManagers = this.#control.taskManagers().length;
    return (Object.entries(job.statusTimes) as [JobStatus, number][])
      .filter(([status, atMs]) => this.#statusTimes.get(status) !== atMs)
      .toSorted(([status], [other]) => Number(status === job.status) - Number(other === job.status)) // the present one last
      .map(([status, atMs]) => {
        this.#statusTimes.set(status, atMs);
        return { atMs, event: { kind: "status", status, atMs, tasks, taskManagers } };
      });
  }

  #tellRestored(): void {
    const { restored } = this.#control.checkpoints();
    if (restored === null || this.#isRestoreTold) return;
    this.#isRestoreTold = true;
    this.#onEvent({
      kind: "restored",
      checkpointId: restored.id,
      isSavepoint: restored.isSavepoint,
      path: restored.externalPath,
    });
  }

  /** The history is newest first; entries of the newest millisecond told so far are counted, since more may have come in it. */
  #freshFailures(): TimedEvent[] {
    const history = this.#control.exceptions();
    const ofThatMs = history.filter((entry) => entry.timeMs === this.#newestFailureMs).length;
    const fresh = [
      ...history.filter((entry) => entry.timeMs > this.#newestFailureMs),
      ...history
        .filter((entry) => entry.timeMs === this.#newestFailureMs)
        .slice(0, Math.max(0, ofThatMs - this.#failuresOfThatMs)),
    ];
    this.#newestFailureMs = history[0]?.timeMs ?? this.#newestFailureMs;
    this.#failuresOfThatMs = history.filter((entry) => entry.timeMs === this.#newestFailureMs).length;
    return fresh.toReversed().map(({ error, taskName, taskManagerId, timeMs }) => ({
      atMs: timeMs,
      event: { kind: "failure", error, taskName, taskManagerId },
    }));
  }

  #tellCheckpoints(): void {
    const { history } = this.#control.checkpoints();
    for (const view of history.toReversed()) {
      if (view.status === "in_progress" || view.id <= this.#forgottenUpTo || this.#told.has(view.id)) continue;
      this.#told.add(view.id);
      const isSavepoint = view.kind !== "checkpoint";
      if (view.status === "failed") {
        this.#onEvent({
          kind: "checkpointFailed",
          checkpointId: view.id,
          isSavepoint,
          reason: view.failure ?? "no reason given",
        });
      } else if (isSavepoint && view.externalPath !== null)
        this.#onEvent({ kind: "savepoint", path: view.externalPath });
      else
        this.#onEvent({ kind: "checkpoint", checkpointId: view.id, path: view.discarded ? null : view.externalPath });
    }
    for (const id of this.#told) {
      if (this.#told.size <= 64) break;
      this.#told.delete(id);
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, id);
    }
  }
}
