/**
 * Owns: what a seed of the chaos of SQL does: which query of the corpus runs over which rows, where its checkpoints are and what it looks up in, at which failpoints somebody dies or
 * stands still, what happens to its processes and servers, whether it is rescaled, and when its rows begin to hurry.
 *
 * XQP1 Seeds that follow each other take the queries in turn, so that as many runs as there are queries have all of them.
 * XQP2 What breaks a server comes only where the job has it.
 * XQP3 Each failpoint that such a job reaches comes with some seed (plan.test.ts counts), early and late in its life, and behind a restore at another parallelism as well.
 */
import { type Random, seededRandom } from "../../../base/index.ts";
import type { FailpointName } from "../../../runtime/failures/index.ts";
import { type CorpusQuery, corpusQueries } from "../../../runtime/table/queries/corpus.test-support.ts";
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
import { processFaults } from "../process-faults.ts";
import { storeFaults } from "../store-faults.ts";
import { cacheFaults, type SqlFaultName } from "./faults.ts";
import type { ServerNeeds } from "./servers.ts";

export type SqlPlan = ServerNeeds & {
  readonly seed: number;
  readonly query: CorpusQuery;
  /** Rows of a mini-batch of groups, and in how many phases they are added up; null: changes leave row by row. */
  readonly miniBatch: { readonly size: number; readonly phases: "ONE_PHASE" | "TWO_PHASE" } | null;
  /** Of the first start, and of the one at another parallelism. */
  readonly failpoints: readonly [ArmedProcesses, ArmedProcesses];
  /** Those of the first start are places to stand still until another has taken over. */
  readonly isHeld: boolean;
  readonly faults: readonly SqlFault[];
  /** Ahead of which fault the rows come as fast as they are taken, by its place; their number: behind all of them. */
  readonly hurriesAt: number;
  /** Ahead of which fault the job is stopped with a savepoint, and goes on at another parallelism; null: it does not. */
  readonly rescale: { readonly at: number; readonly parallelism: number } | null;
};

type SqlFault = {
  readonly name: SqlFaultName;
  /** It does not wait until the job has come back from the one before. */
  readonly isEarly: boolean;
};

/** By what they keep: each has state, and none takes back more than a few rows for each that comes. */
export const queryNames: readonly string[] = [
  // aggregates that take back
  "groups",
  "some of the values",
  "how often something occurs that often",
  "union",
  // joins whose rows change
  "inner join with a condition",
  "full join",
  "three tables, outer",
  "a left join of groups",
  "in groups that change",
  "not exists of groups that change",
  "not in a query without NULLs",
  "join of the last of each key",
  // joins by time
  "what was paid within some seconds",
  "interval full join",
  "windows of an interval join",
  "window left join with a condition",
  "window full join",
  // joins with the version of a time
  "temporal join",
  "temporal left join",
  "temporal join with conditions",
  "temporal join where WHERE looks at the version",
  "temporal join of two streams, in windows",
  // joins with a table outside
  "lookup",
  "lookup that keeps all rows, with conditions",
  "lookup of several rows by a key that is computed, and a constant",
  "lookup ahead of windows and groups",
  // windows
  "tumbling windows",
  "hopping windows",
  "windows that grow",
  "windows of all rows",
  "windows of windows",
  "sessions of each user",
  "the greatest of the counts of each window",
  // ranks, and the last of each key
  "the greatest of each window",
  "the first of each group",
  "the first of groups that change",
  "top of top",
  "the last of each key",
  "the first of each key",
  // OVER
  "sums of the rows before",
  "sums of the time before",
];

/** What it begins with. */
export const PARALLELISM = 2;
const FAULTS_MIN = 3;
const FAULTS_MORE = 2;
/** Checkpoints come all the time, so some die in the first of them, and some when there is much state. */
const EARLY_HITS = 4;
const LATE_HITS = 40;
/** A TaskManager gets there for each of its chains. */
const atRestore: FailpointName = "tm:before-restore";
/** Ways to ask by something else than the key of users. */
const asksByOthers = new Set(["lookup of several rows by a key that is computed, and a constant"]);

/** With one to spare, for one that stands still. */
export const taskManagersOf = (parallelism: number): number => parallelism + 1;

