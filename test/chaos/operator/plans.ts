/**
 * Owns: the plans: which trouble a life is given and when, made from what calm lives did; and plans by chance, from a seed.
 *
 * SPL1 A plan is known by its name; with the name it is made again.
 * SPL2 Places are those that every calm life had: one that is left to timing would make a plan that tests nothing.
 */
import { type Clock, seededRandom } from "../../../base/index.ts";
import { faults } from "../controller/sieve.ts";
import { type Interference, together } from "./interference.ts";
import type { Life } from "./life.ts";
import * as troubles from "./troubles.ts";

export type PlanKind = "intermediate" | "unobserved" | "stale" | "busy" | "watch" | "chance";

export type Plan = {
  readonly kind: PlanKind;
  readonly name: string;
  readonly make: (clock: () => Clock) => Interference;
};

/** So many mutations before the one at which it dies the past begins; 0: right before it. */
const STALE_DEPTHS = [0, 1, 5];

export function allPlans(calm: readonly Life[]): Plan[] {
  const mutations = inAll(calm.map((life) => life.mutations));
  const events = inAll(calm.map((life) => followedOnly(life)));
  return [
    ...mutations.flatMap((mutation) =>
      faults.map((fault): Plan => intermediate(`${fault}: ${mutation}`, () => troubles.faultAt(mutation, fault))),
    ),
    ...faults.map((fault) => intermediate(`${fault}: each, once`, () => troubles.faultAtEach(fault))),
    ...events.map(
      (event): Plan => ({
        kind: "unobserved",
        name: `hidden until it is outdated: ${event}`,
        make: (clock) => troubles.hide(event, clock),
      }),
    ),
    ...stalePlans(mutations),
    ...busyPlans,
    ...watchPlans,
  ];
}

const intermediate = (name: string, make: () => Interference): Plan => ({ kind: "intermediate", name, make });

/** Only calls of the API server can be a mark: a JobManager's is no moment of the server. */
function stalePlans(mutations: readonly string[]): Plan[] {
  const ofServer = mutations.filter((mutation) => /^(create|update|updateStatus|patch|apply|delete) /.test(mutation));
  return ofServer.flatMap((diesAt, index) =>
    STALE_DEPTHS.flatMap((depth): Plan[] => {
      const from = ofServer[index - depth];
      if (from === undefined) return [];
      const name = `dies after ${diesAt}, and the next one sees what was before ${from}`;
      return [{ kind: "stale", name, make: (clock) => troubles.stale(from, diesAt, clock) }];
    }),
  );
}

const busy = (name: string, make: () => Interference): Plan => ({ kind: "busy", name, make });
const busyPlans: readonly Plan[] = [
  ...[1, 3].map((times) => busy(`each write meets ${times} conflicts`, () => troubles.conflicts(times))),
  ...Object.entries(troubles.busyAnswers).flatMap(([name, answer]) => [
    busy(`every 3rd call: ${name}`, () => troubles.answerEvery(3, answer)),
    busy(`every 7th call: ${name}`, () => troubles.answerEvery(7, answer, 3)),
  ]),
  busy("each write is done and answered with a timeout, once", troubles.timeoutsAfterwards),
  busy("each object that is created was there before", troubles.alreadyThere),
  busy("every 5th write gets no answer", () => troubles.unansweredEvery(5)),
];

const watch = (name: string, make: () => Interference): Plan => ({ kind: "watch", name, make });
const watchPlans: readonly Plan[] = [
  watch("watches that are cut after each event", () => troubles.watchesThat("cut", 1)),
  watch("watches that are cut after every 4th event", () => troubles.watchesThat("cut", 4)),
  watch("watches that the server closes after every 2nd event", () => troubles.watchesThat("closed", 2)),
  watch("watches that are half-open after 6 events", () => troubles.watchesThat("deaf", 6)),
  watch("watches that end as too old (410) in the stream", () => troubles.watchesThat("gone in the stream", 5)),
  watch("watches that are refused as too old (410)", () => troubles.goneEvery(3)),
  watch("every 3rd event comes twice", () => troubles.watchesThat("twice", 3)),
  watch("two operators at once", () => troubles.twoOperators),
];

/** Two or three troubles at once, by chance: the same seed, the same plans. */
export function plansByChance(seed: number, runs: number, calm: readonly Life[]): Plan[] {
  const single = allPlans(calm);
  return Array.from({ length: runs }, (_, run): Plan => {
    const random = seededRandom(seed * 1_000_003 + run);
    const count = 2 + Math.floor(random.next() * 2);
    const chosen = Array.from({ length: count }, () => single[Math.floor(random.next() * single.length)] as Plan);
    const share = random.next() * 0.05;
    const name = `seed ${seed}, run ${run}: ${chosen.map((plan) => plan.name).join(" + ")} + ${(share * 100).toFixed(1)} % faults`;
    const make: Plan["make"] = (clock) =>
      together([
        ...chosen.map((plan) => plan.make(clock)),
        troubles.randomFaults(seededRandom(seed * 7919 + run), share),
      ]);
    return { kind: "chance", name, make };
  });
}

/** Those of the first that all have, in its order. */
function inAll(lists: readonly (readonly string[])[]): string[] {
  const [first = []] = lists;
  return [...new Set(first)].filter((one) => lists.every((list) => list.includes(one)));
}

/** What nothing follows would be hidden for good, and a watch that is deaf is another plan. */
function followedOnly({ events }: Life): readonly string[] {
  return events.filter(({ isFollowed }) => isFollowed).map(({ what }) => what);
}
