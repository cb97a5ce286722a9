/**
 * Owns: JobManagers without processes: each is in standby when asked first, runs with a completed checkpoint as soon as it is
 * activated, and has taken every savepoint when asked about it.
 */
import type { Answer, JobManagerApi, JobManagerTarget, TriggerState } from "../../operator/engine/index.ts";
import type { ActivationRequest, IncarnationMessage } from "../../contract/index.ts";

type Running = {
  activation: ActivationRequest | null;
  stoppedWith: string | null;
  readonly triggers: Map<string, string>;
};

export class InstantJobManagers implements JobManagerApi {
  /** Calls so far. */
  calls = 0;
  readonly #taskManagers: number;
  readonly #startedMs = Date.now();
  readonly #jobs = new Map<string, Running>();

  constructor(taskManagers: number) {
    this.#taskManagers = taskManagers;
  }

  async incarnation({ jobId }: JobManagerTarget): Promise<Answer<IncarnationMessage>> {
    this.calls++;
    const { activation, stoppedWith } = this.#job(jobId);
    const isActive = activation !== null;
    const isEnded = stoppedWith !== null;
    return answer({
      jobId,
      phase: isEnded ? "ended" : isActive ? "active" : "standby",
      error: null,
      epoch: 1,
      taskManagers: this.#taskManagers,
      taskManagersReady: this.#taskManagers,
      leftOut: [],
      activation: isActive ? { ...activation, acceptedMs: this.#startedMs } : null,
      job: isActive
        ? {
            status: isEnded ? "FINISHED" : "RUNNING",
            restarts: 0,
            startedMs: this.#startedMs,
            endedMs: null,
            failure: null,
          }
        : null,
      lastCheckpoint: isActive
        ? { id: 1, timeMs: Date.now(), path: `file:///checkpoints/${jobId}/chk/1.manifest`, sizeBytes: 1000 }
        : null,
      completedCheckpoints: isActive ? 1 : 0,
      firstCheckpointMs: isActive ? this.#startedMs : null,
      lastSavepoint: null,
      result: isEnded ? { status: "FINISHED", savepoint: stoppedWith } : null,
      version: "bench",
    });
  }

  async preflight() {
    this.calls++;
    return answer({ kind: "compatible" as const, from: null });
  }

  async activate({ jobId }: JobManagerTarget, activation: ActivationRequest) {
    this.calls++;
    this.#job(jobId).activation ??= activation;
    return answer(undefined);
  }

  async stop({ jobId }: JobManagerTarget, { triggerId, target }: { triggerId: string; target: string }) {
    this.calls++;
    const job = this.#job(jobId);
    job.triggers.set(triggerId, target);
    job.stoppedWith ??= target;
    return answer(undefined);
  }

  async savepoint({ jobId }: JobManagerTarget, { triggerId, target }: { triggerId: string; target: string }) {
    this.calls++;
    this.#job(jobId).triggers.set(triggerId, target);
    return answer(undefined);
  }

  async checkpoint() {
    this.calls++;
    return answer(undefined);
  }

  async trigger({ jobId }: JobManagerTarget, triggerId: string): Promise<Answer<TriggerState | null>> {
    this.calls++;
    const location = this.#job(jobId).triggers.get(triggerId);
    return answer(location === undefined ? null : { kind: "completed", location });
  }

  async cancel() {
    this.calls++;
    return answer(undefined);
  }

  async disposeSavepoint() {
    this.calls++;
    return answer(undefined);
  }

  async disposal(): Promise<Answer<TriggerState | null>> {
    this.calls++;
    return answer({ kind: "completed", location: "" });
  }

  async collect() {
    this.calls++;
    return answer(undefined);
  }

  async collection(): Promise<Answer<TriggerState | null>> {
    this.calls++;
    return answer({ kind: "completed", location: "" });
  }

  async exceptions() {
    this.calls++;
    return answer([]);
  }

  #job(jobId: string): Running {
    let job = this.#jobs.get(jobId);
    if (job === undefined) {
      job = { activation: null, stoppedWith: null, triggers: new Map() };
      this.#jobs.set(jobId, job);
    }
    return job;
  }
}

function answer<T>(value: T): Answer<T> {
  return { kind: "answer", value };
}
