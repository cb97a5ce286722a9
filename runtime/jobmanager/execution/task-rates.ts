/**
 * Owns: how many records and bytes a second a task handles, from the totals that its heartbeats report.
 * Called by: job-manager.ts (add), execution.ts (rates).
 *
 * TRA1 The rate is that between the newest report and the one a minute before, or the first one of the attempt: reports may come at any
 *     times. Before the second report there is none.
 */
import type { TaskMetrics } from "../../rpc/index.ts";
import type { IoRates } from "../control.ts";

type Report = { readonly atMs: number; readonly metrics: TaskMetrics };

const WINDOW_MS = 60_000;
/** Heartbeats come every half second; should they come faster, the window is shorter. */
const REPORTS_MAX = 256;

export class TaskRates {
  #reports: Report[] = [];

  /** `atMs`: monotonic. */
  add(metrics: TaskMetrics, atMs: number): void {
    const [first] = this.#reports;
    if (first !== undefined && first.metrics.task.attempt !== metrics.task.attempt) this.#reports = [];
    this.#reports.push({ atMs, metrics });
    // One report at or before the beginning of the window stays.
    while ((this.#reports[1]?.atMs ?? atMs) <= atMs - WINDOW_MS || this.#reports.length > REPORTS_MAX)
      this.#reports.shift();
  }

  /** null: not known yet. */
  rates(): IoRates | null {
    const [first] = this.#reports;
    const last = this.#reports.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return null;
    const perSecond = (of: (metrics: TaskMetrics) => number): number =>
      ((of(last.metrics) - of(first.metrics)) / (last.atMs - first.atMs)) * 1000;
    return {
      recordsIn: perSecond(({ recordsIn }) => recordsIn),
      recordsOut: perSecond(({ recordsOut }) => recordsOut),
      bytesIn: perSecond(({ bytesIn }) => bytesIn),
      bytesOut: perSecond(({ bytesOut }) => bytesOut),
    };
  }
}
