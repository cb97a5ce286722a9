/**
 * Owns: which exceptions of a job are news, so that each becomes one event and an undisturbed job costs no request.
 * Called by: observe; the controller, when a plan that tells them has been carried out.
 *
 * EM1 They are asked for only when the JobManager tells of a trouble that it did not tell of before.
 * EM2 What was told once is not told again by this operator; another one that takes over may tell the newest once more.
 * EM3 The newest of a job is kept: what is decided because of a trouble that has been told says which it was.
 * EM4 Bounded: one entry for each of the last JOBS_MAX jobs that had trouble.
 */
import type { IncarnationView, JobException } from "../engine/index.ts";

const JOBS_MAX = 10_000;

const troubled: ReadonlySet<string> = new Set(["RESTARTING", "FAILING", "FAILED"]);

type Memory = {
  /** What the JobManager told of when all its exceptions were news no more. */
  readonly trouble: string;
  /** Up to when they have been told, in epoch milliseconds. */
  readonly toldMs: number;
  /** null: the JobManager told of none. */
  readonly newest: JobException | null;
};

export type ExceptionNews = {
  readonly jobId: string;
  readonly trouble: string;
  /** Newest first. */
  readonly exceptions: readonly JobException[];
  /** News or not. */
  readonly newest: JobException | null;
};

export class ExceptionMemory {
  readonly #memories = new Map<string, Memory>();

  /** EM3. null: none has been told. */
  newest(jobId: string): JobException | null {
    return this.#memories.get(jobId)?.newest ?? null;
  }

  /** The job's trouble in one text when it is worth asking about; null: nothing is new. */
  newTrouble({ jobId, job }: IncarnationView): string | null {
    if (job === null || (job.restarts === 0 && job.failure === null && !troubled.has(job.status))) return null;
    const trouble = `${job.startedMs}/${job.restarts}/${job.status}/${job.failure?.message ?? ""}`;
    return this.#memories.get(jobId)?.trouble === trouble ? null : trouble;
  }

  /** What of the answer was not told yet, each once by time and text. */
  news(jobId: string, trouble: string, told: readonly JobException[]): ExceptionNews {
    const known = this.#memories.get(jobId);
    const toldMs = known?.toldMs ?? -1;
    const seen = new Set<string>();
    const exceptions: JobException[] = [];
    let newest = known?.newest ?? null;
    for (const exception of told) {
      const { timeMs, message } = exception;
      const id = `${timeMs} ${message}`;
      if (newest === null || timeMs > newest.timeMs) newest = exception;
      if (timeMs <= toldMs || seen.has(id)) continue;
      seen.add(id);
      exceptions.push(exception);
    }
    return { jobId, trouble, exceptions, newest };
  }

  /** The news have become events. */
  markTold({ jobId, trouble, exceptions, newest }: ExceptionNews): void {
    const toldMs = Math.max(this.#memories.get(jobId)?.toldMs ?? -1, ...exceptions.map(({ timeMs }) => timeMs));
    this.#memories.delete(jobId);
    this.#memories.set(jobId, { trouble, toldMs, newest });
    if (this.#memories.size <= JOBS_MAX) return;
    for (const oldest of this.#memories.keys()) {
      this.#memories.delete(oldest);
      return;
    }
  }
}
