/**
 * Owns: the troubles that a life can be given: deaths at calls, answers of busy servers, watches that break, hide or repeat, and a past
 * that is told as the present.
 *
 * TRO1 None of them lasts: what is hidden is shown, who is held is let go. So the end is that of a calm life.
 */
import { type Clock, type Random } from "../../../base/index.ts";
import { ApiError, toApiStatus } from "../../../operator/kubernetes/api/index.ts";
import { type Fault, faults } from "../controller/sieve.ts";
import type { Interference } from "./interference.ts";
import { describeEvent } from "./life.ts";
import type { ApiCall } from "./mutations.ts";
import type { WireAnswer, WireEvent } from "./proxy.ts";

/** In model time, as all that is awaited here. */
const HIDDEN_MS = 4000;
const HELD_MS = 3000;

/** A fault at the first call of this kind. */
export function faultAt(wanted: string, fault: Fault): Interference {
  let done = 0;
  return {
    onMutation: (mutation) => {
      if (done > 0 || mutation !== wanted) return null;
      done++;
      return fault;
    },
    done: () => done,
  };
}

/** A fault at each mutation, once. */
export function faultAtEach(fault: Fault): Interference {
  const seen = new Set<string>();
  return {
    onMutation: (mutation) => {
      if (seen.has(mutation)) return null;
      seen.add(mutation);
      return fault;
    },
    done: () => seen.size,
  };
}

function statusAnswer(error: ApiError, headers: Readonly<Record<string, string>> = {}): WireAnswer {
  const status = toApiStatus(error);
  return { code: status.code ?? 500, body: JSON.stringify(status), headers };
}

export const busyAnswers = {
  "429 with Retry-After": statusAnswer(
    new ApiError("TooManyRequests", "too many requests, please try again later", { retryAfterMs: 1000 }),
    { "Retry-After": "1" },
  ),
  "500": { code: 500, body: JSON.stringify({ kind: "Status", status: "Failure", reason: "InternalError", code: 500 }) },
  "503 of a proxy that is no API server": { code: 503, body: "upstream connect error" },
} as const satisfies Readonly<Record<string, WireAnswer>>;

const CONFLICT = statusAnswer(
  new ApiError(
    "Conflict",
    "the object has been modified; please apply your changes to the latest version and try again",
  ),
);
const TIMEOUT = statusAnswer(
  new ApiError("Timeout", "the server was unable to return a response in the time allotted"),
);

/** Writes of a version that is checked are refused so many times each, as if somebody else had written in between. */
export function conflicts(times: number): Interference {
  const counts = new Map<string, number>();
  let done = 0;
  return {
    onCall: ({ mutation, method }) => {
      // What is created has no version; a deletion is bound to a uid, and a conflict there says that the object is gone.
      if (mutation === null || method === "POST" || method === "DELETE") return null;
      const count = counts.get(mutation) ?? 0;
      if (count >= times) return null;
      counts.set(mutation, count + 1);
      done++;
      return { kind: "answered", answer: CONFLICT };
    },
    done: () => done,
  };
}

/** Every so-many-th call of any kind, watches too, is answered like this, and not done. */
export function answerEvery(period: number, answer: WireAnswer, phase = 0): Interference {
  let done = 0;
  return {
    onCall: ({ number }) => {
      if (number % period !== phase % period) return null;
      done++;
      return { kind: "answered", answer };
    },
    done: () => done,
  };
}

/** Each write is done, and its caller is told that it took too long; once. */
export function timeoutsAfterwards(): Interference {
  const seen = new Set<string>();
  return {
    onCall: ({ mutation }) => {
      if (mutation === null || seen.has(mutation)) return null;
      seen.add(mutation);
      return { kind: "done, answered", answer: TIMEOUT };
    },
    done: () => seen.size,
  };
}

/** Each object is made, and its maker is told that it was there before: as if it had been made by one whose answer was lost. */
export function alreadyThere(): Interference {
  const answer = statusAnswer(new ApiError("AlreadyExists", "it already exists"));
  const seen = new Set<string>();
  return {
    onCall: ({ mutation, method }) => {
      if (mutation === null || method !== "POST" || seen.has(mutation)) return null;
      seen.add(mutation);
      return { kind: "done, answered", answer };
    },
    done: () => seen.size,
  };
}

/** Every so-many-th write gets no answer at all. */
export function unansweredEvery(period: number): Interference {
  let [writes, done] = [0, 0];
  return {
    onCall: ({ mutation }) => {
      if (mutation === null || ++writes % period !== 0) return null;
      done++;
      return { kind: "unanswered" };
    },
    done: () => done,
  };
}

