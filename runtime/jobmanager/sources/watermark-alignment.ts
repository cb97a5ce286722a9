/**
 * Owns: the lowest watermark of each group of sources whose watermarks are aligned, told to all of them so often as they ask for.
 * Not here: who is paused for it (timestamps-and-watermarks-operator.ts). Called by: source-coordinators.ts, in turns.
 *
 * WAL1 The lowest counts over the subtasks of all sources of a group that run now and are not idle; null: there is none (WM-4). A subtask that has no
 *     watermark yet reports the lowest there is, so that the others wait for it.
 * WAL2 What a subtask said is forgotten when its attempt has ended; what it says again is of its next attempt.
 */
import type { Timer } from "../../../base/index.ts";
import type { FromJobManager, TaskRef, ToJobManager } from "../../rpc/index.ts";
import type { Turns } from "../turns.ts";

export type WatermarkReport = Extract<ToJobManager, { kind: "watermarkReport" }>;

export type AlignmentOptions = {
  readonly epoch: number;
  readonly turns: Pick<Turns, "after">;
  readonly isRunning: (task: TaskRef) => boolean;
  readonly send: (task: TaskRef, message: FromJobManager) => void;
};

type Group = {
  /** By vertex and subtask. */
  readonly reports: Map<string, WatermarkReport>;
  timer: Timer | null;
};

export class WatermarkAlignment {
  readonly #options: AlignmentOptions;
  readonly #groups = new Map<string, Group>();

  constructor(options: AlignmentOptions) {
    this.#options = options;
  }

  report(report: WatermarkReport): void {
    const { vertex, subtask } = report.task;
    const group: Group = this.#groups.get(report.group) ?? { reports: new Map(), timer: null };
    this.#groups.set(report.group, group);
    group.reports.set(`${vertex}/${subtask}`, report);
    if (group.timer === null) this.#arm(report.group, group);
  }

  close(): void {
    for (const { timer } of this.#groups.values()) timer?.cancel();
    this.#groups.clear();
  }

  #arm(name: string, group: Group): void {
    const everyMs = Math.min(...[...group.reports.values()].map(({ updateMs }) => updateMs));
    group.timer = this.#options.turns.after(everyMs, () => {
      group.timer = null;
      this.#update(name, group);
      if (group.reports.size > 0) this.#arm(name, group);
    });
  }

  #update(name: string, { reports }: Group): void {
    const { isRunning, send, epoch } = this.#options;
    for (const [place, { task }] of reports) if (!isRunning(task)) reports.delete(place);
    const active = [...reports.values()].flatMap(({ watermark }) => (watermark === null ? [] : [watermark]));
    const lowest = active.length === 0 ? null : Math.min(...active);
    for (const { task } of reports.values())
      send(task, { kind: "alignWatermarks", epoch, tasks: [task], group: name, lowest });
  }
}
