/**
 * Owns: the sessions of a key: which one a row is in, which become one through it, and when they are over.
 * Not here: what is kept of their rows (`SessionContent`).
 *
 * SQSW1 A session lasts until a gap passes without a row; two that touch are one, as in Flink. It is over when the watermark, or the clock, reaches its last
 *     millisecond, and is handed out once.
 * SQSW2 A row whose session would be over already is late: it is left out and counted.
 */
import { t, type ValueType } from "../../record/index.ts";
import type { KeyedOperatorState, MapState, TimerService } from "../../ports/index.ts";
import { SESSIONS } from "./state-names.ts";
import type { WatermarkMemory } from "./watermark-memory.ts";
import type { WindowTime } from "./window-time.ts";

/** What is kept of the rows of a session. */
export type SessionContent<S> = {
  readonly type: ValueType<S>;
  create(): S;
  merge(left: S, right: S): void;
  isEmpty(content: S): boolean;
  /** The session of the current key is over. */
  emit(start: number, end: number, content: S): void;
};

/** Times are local. */
type Session<S> = { readonly end: number; readonly content: S };

export const sessionType = <S>(content: ValueType<S>): ValueType<Session<S>> =>
  t.record({ end: t.timestamp, content: content as ValueType<unknown> }) as unknown as ValueType<Session<S>>;

export class SessionWindows<S> {
  readonly #gap: number;
  readonly #time: WindowTime;
  readonly #content: SessionContent<S>;
  readonly #watermark: WatermarkMemory;
  readonly #keyed: KeyedOperatorState;
  readonly #sessions: MapState<number, Session<S>>;
  readonly #timers: TimerService;

  constructor(
    { gap, time, content }: { readonly gap: number; readonly time: WindowTime; readonly content: SessionContent<S> },
    keyed: KeyedOperatorState,
    watermark: WatermarkMemory,
  ) {
    this.#gap = gap;
    this.#time = time;
    this.#content = content;
    this.#watermark = watermark;
    this.#keyed = keyed;
    this.#sessions = keyed.map({
      name: SESSIONS,
      keyType: t.timestamp as ValueType<number>,
      type: sessionType(content.type),
    });
    this.#timers = keyed.timers("windows", {
      onEventTime: (timestamp) => this.#close(timestamp + 1),
      onProcessingTime: (timestamp) => this.#close(timestamp),
    });
  }

  /** Lets `change` have the content of the current key's session at that time. False: the row is late (SQSW2). */
  add(time: number, change: (content: S) => void): boolean {
    let start = time;
    let end = time + this.#gap;
    const touched: [number, Session<S>][] = [];
    for (const [from, session] of this.#sessions.entries())
      if (from <= time + this.#gap && session.end >= time) touched.push([from, session]);
    for (const [from, session] of touched) {
      start = Math.min(start, from);
      end = Math.max(end, session.end);
    }
    if (!this.#time.isProctime && this.#time.lastInstantOf(end) <= this.#watermark.current) return false;
    touched.sort(([left], [right]) => left - right);
    const content = touched[0]?.[1].content ?? this.#content.create();
    for (const [at, [from, session]] of touched.entries()) {
      if (at > 0) this.#content.merge(content, session.content);
      this.#sessions.remove(from);
      this.#setTimer(session.end, false);
    }
    change(content);
    if (this.#content.isEmpty(content)) return true;
    this.#sessions.put(start, { end, content });
    this.#setTimer(end, true);
    return true;
  }

  /** All input has come: no session goes on. */
  closeAll(): void {
    this.#keyed.forEachKey(SESSIONS, () => this.#close(Number.POSITIVE_INFINITY));
  }

  /** Of the current key: those that end at that instant, or before. */
  #close(instant: number): void {
    const over: [number, Session<S>][] = [];
    for (const [start, session] of this.#sessions.entries())
      if (this.#time.instantOf(session.end) <= instant) over.push([start, session]);
    for (const [start, { end, content }] of over.toSorted(([left], [right]) => left - right)) {
      this.#sessions.remove(start);
      this.#content.emit(start, end, content);
    }
  }

  #setTimer(end: number, isOn: boolean): void {
    if (this.#time.isProctime) {
      const instant = this.#time.instantOf(end);
      if (isOn) this.#timers.registerProcessingTime(instant);
      else this.#timers.deleteProcessingTime(instant);
    } else if (isOn) {
      this.#timers.registerEventTime(this.#time.lastInstantOf(end));
    } else {
      this.#timers.deleteEventTime(this.#time.lastInstantOf(end));
    }
  }
}
