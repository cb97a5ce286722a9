/**
 * Owns: what a person is told while a StreamJob changes: from one status to the next, and from Events, lines in words.
 * Does not own: where lines go, and following (job-follower.ts). Pure.
 *
 * JS1 A thing is said once: what the status says (steps, readiness, ends) is not said again when its Event comes.
 *     That a version failed is said by the status, which always comes; Events are few (RC2).
 * JS2 A text that differs from the last one only in its numbers (counts, times) is not said again.
 * JS3 Downtime is said only when both its ends were seen: from when the old incarnation was asked to stop to when the new one ran. It is
 *     an upper bound: the old one goes on for a part of that.
 * JS4 Why an operation began is said before its steps: these are held back until its Event comes, or `release` is called.
 */
import {
  type Operation,
  parseTime,
  readStreamJobStatus,
  type StreamJob,
  type StreamJobStatus,
} from "../../crds/index.ts";
import type { Event } from "../../operator/kubernetes/api/index.ts";
import { conditionOf, holds } from "./job-facts.ts";

export type Tone = "normal" | "good" | "warning" | "bad" | "dim";
export type StoryLine = { readonly tone: Tone; readonly text: string };

type Course = { readonly id: string; readonly startedMs: number; stopMs: number | null; to: number | null };

/** Of one StreamJob. */
export class JobStory {
  #last: { readonly uid: string; readonly status: StreamJobStatus; readonly isLeaving: boolean } | null = null;
  #course: Course | null = null;
  readonly #said = new Map<string, string>();
  #held: StoryLine[] | null = null;

  /** What the next look at the job adds to the story; null: it is gone. */
  next(job: StreamJob | null): readonly StoryLine[] {
    if (job === null) {
      const wasThere = this.#last !== null;
      this.#last = null;
      this.#course = null;
      this.#said.clear();
      return [...this.release(), ...(wasThere ? [line("normal", "deleted")] : [])];
    }
    const read = readStreamJobStatus(job.status);
    if (read.kind === "unreadable") {
      return this.#once("unreadable", line("bad", "its status cannot be read; `streamjob get -o yaml` shows it"));
    }
    const { status } = read;
    const isLeaving = job.metadata.deletionTimestamp !== undefined;
    const uid = job.metadata.uid ?? "";
    const before = this.#last?.uid === uid ? this.#last : null;
    const isBegun = before !== null && status.operation?.operationId !== before.status.operation?.operationId;
    this.#last = { uid, status, isLeaving };
    const lines = before === null ? this.#firstLook(status) : this.#changes(before.status, status);
    if (isLeaving && before?.isLeaving !== true) lines.unshift(line("normal", "is being deleted"));
    if (isBegun && status.operation !== undefined) this.#held ??= [];
    const failures = before === null ? [] : failureLines(before.status, status);
    if (this.#held === null) return [...failures, ...lines];
    this.#held.push(...lines);
    return failures;
  }

  /** Whether lines wait for the Event that belongs before them (JS4). */
  get isHolding(): boolean {
    return this.#held !== null;
  }

  /** What was held back: the Event has not come in time. */
  release(): readonly StoryLine[] {
    const held = this.#held ?? [];
    this.#held = null;
    return held;
  }

  /** Something that an Event says. */
  event(event: Event, isRepeated: boolean): readonly StoryLine[] {
    if (toldByStatus.has(event.reason)) return [];
    const again = isRepeated ? ` (${event.series?.count ?? 2} times)` : "";
    if (isRepeated && event.type === "Normal") return [];
    const said = line(event.type === "Warning" ? "warning" : "normal", `${event.note}${again}`);
    return event.reason.endsWith("Started") ? [said, ...this.release()] : [said];
  }

  #firstLook(status: StreamJobStatus): StoryLine[] {
    if (status.observedGeneration < 0) return [];
    const ready = conditionOf(status, "Ready");
    const lines = [
      line(
        ready?.status === "True" ? "good" : "normal",
        `${status.phase}${ready?.message ? `: ${ready.message}` : ""}`,
      ),
    ];
    if (holds(status, "Suspended")) lines.push(line("normal", "`streamjob resume` resumes it"));
    this.#follow(status.operation);
    // Said just now, or old: only what is new is a story.
    this.#trouble(status);
    return lines;
  }