export type WatchTrouble = "cut" | "closed" | "deaf" | "gone in the stream" | "twice";

/** After so many events of each watch. `deaf`: the connection stays, and nothing comes any more. */
export function watchesThat(trouble: WatchTrouble, afterEvents: number): Interference {
  let done = 0;
  return {
    onWatch: () => {
      let [seen, isDeaf] = [0, false];
      return (event, out) => {
        if (isDeaf) return;
        out.send(event);
        if (event.type === "BOOKMARK" || ++seen % afterEvents !== 0) return;
        done++;
        if (trouble === "cut") out.cut();
        if (trouble === "closed") out.end();
        if (trouble === "twice") out.send(event);
        if (trouble === "deaf") isDeaf = true;
        if (trouble !== "gone in the stream") return;
        out.send({ type: "ERROR", object: toApiStatus(new ApiError("Gone", "too old resource version")) as object });
        out.end();
      };
    },
    done: () => done,
  };
}

/** Every so-many-th watch is refused as too old (410), before it begins. */
export function goneEvery(period: number): Interference {
  const answer = statusAnswer(new ApiError("Gone", "too old resource version"));
  let [watches, done] = [0, 0];
  return {
    // At least one event each, then the next watch.
    ...watchesThat("closed", 2),
    onCall: ({ isWatch }) => {
      if (!isWatch || ++watches % period !== 0) return null;
      done++;
      return { kind: "answered", answer };
    },
    done: () => done,
  };
}

/** The first event of this kind is hidden until its object changes again, or for a while: what cancels it is seen first. */
export function hide(wanted: string, clock: () => Clock): Interference {
  let done = 0;
  return {
    onWatch: () => {
      let hidden: { readonly event: WireEvent; readonly timer: { cancel(): void } } | null = null;
      return (event, out) => {
        if (hidden !== null && event.object.metadata?.uid === hidden.event.object.metadata?.uid) {
          hidden.timer.cancel();
          hidden = null;
        }
        if (done > 0 || describeEvent(event) !== wanted) return out.send(event);
        done++;
        const show = (): void => {
          hidden = null;
          out.send(event);
        };
        hidden = { event, timer: clock().after(HIDDEN_MS, show) };
      };
    },
    done: () => done,
  };
}

/**
 * The operator dies after a mutation; the next one is told the lists of an earlier moment, before another mutation, and its watches are
 * held for a while: the past is told as the present.
 */
export function stale(from: string, diesAt: string, clock: () => Clock): Interference {
  const lists = new Map<string, string>();
  const asked = new Set<string>();
  let state: "before" | "marked" | "past" | "over" = "before";
  let heldUntilMs = 0;
  return {
    onMutation: (mutation) => {
      if (state !== "marked" || mutation !== diesAt) return null;
      state = "past";
      return "crash after";
    },
    onCall: async (call, forward) => {
      if (isList(call)) asked.add(call.target);
      if (state === "before" && call.mutation === from) {
        for (const target of asked) lists.set(target, await forward(target));
        state = "marked";
        // It may be the one to die at.
        if (from !== diesAt) return null;
        state = "past";
        return { kind: "crash after" };
      }
      if (state !== "past" && state !== "over") return null;
      if (call.isWatch) {
        await after(clock(), Math.max(0, heldUntilMs - clock().monotonicMs()));
        return null;
      }
      if (state === "over") return null;
      const body = lists.get(call.target);
      if (body === undefined) return null;
      // Each is told once: who asks again is told the truth.
      lists.delete(call.target);
      if (lists.size === 0) state = "over";
      return { kind: "answered", answer: { code: 200, body } };
    },
    onRestart: () => {
      heldUntilMs = clock().monotonicMs() + HELD_MS;
    },
    done: () => (state === "past" || state === "over" ? 1 : 0),
  };
}

const isList = ({ method, path, isWatch }: ApiCall): boolean =>
  method === "GET" && !isWatch && path !== null && path.name === null;

function after(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}

export const twoOperators: Interference = { done: () => 1, operators: 2 };

/** A call now and then goes wrong in one way or another. */
export function randomFaults(random: Random, share: number): Interference {
  return {
    onMutation: () => (random.next() < share ? (faults[Math.floor(random.next() * faults.length)] ?? null) : null),
    done: () => 0,
  };
}
