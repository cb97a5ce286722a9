/**
 * Owns: telling people what happened to an object, as Kubernetes Events: few of them, however often it happens.
 * Called by: apply, the controller.
 *
 * RC1 The same event (object, type, reason, note) within ten minutes is one Event with a series: its count is written at most every 30 s.
 * RC2 An object gets at most 25 new Events at once and one more per minute. Above that each reason of a Warning has a reserve of its own,
 *     of 3 and one more per minute: no other events, and no other warnings, keep it from being told. The rest is dropped and counted.
 * RC3 Telling never fails and never holds up the caller: a failed write is logged. One write is under way at a time, and what waits is
 *     limited.
 * RC4 A note has at most 1024 bytes, which is how the API server counts; a longer one ends with an ellipsis.
 */
import { assert, type Clock, type Log, type Random, type Timer } from "../../../base/index.ts";
import {
  type Event,
  isApiError,
  type KubernetesApi,
  type KubernetesObject,
  microTime,
  resources,
} from "../api/index.ts";
import { callWithin } from "./waiting.ts";

export type EventRecorderOptions = {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Who reports: "streamjob.dev/operator". */
  readonly controller: string;
  /** Which process of it. */
  readonly instance: string;
};

export type EventText = {
  readonly type: "Normal" | "Warning";
  /** One word in CamelCase, at most 128 characters. */
  readonly reason: string;
  /** What was done or tried, in one word. Default: the reason. */
  readonly action?: string;
  /** What happened, for people. */
  readonly note: string;
};

export type EventRecorderFigures = { readonly written: number; readonly dropped: number; readonly failed: number };

const NOTE_BYTES_MAX = 1024;
const WORD_MAX = 128;
const NAME_MAX = 253;
const SERIES_MS = 600_000;
const SERIES_WRITE_GAP_MS = 30_000;
const BURST = 25;
/** Of one reason of Warnings about one object (RC2). */
const RESERVE = 3;
const REFILL_MS = 60_000;
/** Series and objects remembered; beyond, the oldest is forgotten, which costs an Event more. */
const REMEMBERED_MAX = 4096;
const WAITING_MAX = 1000;
const CALL_TIMEOUT_MS = 10_000;

type Series = {
  readonly event: Event;
  count: number;
  writtenCount: number;
  lastMs: number;
  writtenMs: number;
  timer: Timer | null;
};

