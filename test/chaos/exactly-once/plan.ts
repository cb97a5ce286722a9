/**
 * Owns: what a seed of the exactly-once chaos does: input, modes, what breaks when, and at which failpoints somebody dies or stands still.
 *
 * XOP1 Each fault, each downtime and each failpoint that a job of this kind reaches comes with some seed (plan.test.ts counts).
 * XOP2 Places where exactly-once is won or lost come more often than others: between the manifest and the commit of the sinks, and
 *      with whole jobs and TaskManagers that stop there.
 */
import { type Random, seededRandom } from "../../../base/index.ts";
import type { FailpointName } from "../../../runtime/failures/index.ts";
import {
  type Armed,
  armedAt,
  type ArmedProcesses,
  betweenManifestAndCommit,
  describeArmed,
  ofTaskManager,
  reachable,
  worthHolding,
} from "../armed.ts";
import { type DowntimeName, downtimes } from "./downtimes.ts";
import { type FaultName, faults } from "./faults.ts";

export type Holding = "until taken over" | "until cut off" | "until killed";

export type RunPlan = {
  readonly seed: number;
  readonly records: number;
  readonly mode: "ledger" | "xa";
  readonly storage: "files" | "s3";
  readonly failpoints: ArmedProcesses;
  /**
   * Somebody is to stand still at a failpoint: until another has taken over; or until its connections are broken, which is at once; or the whole
   * job is killed then, before the downtime.
   */
  readonly held: Holding | null;
  /** Where in the faults the whole job is down, which is first if it is killed at a failpoint. */
  readonly downtime: DowntimeName | null;
  readonly faults: readonly FaultName[];
};

/** Of a run. */
export const RECORDS = 4000;
export const TASK_MANAGERS = 3;

/** This job restores few chains: a TaskManager gets there once. */
const reachedOnce: readonly FailpointName[] = ["tm:before-restore"];
const HITS_MAX = 4;

const ofJobManagers = reachable.filter((name) => !ofTaskManager(name));
const ofTaskManagers = reachable.filter(ofTaskManager);
const faultNames = Object.keys(faults) as FaultName[];
const leftDead: DowntimeName = "11 the job is left dead until its transactions have timed out";
const downtimeNames = [...(Object.keys(downtimes) as DowntimeName[]), leftDead];

/** The plan of a seed. */
export function planOf(seed: number, records: number): RunPlan {
  const random = seededRandom(seed);
  const mode = one(random, ["ledger", "xa"] as const);
  const downtime = random.next() < 0.4 ? one(random, downtimeNames) : null;
  const isKillable = downtime !== null && downtimes[downtime].isKilled;
  let held: RunPlan["held"] = null;
  if (isKillable) held = random.next() < 0.7 ? "until killed" : null;
  else if (random.next() < 0.35) held = random.next() < 0.75 ? "until taken over" : "until cut off";
  const failpoints = held === null ? deaths(random) : standing(random, held);
  const count = (downtime === null ? 1 : 0) + Math.floor(random.next() * 2) + (held === null ? 1 : 0);
  const chosen = Array.from({ length: count }, () => one(random, faultNames));
  const needsStore = chosen.some((name) => /^[67] /.test(name));
  const needsFiles = downtime !== null && downtimes[downtime].readsFiles;
  const isInStore = !needsFiles && (needsStore || random.next() < 0.2);
  return {
    seed,
    records,
    mode,
    storage: isInStore ? "s3" : "files",
    failpoints,
    held,
    downtime,
    // What breaks a store that the job does not have would be nothing.
    faults: isInStore ? chosen : chosen.filter((name) => !/^[67] /.test(name)),
  };
}

/** What is done with this seed, in words. */
export function describePlan({ mode, storage, failpoints, held, downtime, faults: names }: RunPlan): string {
  const down = downtime === null ? [] : [`${downtime}${held === "until killed" ? ", at the failpoint" : ""}`];
  const who = [...describeArmed(failpoints)];
  if (held === "until cut off") who.push("there its connections break, and the database does not notice");
  const parts = held === "until killed" ? [...down, ...names] : [...names, ...down];
  return [`${mode}, ${storage}`, ...who, ...parts].join("; ");
}

/** Processes that die by themselves. */
function deaths(random: Random): ArmedProcesses {
  const of = (names: readonly FailpointName[]): Armed => armed(random, one(random, names), "kill");
  const jobManager = random.next() < 0.5 ? of([...ofJobManagers, "jm:after-manifest"]) : null;
  const taskManagers = Array.from({ length: TASK_MANAGERS }, () =>
    random.next() < 0.4 ? of([...ofTaskManagers, ...betweenManifestAndCommit.filter(ofTaskManager)]) : null,
  );
  return { jobManager, taskManagers };
}

/** All TaskManagers have it, since one of them is to spare and does not get there. */
function standing(random: Random, held: Holding): ArmedProcesses {
  const isBetween = held === "until killed" || random.next() < 0.75;
  const places = isBetween ? betweenManifestAndCommit : worthHolding;
  const there = armed(random, one(random, held === "until cut off" ? (["tm:before-commit"] as const) : places), "stop");
  if (!ofTaskManager(there.name)) return { jobManager: there, taskManagers: Array<null>(TASK_MANAGERS).fill(null) };
  return { jobManager: null, taskManagers: Array<Armed>(TASK_MANAGERS).fill(there) };
}

const armed = (random: Random, name: FailpointName, action: Armed["action"]): Armed =>
  armedAt(random, { name, action, most: HITS_MAX, once: reachedOnce });

const one = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;
