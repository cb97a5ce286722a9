/**
 * Owns: what a seed of the chaos of SQL does: which query of the corpus runs over which rows, what happens to its processes, whether it is rescaled, and when its rows begin to hurry.
 *
 * XQP1 Seeds that follow each other take the queries in turn, so that as many runs as there are queries have all of them.
 */
import { type Random, seededRandom } from "../../../base/index.ts";
import { type CorpusQuery, corpusQueries } from "../../../runtime/table/queries/corpus.test-support.ts";
import { type ProcessFaultName, processFaults } from "../process-faults.ts";

export type SqlPlan = {
  readonly seed: number;
  readonly query: CorpusQuery;
  readonly faults: readonly SqlFault[];
  /** Ahead of which fault the rows come as fast as they are taken, by its place; their number: behind all of them. */
  readonly hurriesAt: number;
  /** Ahead of which fault the job is stopped with a savepoint, and goes on at another parallelism; null: it does not. */
  readonly rescale: { readonly at: number; readonly parallelism: number } | null;
};

type SqlFault = {
  readonly name: ProcessFaultName;
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
  "temporal join of two streams, in windows",
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
const faultNames = Object.keys(processFaults) as ProcessFaultName[];

/** XQP1. `faultCount`: default a few, by the seed. */
export function planOf(seed: number, faultCount?: number): SqlPlan {
  const random = seededRandom(seed);
  const name = queryNames[seed % queryNames.length];
  const query = corpusQueries.find((each) => each.name === name);
  if (query === undefined) throw new Error(`the corpus has no query ${name}`);
  const count = faultCount ?? FAULTS_MIN + Math.floor(random.next() * (FAULTS_MORE + 1));
  const faults = Array.from({ length: count }, (_, place) => faultOf(random, place));
  const hurriesAt = random.next() < 0.5 ? count : Math.floor(random.next() * count);
  const parallelism = random.next() < 0.5 ? PARALLELISM - 1 : PARALLELISM + 1;
  // Something has to come after it, and the job has to have state by then.
  const rescale = random.next() < 0.4 ? { at: 1 + Math.floor(random.next() * (count - 1)), parallelism } : null;
  return { seed, query, faults, hurriesAt, rescale };
}

function faultOf(random: Random, place: number): SqlFault {
  const name = faultNames[Math.floor(random.next() * faultNames.length)] as ProcessFaultName;
  return { name, isEarly: place > 0 && random.next() < 0.25 };
}

/** In words. */
export function describePlan({ query, faults, hurriesAt, rescale }: SqlPlan): string {
  const ahead = (place: number): string[] => [
    ...(place === hurriesAt ? ["the rows hurry"] : []),
    ...(place === rescale?.at ? [`goes on at parallelism ${rescale.parallelism}`] : []),
  ];
  const steps = faults.flatMap(({ name, isEarly }, place) => [...ahead(place), isEarly ? `${name}, early` : name]);
  return [`"${query.name}"`, ...steps, ...ahead(faults.length)].join("; ");
}
