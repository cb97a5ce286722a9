/**
 * Owns: following StreamJobs and their Events, telling their story, and waiting for what they come to.
 * Does not own: the words (job-story.ts). Called by: `run`, and every command with --wait.
 *
 * JF1 What was there before following began is no story: only the state in which a job is found is said.
 * JF2 That a JobManager does not answer is said when it lasts: pods that come and go are silent for a moment.
 */
import { readStreamJobStatus, type StreamJob } from "../../crds/index.ts";
import { type Event, type KubernetesApi, type ObjectKey } from "../../operator/kubernetes/api/index.ts";
import { WatchCache } from "../../operator/kubernetes/machinery/index.ts";
import { silentLog } from "../../base/index.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { conditionOf } from "./job-facts.ts";
import { JobStory, type StoryLine, type Tone } from "./job-story.ts";

/** How long steps wait for the Event that says why they are taken (JS4 of job-story.ts). */
const HOLD_MS = 300;

/** JF2 */
const SILENCE_MS = 3000;

export type JobFollowerOptions = {
  readonly api: KubernetesApi;
  readonly terminal: Terminal;
  /** null: all. */
  readonly namespace: string | null;
  readonly isFollowed: (key: ObjectKey) => boolean;
};

/** What a wait came to. */
export type Waited<T> = { readonly kind: "came"; readonly value: T } | { readonly kind: "timeout" };

export class JobFollower {
  readonly #options: JobFollowerOptions;
  readonly #jobs: WatchCache<"StreamJob">;
  readonly #events: WatchCache<"Event">;
  readonly #stories = new Map<string, JobStory>();
  /** Jobs whose JobManager does not answer; true: that was said. */
  readonly #silent = new Map<string, boolean>();
  readonly #listeners = new Set<() => void>();
  readonly #startedMs: number;
  #isStopped = false;

  constructor(options: JobFollowerOptions) {
    const { api, terminal, namespace } = options;
    this.#options = options;
    const settings = { clock: terminal.clock, random: terminal.random, log: silentLog, namespace };
    this.#jobs = new WatchCache(api, "StreamJob", settings);
    this.#events = new WatchCache(api, "Event", settings);
    this.#startedMs = terminal.clock.nowMs();
  }

  /** Resolves when the state of all jobs is known and said. Errors: the signal's reason. */
  async start(signal?: AbortSignal): Promise<void> {
    this.#jobs.subscribe(({ kind, object }) => this.#changed(object, kind === "deleted"));
    this.#events.subscribe(({ kind, object, old }) => {
      if (kind !== "deleted") this.#happened(object, old);
    });
    this.#jobs.start();
    this.#events.start();
    await Promise.all([this.#jobs.whenSynced(signal), this.#events.whenSynced(signal)]);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const [name, story] of this.#stories) {
      const [namespace = "", job = ""] = name.split("/");
      for (const said of story.release()) this.say({ namespace, name: job }, said);
    }
    await Promise.all([this.#jobs.stop(), this.#events.stop()]);
  }

  /** null: there is none. */
  get(key: ObjectKey): StreamJob | null {
    return this.#jobs.get(key);
  }

  /** All StreamJobs of the namespace, followed or not. */
  list(): readonly StreamJob[] {
    return this.#jobs.list();
  }

  /** How long the API server has said nothing, in milliseconds; null: it never said anything. */
  get silentMs(): number | null {
    return this.#jobs.figures().staleMs;
  }

  /** Asks at once and after each change, until there is an answer. `timeoutMs`: null: without end. */
  until<T extends object>(answer: () => T | null, timeoutMs: number | null): Promise<Waited<T>> {
    return new Promise((resolve) => {
      const finish = (waited: Waited<T>): void => {
        this.#listeners.delete(ask);
        timer?.cancel();
        resolve(waited);
      };
      const ask = (): void => {
        const value = answer();
        if (value !== null) finish({ kind: "came", value });
      };
      const timer =
        timeoutMs === null ? null : this.#options.terminal.clock.after(timeoutMs, () => finish({ kind: "timeout" }));
      this.#listeners.add(ask);
      ask();
    });
  }

  /** Has those who wait ask again, for something that no object shows. */
  nudge(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Says a line of the story of a job. */
  say(key: ObjectKey, { tone, text }: StoryLine): void {
    sayLine(this.#options.terminal, `${this.#label(key)}: ${text}`, tone);
  }

  #label({ namespace, name }: ObjectKey): string {
    return namespace === "default" ? name : `${namespace}/${name}`;
  }

  #changed(job: StreamJob, isGone: boolean): void {
    const { namespace, name } = job.metadata;
    const key = { namespace, name };
    if (this.#options.isFollowed(key)) this.#tell(key, isGone ? null : job);
    this.nudge();
  }

  #tell(key: ObjectKey, job: StreamJob | null): void {
    const story = this.#story(key);
    const wasHolding = story.isHolding;
    for (const said of story.next(job)) this.say(key, said);
    this.#noteSilence(key, job);
    if (wasHolding || !story.isHolding) return;
    this.#options.terminal.clock.after(HOLD_MS, () => {
      for (const said of story.release()) this.say(key, said);
    });
  }

  /** JF2 */
  #noteSilence(key: ObjectKey, job: StreamJob | null): void {
    const name = `${key.namespace}/${key.name}`;
    if (silenceOf(job) === null) {
      if (this.#silent.get(name) === true) this.say(key, { tone: "normal", text: "its JobManager answers again" });
      this.#silent.delete(name);
      return;
    }
    if (this.#silent.has(name)) return;
    this.#silent.set(name, false);
    this.#options.terminal.clock.after(SILENCE_MS, () => {
      const message = silenceOf(this.get(key));
      if (message === null || this.#silent.get(name) !== false || this.#isStopped) return;
      this.#silent.set(name, true);
      this.say(key, { tone: "warning", text: message });
    });
  }

  #happened(event: Event, old: Event | null): void {
    const { kind, namespace, name } = event.regarding;
    // JF1. A repeated one counts when it was last seen.
    const lastMs = Date.parse(event.series?.lastObservedTime ?? event.eventTime);
    if (kind !== "StreamJob" || lastMs < this.#startedMs || !this.#options.isFollowed({ namespace, name })) return;
    for (const said of this.#story({ namespace, name }).event(event, old !== null)) this.say({ namespace, name }, said);
  }

  #story({ namespace, name }: ObjectKey): JobStory {
    const key = `${namespace}/${name}`;
    const story = this.#stories.get(key) ?? new JobStory();
    this.#stories.set(key, story);
    return story;
  }
}

/** Why it is not known whether the job runs; null: it is known, or pods are coming and going anyway. */
function silenceOf(job: StreamJob | null): string | null {
  const read = job === null ? null : readStreamJobStatus(job.status);
  if (read?.kind !== "read" || read.status.operation !== undefined) return null;
  const running = conditionOf(read.status, "JobRunning");
  return running?.status === "Unknown" ? running.message : null;
}

/** A line with the time of day. */
export function sayLine({ say, colors, clock }: Terminal, text: string, tone: Tone = "normal"): void {
  const paint: Record<Tone, (text: string) => string> = {
    normal: (plain) => plain,
    good: colors.green,
    warning: colors.yellow,
    bad: colors.red,
    dim: colors.dim,
  };
  say(`${colors.dim(timeOfDay(clock.nowMs()))} ${paint[tone](text)}`);
}

/** UTC, as the other stories and all times in statuses are: `12:00:01`. */
function timeOfDay(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(11, 19);
}
