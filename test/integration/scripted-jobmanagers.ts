/**
 * Owns: JobManagers without processes, behind the operator's port: every incarnation that is asked for is there, as standby; told to
 * run, it runs and completes a checkpoint at once; told to stop, it has stopped with its savepoint. For tests and benches of the
 * controller.
 */
import type { IncarnationMessage, PreflightAnswer } from "../../contract/index.ts";
import type { Answer, JobManagerApi, JobManagerTarget, TriggerState } from "../../operator/engine/index.ts";

export type Misbehaviour = "hangs" | "unreachable" | "refused";

type Incarnation = {
  message: IncarnationMessage;
  readonly triggers: Map<string, TriggerState>;
};

const unreachable = { kind: "unreachable", message: "nobody listens there" } as const;

export class ScriptedJobManagers implements JobManagerApi {
  readonly #nowMs: () => number;
  readonly #incarnations = new Map<string, Incarnation>();
  /** By StreamJob. */
  readonly misbehaviours = new Map<string, Misbehaviour>();
  /** Every call that changes something: `activate wc-1`. */
  readonly calls: string[] = [];
  /** How many calls there were, of all kinds. */
  callCount = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  async incarnation(target: JobManagerTarget, signal: AbortSignal): Promise<Answer<IncarnationMessage>> {
    return (await this.#trouble(target, signal)) ?? { kind: "answer", value: this.#of(target).message };
  }

  async preflight(target: JobManagerTarget, _from: unknown, signal: AbortSignal): Promise<Answer<PreflightAnswer>> {
    return (await this.#trouble(target, signal)) ?? { kind: "answer", value: { kind: "compatible", from: null } };
  }

  async activate(
    target: JobManagerTarget,
    activation: Parameters<JobManagerApi["activate"]>[1],
    signal: AbortSignal,
  ): Promise<Answer<void>> {
    const trouble = await this.#trouble(target, signal);
    if (trouble !== null) return trouble;
    this.calls.push(`activate ${target.job}-${target.incarnation}`);
    const incarnation = this.#of(target);
    const nowMs = this.#nowMs();
    incarnation.message = {
      ...incarnation.message,
      phase: "active",
      activation: { ...activation, acceptedMs: nowMs },
      job: { status: "RUNNING", restarts: 0, startedMs: nowMs, endedMs: null, failure: null },
      lastCheckpoint: { id: 1, timeMs: nowMs, path: `memory:///${target.jobId}/1`, sizeBytes: 10 },
      completedCheckpoints: 1,
      firstCheckpointMs: nowMs,
    };
    return { kind: "answer", value: undefined };
  }

  async stop(
    target: JobManagerTarget,
    trigger: { readonly triggerId: string; readonly target: string },
    signal: AbortSignal,
  ): Promise<Answer<void>> {
    const answer = await this.savepoint(target, trigger, signal);
    if (answer.kind !== "answer") return answer;
    const incarnation = this.#of(target);
    const { job } = incarnation.message;
    incarnation.message = {
      ...incarnation.message,
      phase: "ended",
      job: job === null ? null : { ...job, status: "FINISHED", endedMs: this.#nowMs() },
      result: { status: "FINISHED", savepoint: trigger.target },
    };
    return answer;
  }

  async checkpoint(target: JobManagerTarget): Promise<Answer<void>> {
    this.calls.push(`checkpoint ${target.job}-${target.incarnation}`);
    return { kind: "answer", value: undefined };
  }

  async savepoint(
    target: JobManagerTarget,
    { triggerId, target: location }: { readonly triggerId: string; readonly target: string },
    signal: AbortSignal,
  ): Promise<Answer<void>> {
    const trouble = await this.#trouble(target, signal);
    if (trouble !== null) return trouble;
    this.calls.push(`savepoint ${target.job}-${target.incarnation}`);
    this.#of(target).triggers.set(triggerId, { kind: "completed", location });
    return { kind: "answer", value: undefined };
  }

  async trigger(
    target: JobManagerTarget,
    triggerId: string,
    signal: AbortSignal,
  ): Promise<Answer<TriggerState | null>> {
    const trouble = await this.#trouble(target, signal);
    return trouble ?? { kind: "answer", value: this.#of(target).triggers.get(triggerId) ?? null };
  }

  async cancel(target: JobManagerTarget, signal: AbortSignal): Promise<Answer<void>> {
    const trouble = await this.#trouble(target, signal);
    if (trouble !== null) return trouble;
    this.calls.push(`cancel ${target.job}-${target.incarnation}`);
    const incarnation = this.#of(target);
    incarnation.message = { ...incarnation.message, phase: "ended", result: { status: "CANCELED", savepoint: null } };
    return { kind: "answer", value: undefined };
  }

  async disposeSavepoint(
    target: JobManagerTarget,
    { triggerId, location }: { readonly triggerId: string; readonly location: string },
    signal: AbortSignal,
  ): Promise<Answer<void>> {
    const trouble = await this.#trouble(target, signal);
    if (trouble !== null) return trouble;
    this.calls.push(`dispose ${location}`);
    this.#of(target).triggers.set(triggerId, { kind: "completed", location: "" });
    return { kind: "answer", value: undefined };
  }

  disposal(target: JobManagerTarget, triggerId: string, signal: AbortSignal): Promise<Answer<TriggerState | null>> {
    return this.trigger(target, triggerId, signal);
  }

  async collect(
    target: JobManagerTarget,
    { triggerId, storeUri }: { readonly triggerId: string; readonly storeUri: string },
    signal: AbortSignal,
  ): Promise<Answer<void>> {
    const trouble = await this.#trouble(target, signal);
    if (trouble !== null) return trouble;
    this.calls.push(`collect ${storeUri}`);
    this.#of(target).triggers.set(triggerId, { kind: "completed", location: "" });
    return { kind: "answer", value: undefined };
  }

  collection(target: JobManagerTarget, triggerId: string, signal: AbortSignal): Promise<Answer<TriggerState | null>> {
    return this.trigger(target, triggerId, signal);
  }

  async exceptions(target: JobManagerTarget, signal: AbortSignal): ReturnType<JobManagerApi["exceptions"]> {
    const trouble = await this.#trouble(target, signal);
    return trouble ?? { kind: "answer", value: [] };
  }

  /** Changes what an incarnation says of itself. */
  change(target: Pick<JobManagerTarget, "jobId">, changes: Partial<IncarnationMessage>): void {
    const incarnation = this.#of(target);
    incarnation.message = { ...incarnation.message, ...changes };
  }

  async #trouble(
    target: JobManagerTarget,
    signal: AbortSignal,
  ): Promise<Exclude<Answer<never>, { kind: "answer" }> | null> {
    this.callCount += 1;
    const trouble = this.misbehaviours.get(target.job);
    if (trouble === undefined) return null;
    if (trouble === "refused") return { kind: "refused", status: 409, message: "not now" };
    if (trouble === "unreachable") return unreachable;
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    return { kind: "unreachable", message: "it did not answer in time" };
  }

  #of({ jobId }: Pick<JobManagerTarget, "jobId">): Incarnation {
    let incarnation = this.#incarnations.get(jobId);
    if (incarnation === undefined) {
      incarnation = { message: standby(jobId), triggers: new Map() };
      this.#incarnations.set(jobId, incarnation);
    }
    return incarnation;
  }
}

function standby(jobId: string): IncarnationMessage {
  return {
    jobId,
    phase: "standby",
    error: null,
    epoch: 1,
    taskManagers: 1000,
    taskManagersReady: 1000,
    leftOut: [],
    activation: null,
    job: null,
    lastCheckpoint: null,
    completedCheckpoints: 0,
    firstCheckpointMs: null,
    lastSavepoint: null,
    result: null,
    version: "scripted",
  };
}
