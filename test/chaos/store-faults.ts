/**
 * Owns: what is done to the store of a running job's checkpoints, through the proxy by which it reaches it: the rows of the fault matrix that need nothing else.
 * Called by: the suites that run by seeds (exactly-once, sql), which know when.
 */
import { type Random, sleep, systemClock } from "../../base/index.ts";
import type { Fault, FaultProxy, ProxiedRequest } from "../environment/index.ts";

export type StorePlace = { readonly store: FaultProxy; readonly random: Random };

type StoreFault = (place: StorePlace) => Promise<void>;

const ANSWERS = [
  { status: 500, code: "InternalError" },
  { status: 503, code: "ServiceUnavailable" },
  { status: 503, code: "SlowDown" },
] as const;

/** It answers as ever when the function resolves. */
export const storeFaults = {
  "6 the store answers 500 and 503": (place) =>
    during(place, ({ next }) =>
      next() < 0.6 ? { kind: "answer", ...(ANSWERS[Math.floor(next() * 3)] ?? ANSWERS[0]) } : null,
    ),
  "6 the store is slow": (place) =>
    during(place, ({ next }) => ({ kind: "wait", until: sleep(systemClock, next() * 2000) })),
  "7 the store's answers are lost": (place) =>
    during(place, ({ next }) => (next() < 0.4 ? { kind: "lose response" } : null)),
  "7 requests to the store are cut off half sent": (place) =>
    during(place, ({ next }) => (next() < 0.5 ? { kind: "half sent" } : null)),
  "7 the store answers 409 to conditional writes": (place) =>
    during(place, ({ next }, { headers }) =>
      headers["if-none-match"] !== undefined && next() < 0.6
        ? { kind: "answer", status: 409, code: "ConditionalRequestConflict" }
        : null,
    ),
} satisfies Record<string, StoreFault>;

export type StoreFaultName = keyof typeof storeFaults;

/** For some time requests to the store meet what `faultOf` says. */
async function during(
  { store, random }: StorePlace,
  faultOf: (random: Random, request: ProxiedRequest) => Fault | null,
): Promise<void> {
  store.faultOf = (request) => faultOf(random, request);
  await sleep(systemClock, 500 + random.next() * 2500);
  store.faultOf = () => null;
}