  #changes(before: StreamJobStatus, after: StreamJobStatus): StoryLine[] {
    const lines: StoryLine[] = [];
    this.#follow(after.operation);
    lines.push(...stepLines(before.operation, after.operation));
    if (after.restarts > before.restarts && before.active?.incarnation === after.active?.incarnation) {
      const why = conditionOf(after, "JobRunning");
      const reason = why?.status === "False" && why.message !== "" ? `: ${why.message}` : "";
      lines.push(
        line("warning", `restarted, ${after.restarts} since incarnation ${after.active?.incarnation} started${reason}`),
      );
    }
    lines.push(...this.#trouble(after));
    lines.push(...endLines(before, after), ...this.#readyLines(before, after), ...restLines(before, after));
    return lines;
  }

  /** Remembers when the operation began, and when it asked the old job to stop (JS3). */
  #follow(operation: Operation | undefined): void {
    if (operation === undefined) return;
    if (this.#course?.id !== operation.operationId) {
      this.#course = {
        id: operation.operationId,
        startedMs: parseTime(operation.startedAt),
        stopMs: null,
        to: operation.to,
      };
    }
    this.#course.to = operation.to;
    const isStop = operation.step === "Stopping" || operation.step === "Terminating";
    if (isStop && operation.from !== null) this.#course.stopMs ??= parseTime(operation.stepSince);
  }

  #trouble(status: StreamJobStatus): readonly StoryLine[] {
    return [...this.#condition(status, "Stalled", "bad"), ...this.#condition(status, "UpgradeBlocked", "warning")];
  }

  #condition(status: StreamJobStatus, type: "Stalled" | "UpgradeBlocked", tone: Tone): readonly StoryLine[] {
    const condition = conditionOf(status, type);
    // That a version failed is an Event of its own, and Stalled says what to do.
    const isTold = type === "UpgradeBlocked" && (holds(status, "Stalled") || condition?.reason === "VersionFailed");
    if (condition?.status !== "True" || isTold) {
      this.#said.delete(type);
      return [];
    }
    const how = condition.reason === "AwaitingApproval" ? "; approve it with `streamjob approve`" : "";
    return this.#once(type, line(tone, `${condition.message === "" ? condition.reason : condition.message}${how}`));
  }

  /** JS2 */
  #once(subject: string, said: StoryLine): readonly StoryLine[] {
    const text = said.text.replace(/\d+/g, "#");
    if (this.#said.get(subject) === text) return [];
    this.#said.set(subject, text);
    return [said];
  }

  #readyLines(before: StreamJobStatus, after: StreamJobStatus): readonly StoryLine[] {
    const ready = conditionOf(after, "Ready");
    // Of an end and of a suspension there is more to say.
    if (ready?.status !== "True" || (after.active?.ended ?? null) !== null || holds(after, "Suspended")) return [];
    if (!holds(before, "Ready") || before.active?.incarnation !== after.active?.incarnation) {
      const details = this.#figures(after);
      const text = `Ready: ${ready.message}${details === "" ? "" : ` (${details})`}`;
      this.#course = null;
      return [line("good", text)];
    }
    if (after.observedGeneration === before.observedGeneration) return [];
    return [line("normal", `generation ${after.observedGeneration} changes nothing in the running job; Ready`)];
  }

  #figures(status: StreamJobStatus): string {
    const course = this.#course;
    if (course === null || course.to === null || status.active?.incarnation !== course.to) return "";
    const parts: string[] = [];
    const readyAt = conditionOf(status, "Ready")?.lastTransitionTime;
    if (readyAt !== undefined) parts.push(`took ${seconds(parseTime(readyAt) - course.startedMs)}`);
    const runningAt = conditionOf(status, "JobRunning")?.lastTransitionTime;
    if (course.stopMs !== null && runningAt !== undefined && parseTime(runningAt) >= course.stopMs) {
      parts.push(`down for at most ${seconds(parseTime(runningAt) - course.stopMs)}`);
    }
    return parts.join(", ");
  }
}