type Bucket = { tokens: number; filledMs: number };

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, Bucket>();
  readonly #waiting: (() => Promise<void>)[] = [];
  #writing: Promise<void> | null = null;
  #isStopped = false;
  #written = 0;
  #dropped = 0;
  #failed = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Tells that this happened to the object. Returns at once. Never put a secret into a note: Events are widely readable. */
  record(regarding: KubernetesObject, text: EventText): void {
    if (this.#isStopped) return;
    const nowMs = this.#options.clock.monotonicMs();
    const { metadata, kind } = regarding;
    const object = metadata.uid ?? `${kind} ${metadata.namespace}/${metadata.name}`;
    const key = JSON.stringify([object, text.type, text.reason, text.note]);
    const series = this.#series.get(key);
    if (series !== undefined && nowMs - series.lastMs < SERIES_MS) {
      series.count += 1;
      series.lastMs = nowMs;
      this.#writeSeriesInTime(series);
      return;
    }
    if (!this.#mayTell(object, text, nowMs)) {
      this.#drop(text.reason, regarding);
      return;
    }
    const event = this.#event(regarding, text);
    const begun: Series = { event, count: 1, writtenCount: 1, lastMs: nowMs, writtenMs: nowMs, timer: null };
    keep(this.#series, key, begun, (forgotten) => forgotten.timer?.cancel());
    this.#enqueue(event, () => this.#create(event));
  }

  figures(): EventRecorderFigures {
    return { written: this.#written, dropped: this.#dropped, failed: this.#failed };
  }

  /** Writes what waits, with the last counts, and resolves when that is done (or has failed). Nothing is taken any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const series of this.#series.values()) {
      series.timer?.cancel();
      if (series.count > series.writtenCount) this.#enqueue(series.event, () => this.#writeSeries(series));
    }
    this.#series.clear();
    await this.#writing;
  }

  #writeSeriesInTime(series: Series): void {
    if (series.timer !== null) return;
    const { clock } = this.#options;
    const waitMs = Math.max(0, series.writtenMs + SERIES_WRITE_GAP_MS - clock.monotonicMs());
    series.timer = clock.after(waitMs, () => {
      series.timer = null;
      series.writtenMs = clock.monotonicMs();
      this.#enqueue(series.event, () => this.#writeSeries(series));
    });
  }

  async #create(event: Event): Promise<void> {
    const what = `create Event ${event.metadata.namespace}/${event.metadata.name}`;
    const { api, clock } = this.#options;
    await callWithin({ clock, timeoutMs: CALL_TIMEOUT_MS, what }, (signal) => api.create("Event", event, { signal }));
  }

  async #writeSeries(series: Series): Promise<void> {
    const { api, clock } = this.#options;
    const { namespace, name } = series.event.metadata;
    const { count } = series;
    const lastObservedMs = clock.nowMs() - (clock.monotonicMs() - series.lastMs);
    const patch = { series: { count, lastObservedTime: microTime(lastObservedMs) } };
    const limits = { clock, timeoutMs: CALL_TIMEOUT_MS, what: `patch Event ${namespace}/${name}` };
    try {
      await callWithin(limits, (signal) => api.patch("Event", { namespace, name }, patch, { signal }));
    } catch (error) {
      // Events live an hour, and the first write of this one may have failed.
      if (!isApiError(error, "NotFound")) throw error;
      await this.#create({ ...series.event, ...patch });
    }
    series.writtenCount = count;
  }

  #enqueue(event: Event, write: () => Promise<void>): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#drop(event.reason, event.regarding);
      return;
    }
    this.#waiting.push(write);
    this.#writing ??= this.#writeAll();
  }

  /** Never rejects (RC3). */
  async #writeAll(): Promise<void> {
    for (let write = this.#waiting.shift(); write !== undefined; write = this.#waiting.shift()) {
      try {
        await write();
        this.#written += 1;
      } catch (error) {
        this.#failed += 1;
        this.#options.log.warn({ err: error }, "could not write an Event");
      }
    }
    this.#writing = null;
  }

  #drop(reason: string, regarding: object): void {
    this.#dropped += 1;
    this.#options.log.debug({ reason, regarding: nameOf(regarding) }, "event dropped: rate limit exceeded");
  }

  /** RC2 */
  #mayTell(object: string, { type, reason }: EventText, nowMs: number): boolean {
    if (this.#takeToken(object, BURST, nowMs)) return true;
    return type === "Warning" && this.#takeToken(JSON.stringify([object, reason]), RESERVE, nowMs);
  }

  #takeToken(whose: string, burst: number, nowMs: number): boolean {
    const bucket = this.#buckets.get(whose) ?? { tokens: burst, filledMs: nowMs };
    const refills = Math.floor((nowMs - bucket.filledMs) / REFILL_MS);
    bucket.tokens = Math.min(burst, bucket.tokens + refills);
    bucket.filledMs += refills * REFILL_MS;
    keep(this.#buckets, whose, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #event(regarding: KubernetesObject, text: EventText): Event {
    const { clock, random, controller, instance } = this.#options;
    const { apiVersion, kind, metadata } = regarding;
    const { namespace, name, uid } = metadata;
    assert(text.reason !== "" && text.reason.length <= WORD_MAX, `an Event's reason is one word, not "${text.reason}"`);
    const suffix = `.${random.hex(8)}`;
    return {
      apiVersion: resources.Event.apiVersion,
      kind: "Event",
      metadata: { namespace, name: `${name.slice(0, NAME_MAX - suffix.length)}${suffix}` },
      eventTime: microTime(clock.nowMs()),
      reportingController: controller,
      reportingInstance: instance.slice(0, WORD_MAX),
      type: text.type,
      reason: text.reason,
      action: (text.action ?? text.reason).slice(0, WORD_MAX),
      note: cutNote(text.note),
      regarding: { apiVersion, kind, namespace, name, ...(uid === undefined ? {} : { uid }) },
    };
  }
}

/** At most 1024 bytes of UTF-8, whole characters (RC4). */
export function cutNote(note: string): string {
  if (Buffer.byteLength(note) <= NOTE_BYTES_MAX) return note;
  const ellipsis = "…";
  let cut = "";
  let bytes = Buffer.byteLength(ellipsis);
  for (const character of note) {
    bytes += Buffer.byteLength(character);
    if (bytes > NOTE_BYTES_MAX) break;
    cut += character;
  }
  return `${cut}${ellipsis}`;
}

function nameOf(regarding: object): unknown {
  return "metadata" in regarding ? (regarding as KubernetesObject).metadata.name : regarding;
}

/** Sets as the newest, and forgets the oldest beyond the limit. */
function keep<V>(map: Map<string, V>, key: string, value: V, onForget?: (value: V) => void): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= REMEMBERED_MAX) return;
  for (const [oldest, forgotten] of map) {
    map.delete(oldest);
    onForget?.(forgotten);
    return;
  }
}