/** XQP1. `faultCount`: default a few, by the seed. */
export function planOf(seed: number, faultCount?: number): SqlPlan {
  const random = seededRandom(seed);
  const name = queryNames[seed % queryNames.length];
  const query = corpusQueries.find((each) => each.name === name);
  if (query === undefined) throw new Error(`the corpus has no query ${name}`);
  const storage = random.next() < 0.35 ? "s3" : "files";
  const looksUpIn = lookedUpIn(random, query);
  const count = faultCount ?? FAULTS_MIN + Math.floor(random.next() * (FAULTS_MORE + 1));
  const names = faultNamesOf({ storage, looksUpIn });
  const faults = Array.from({ length: count }, (_, place) => faultOf(random, names, place));
  const hurriesAt = random.next() < 0.5 ? count : Math.floor(random.next() * count);
  const parallelism = random.next() < 0.5 ? PARALLELISM - 1 : PARALLELISM + 1;
  // Something has to come after it, and the job has to have state by then.
  const rescale = random.next() < 0.4 ? { at: 1 + Math.floor(random.next() * (count - 1)), parallelism } : null;
  const isHeld = random.next() < 0.2;
  const first = isHeld ? standing(random) : deaths(random, PARALLELISM);
  const failpoints = [first, rescale === null ? none : deaths(random, rescale.parallelism)] as const;
  const miniBatch = random.next() < 0.5 ? miniBatchOf(random) : null;
  return { seed, query, miniBatch, storage, looksUpIn, failpoints, isHeld, faults, hurriesAt, rescale };
}

/** Few rows, so that mini-batches end by them, or so many that something else ends them. */
function miniBatchOf(random: Random): SqlPlan["miniBatch"] {
  const size = random.next() < 0.5 ? 1 + Math.floor(random.next() * 20) : 100_000;
  return { size, phases: random.next() < 0.5 ? "ONE_PHASE" : "TWO_PHASE" };
}

function lookedUpIn(random: Random, { name, text }: CorpusQuery): ServerNeeds["looksUpIn"] {
  const isRedis = random.next() < 0.6;
  if (!/\boutside\b/.test(text)) return null;
  return isRedis && !asksByOthers.has(name) ? "redis" : "rows";
}

/** XQP2 */
function faultNamesOf({ storage, looksUpIn }: ServerNeeds): readonly SqlFaultName[] {
  return [
    ...(Object.keys(processFaults) as SqlFaultName[]),
    ...(storage === "s3" ? (Object.keys(storeFaults) as SqlFaultName[]) : []),
    ...(looksUpIn === "redis" ? (Object.keys(cacheFaults) as SqlFaultName[]) : []),
  ];
}

function faultOf(random: Random, names: readonly SqlFaultName[], place: number): SqlFault {
  return { name: one(random, names), isEarly: place > 0 && random.next() < 0.25 };
}

const none: ArmedProcesses = { jobManager: null, taskManagers: [] };
const ofJobManagers = reachable.filter((name) => !ofTaskManager(name));
const ofTaskManagers = reachable.filter(ofTaskManager);

/** Processes that die by themselves (XQP3). */
function deaths(random: Random, parallelism: number): ArmedProcesses {
  const of = (names: readonly FailpointName[]): Armed => {
    const name = one(random, names);
    const isLate = name !== atRestore && random.next() < 0.5;
    return armedAt(random, { name, action: "kill", most: isLate ? LATE_HITS : EARLY_HITS });
  };
  const jobManager = random.next() < 0.4 ? of([...ofJobManagers, "jm:after-manifest"]) : null;
  const taskManagers = Array.from({ length: taskManagersOf(parallelism) }, () =>
    random.next() < 0.4 ? of([...ofTaskManagers, ...betweenManifestAndCommit.filter(ofTaskManager), atRestore]) : null,
  );
  return { jobManager, taskManagers };
}

/** All TaskManagers have it, since one of them is to spare and does not get there. */
function standing(random: Random): ArmedProcesses {
  const name = one(random, random.next() < 0.6 ? betweenManifestAndCommit : worthHolding);
  const armed = armedAt(random, { name, action: "stop", most: EARLY_HITS });
  const all = Array<null>(taskManagersOf(PARALLELISM)).fill(null);
  return ofTaskManager(name)
    ? { jobManager: null, taskManagers: all.map(() => armed) }
    : { jobManager: armed, taskManagers: all };
}

const one = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;

/** In words. */
export function describePlan(plan: SqlPlan): string {
  const { query, miniBatch, storage, looksUpIn, failpoints, faults, hurriesAt, rescale } = plan;
  const ahead = (place: number): string[] => [
    ...(place === hurriesAt ? ["the rows hurry"] : []),
    ...(place === rescale?.at
      ? [`goes on at parallelism ${rescale.parallelism}`, ...describeArmed(failpoints[1])]
      : []),
  ];
  const steps = faults.flatMap(({ name, isEarly }, place) => [...ahead(place), isEarly ? `${name}, early` : name]);
  const outside = looksUpIn === null ? "" : `, looks up in ${looksUpIn}`;
  const batches = miniBatch === null ? "" : `, mini-batches of ${miniBatch.size} rows, ${miniBatch.phases}`;
  const begins = [`"${query.name}"`, `${storage}${outside}${batches}`, ...describeArmed(failpoints[0])];
  return [...begins, ...steps, ...ahead(faults.length)].join("; ");
}