/** What is new in the history about versions that do not run. */
function failureLines(before: StreamJobStatus, after: StreamJobStatus): readonly StoryLine[] {
  const known = new Set(before.history.map((entry) => JSON.stringify(entry)));
  const end = after.active?.ended ?? null;
  return (
    after.history
      .filter((entry) => !known.has(JSON.stringify(entry)))
      // An end has a line of its own.
      .filter(({ why }) => end?.status !== "FAILED" || end.message !== why)
      .flatMap(({ what, why, generation }) => {
        if (what === "failed") return [line("warning", `generation ${generation} failed: ${why}`)];
        if (what === "refused") return [line("warning", `generation ${generation} is not rolled out: ${why}`)];
        return what === "not rolled back" ? [line("warning", why)] : [];
      })
  );
}

/** JS1 */
const toldByStatus: ReadonlySet<string> = new Set([
  "JobFinished",
  "JobFailed",
  "Deployed",
  "Upgraded",
  "Resumed",
  "Recovered",
  "Suspended",
  "Deleted",
  "VersionFailed",
  "UpgradeRefused",
  "RequestRefused",
]);

function stepLines(before: Operation | undefined, after: Operation | undefined): readonly StoryLine[] {
  if (after === undefined) return [];
  if (before?.operationId === after.operationId && before.step === after.step && before.to === after.to) return [];
  const text = stepText(after);
  return text === null ? [] : [line("dim", `${after.step}: ${text}`)];
}

/** What happens in the step; null: nothing that is worth a line. */
function stepText({ step, kind, from, to, standby }: Operation): string | null {
  switch (step) {
    case "Standby":
      return standby === "warm" && from !== null && kind === "upgrade"
        ? `starting incarnation ${to} beside incarnation ${from}, which keeps running`
        : `starting incarnation ${to}`;
    case "Preflight":
      return `checking that incarnation ${to} accepts the state`;
    case "Stopping":
      return `stopping incarnation ${from} with a savepoint`;
    case "Terminating":
      return from === null ? null : `deleting the pods of incarnation ${from}`;
    case "Activating":
      return `activating incarnation ${to}`;
    case "Proving":
      return `waiting for the first checkpoint of incarnation ${to}`;
  }
}

function endLines(before: StreamJobStatus, after: StreamJobStatus): readonly StoryLine[] {
  const ended = after.active?.ended ?? null;
  const isNew = before.active?.incarnation !== after.active?.incarnation || (before.active?.ended ?? null) === null;
  // That it failed for good is what Stalled says, with what to do.
  if (ended === null || !isNew || (ended.status === "FAILED" && holds(after, "Stalled"))) return [];
  const why = ended.message === `the job is ${ended.status}` ? "" : `: ${ended.message}`;
  return [line(ended.status === "FAILED" ? "bad" : "good", `${ended.status}${why}`)];
}

function restLines(before: StreamJobStatus, after: StreamJobStatus): readonly StoryLine[] {
  const lines: StoryLine[] = [];
  if (holds(after, "Suspended") && !holds(before, "Suspended")) {
    const { resume } = after;
    const from =
      resume?.kind === "path" ? resume.path : resume?.kind === "latest" ? (resume.savepoint ?? resume.storeUri) : null;
    lines.push(line("good", `Suspended${from === null ? "" : `; will resume from ${from}`}`));
  }
  if (holds(after, "Paused") !== holds(before, "Paused")) {
    lines.push(
      line(
        "warning",
        holds(after, "Paused")
          ? "paused: the operator does nothing for it until `streamjob unpause`"
          : "no longer paused",
      ),
    );
  }
  return lines;
}

function line(tone: Tone, text: string): StoryLine {
  return { tone, text };
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(2)} s` : `${Math.round(ms / 1000)} s`;
}
