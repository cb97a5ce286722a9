/**
 * Owns: what a seed of the exactly-once chaos does: input, modes, what breaks when, and at which failpoints somebody dies or stands still.
 *
 * XOP1 Each fault, each downtime and each failpoint that a job of this kind reaches comes with some seed (plan.test.ts counts).
 * XOP2 Places where exactly-once is won or lost come more often than others: between the manifest and the commit of the sinks, and
 *      with whole jobs and TaskManagers that stop there.
 */
import { type Random, seededRandom } from "../../../base/index.ts";
import { type FailpointName, failpointNames } from "../../../runtime/failures/index.ts";
import { type DowntimeName, downtimes } from "./downtimes.ts";
import { type FaultName, faults } from "./faults.ts";

export type Holding = "until taken over" | "until cut off" | "until killed";

type Armed = {
  readonly name: FailpointName;
  readonly action: "kill" | "stop";
  /** At which time it is reached. */
  readonly hit: number;
};

export type RunPlan = {
  readonly seed: number;
  readonly records: number;
  readonly mode: "ledger" | "xa";
  readonly storage: "files" | "s3";
  /** Of the first start of the JobManager, and of each TaskManager. */
  readonly failpoints: { readonly jobManager: Armed | null; readonly taskManagers: readonly (Armed | null)[] };
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

/** Reached only by incarnations, as in a cluster (test/integration/activation.test.ts tries them). */
const ofIncarnations: readonly FailpointName[] = [
  "jm:before-activation",
  "jm:after-activation",
  "jm:before-predecessor-fence",
];
/** Reached once by a JobManager, so at its first time. */
const reachedOnce: readonly FailpointName[] = [
  "jm:after-epoch-claim",
  "jm:after-fence",
  "jm:before-result",
  "jm:after-result",
  "tm:before-restore",
];
/** XOP2 */
const betweenManifestAndCommit: readonly FailpointName[] = [
  "jm:after-manifest",
  "tm:before-commit",
  "tm:before-commit",
  "tm:before-commit",
  "tm:after-commit",
];
/** Where to stand still means something to others: before and after each write that makes a checkpoint or a commit. */
const worthHolding: readonly FailpointName[] = [
  "jm:before-manifest",
  "jm:after-manifest",
  "jm:before-commit-marker",
  "tm:after-snapshot",
  "tm:before-ack",
];
const HITS_MAX = 4;

/** Every failpoint that a job of this chaos can reach. */
export const reachable = failpointNames.filter((name) => !ofIncarnations.includes(name));
const ofJobManager = reachable.filter((name) => name.startsWith("jm:"));
const ofTaskManager = reachable.filter((name) => name.startsWith("tm:"));
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
  const { jobManager, taskManagers } = failpoints;
  const of = (who: string, armed: Armed | null): string[] =>
    armed === null ? [] : [`${who} ${armed.action} at ${armed.name}@${armed.hit}`];
  const who = taskManagers.flatMap((armed, index) => of(`TM ${index + 1}`, armed));
  const down = downtime === null ? [] : [`${downtime}${held === "until killed" ? ", at the failpoint" : ""}`];
  if (held === "until cut off") who.push("there its connections break, and the database does not notice");
  const parts = held === "until killed" ? [...down, ...names] : [...names, ...down];
  return [`${mode}, ${storage}`, ...of("JM", jobManager), ...who, ...parts].join("; ");
}

/** As STREAMJOB_FAILPOINTS has it. */
export const armedText = (armed: Armed | null): string | undefined =>
  armed === null ? undefined : `${armed.name}=${armed.action}@${armed.hit}`;

/** Processes that die by themselves. */
function deaths(random: Random): RunPlan["failpoints"] {
  const of = (names: readonly FailpointName[]): Armed => {
    const name = one(random, names);
    return { name, action: "kill", hit: hitOf(random, name) };
  };
  const jobManager = random.next() < 0.5 ? of([...ofJobManager, "jm:after-manifest"]) : null;
  const taskManagers = Array.from({ length: TASK_MANAGERS }, () =>
    random.next() < 0.4 ? of([...ofTaskManager, ...betweenManifestAndCommit.filter(isOfTaskManager)]) : null,
  );
  return { jobManager, taskManagers };
}

/** All TaskManagers have it, since one of them is to spare and does not get there. */
function standing(random: Random, held: Holding): RunPlan["failpoints"] {
  const isBetween = held === "until killed" || random.next() < 0.75;
  const places = isBetween ? betweenManifestAndCommit : worthHolding;
  const name = one(random, held === "until cut off" ? (["tm:before-commit"] as const) : places);
  const armed: Armed = { name, action: "stop", hit: hitOf(random, name) };
  if (!isOfTaskManager(name)) return { jobManager: armed, taskManagers: Array<null>(TASK_MANAGERS).fill(null) };
  return { jobManager: null, taskManagers: Array<Armed>(TASK_MANAGERS).fill(armed) };
}

const isOfTaskManager = (name: FailpointName): boolean => name.startsWith("tm:");

const hitOf = (random: Random, name: FailpointName): number =>
  reachedOnce.includes(name) ? 1 : 1 + Math.floor(random.next() * HITS_MAX);

const one = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;
