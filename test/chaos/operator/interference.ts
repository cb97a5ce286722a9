/**
 * Owns: what a plan does to a life, as a value that is asked at each call and each watch; several of them at once.
 *
 * INF1 One is made for each life: it remembers what it has done already.
 */
import type { Fault } from "../controller/sieve.ts";
import type { ApiCall } from "./mutations.ts";
import type { Fate, WatchFilter } from "./proxy.ts";

export type Interference = {
  /** Calls that change something, of the API server and of JobManagers; null: it goes through. Asked once for each. */
  readonly onMutation?: (mutation: string) => Fault | null;
  /** Every call of the API server that `onMutation` lets through. */
  readonly onCall?: (call: ApiCall, forward: Forward) => Fate | null | Promise<Fate | null>;
  readonly onWatch?: (call: ApiCall) => WatchFilter | null;
  /** Another operator begins. */
  readonly onRestart?: () => void;
  /** How often it has done what it is for; a plan that never did is no test. */
  readonly done: () => number;
  /** How many operators at a time. Default 1. */
  readonly operators?: number;
};

/** The answer to a GET of the API server, past the proxy. */
export type Forward = (target: string) => Promise<string>;

export const nothing: Interference = { done: () => 1 };

/** All of them; what the first one decides counts. */
export function together(all: readonly Interference[]): Interference {
  return {
    onMutation: (mutation) => firstOf(all, (one) => one.onMutation?.(mutation) ?? null),
    onCall: async (call, forward) => {
      for (const one of all) {
        const fate = (await one.onCall?.(call, forward)) ?? null;
        if (fate !== null) return fate;
      }
      return null;
    },
    onWatch: (call) => firstOf(all, (one) => one.onWatch?.(call) ?? null),
    onRestart: () => {
      for (const one of all) one.onRestart?.();
    },
    done: () => Math.max(...all.map((one) => one.done())),
    operators: Math.max(...all.map((one) => one.operators ?? 1)),
  };
}

function firstOf<T>(all: readonly Interference[], ask: (one: Interference) => T | null): T | null {
  for (const one of all) {
    const answer = ask(one);
    if (answer !== null) return answer;
  }
  return null;
}
