/**
 * Owns: which accumulator runs which aggregate function, by its name.
 */
import { StreamError } from "../../../../base/index.ts";
import type { AggregateCall, PlanRow } from "../../plan/plan-tree.ts";
import { compareRows } from "../../rows/row-order.ts";
import type { Accumulator, AccumulatorSite } from "./accumulator.ts";
import { approximateCount, count, distinct } from "./counts.ts";
import { edgeValue, arrayOfValues, joinedText, multisetOfValues } from "./gathered.ts";
import { extreme } from "./extremes.ts";
import { identitiesOf, severalIdentities } from "./identity.ts";
import { userAccumulator } from "./user-aggregate.ts";
import { average, spread, sum } from "./sums.ts";

type Make = (site: AccumulatorSite) => unknown;

const makers: Readonly<Record<string, Make>> = {
  COUNT: () => count,
  SUM: sum,
  AVG: average,
  MIN: (site) => extreme(site, "least"),
  MAX: (site) => extreme(site, "greatest"),
  STDDEV_POP: (site) => spread(site, { isSample: false, isRoot: true }),
  STDDEV_SAMP: (site) => spread(site, { isSample: true, isRoot: true }),
  STDDEV: (site) => spread(site, { isSample: true, isRoot: true }),
  VAR_POP: (site) => spread(site, { isSample: false, isRoot: false }),
  VAR_SAMP: (site) => spread(site, { isSample: true, isRoot: false }),
  VARIANCE: (site) => spread(site, { isSample: true, isRoot: false }),
  LISTAGG: joinedText,
  FIRST_VALUE: (site) => edgeValue(site, "first"),
  LAST_VALUE: (site) => edgeValue(site, "last"),
  COLLECT: multisetOfValues,
  ARRAY_AGG: arrayOfValues,
  APPROX_COUNT_DISTINCT: approximateCount,
};

/** The names that have one. */
export const aggregateNames: readonly string[] = Object.keys(makers);

/** Errors: JOB_GRAPH_INVALID: there is no such aggregate, or not of DISTINCT values of that type. */
export function accumulatorOf(
  call: AggregateCall,
  row: PlanRow,
  { retracts, counts }: Pick<AccumulatorSite, "retracts" | "counts">,
): Accumulator {
  const { user } = call;
  const make = user === undefined ? makers[call.name] : () => userAccumulator(user);
  if (make === undefined) throw invalid(`${call.name} is no aggregate of a group`, "use it with OVER");
  const types = call.arguments.map((place) => (row[place] as PlanRow[number]).type);
  const inner = make({
    argument: types[0] ?? null,
    second: types[1] ?? null,
    result: call.type,
    retracts,
    counts,
    ignoresNulls: call.ignoresNulls,
    compare: call.order.length === 0 ? null : compareRows(call.order, row),
  }) as Accumulator;
  const [first] = types;
  if (!call.isDistinct || first === undefined) return inner;
  const identities = call.name === "COUNT" && types.length > 1 ? severalIdentities : identitiesOf(first);
  if (identities.value === null && call.name !== "COUNT")
    throw invalid(
      `${call.name}(DISTINCT …) of rows, arrays or maps is not supported`,
      "take their parts, or leave DISTINCT out",
    );
  return distinct(inner, identities, counts("distinct", identities)) as Accumulator;
}

function invalid(what: string, remedy: string): StreamError {
  return new StreamError("JOB_GRAPH_INVALID", `${what}; ${remedy}`, { destiny: "terminal" });
}
