/** Owns: what many runs come to: by query and by fault, restarts, violations, seconds. */
import { textTable } from "../../../bench/measure/text-table.ts";
import { faultNames } from "./faults.ts";
import { queryNames } from "./plan.ts";
import type { SqlOutcome } from "./query-run.ts";

/** For people, several lines. */
export function summaryOf(outcomes: readonly SqlOutcome[], seconds: number): string {
  const bad = outcomes.filter(({ problem }) => problem !== null);
  const queries = queryNames.flatMap((name) => {
    const own = outcomes.filter(({ plan }) => plan.query.name === name);
    if (own.length === 0) return [];
    const figures = [own.length, wrong(own), sum(own, faultsOf), sum(own, "restarts"), sum(own, "changes")];
    return [[name, ...figures.map(String), sum(own, "rows").toString(), sum(own, "seconds").toFixed(0)]];
  });
  const faults = faultNames.map((name) => [
    name,
    String(sum(outcomes, ({ plan }) => plan.faults.filter((fault) => fault.name === name).length)),
  ]);
  const reached = outcomes.flatMap(({ failpoints }) => failpoints);
  const failpoints = [...new Set(reached)]
    .toSorted()
    .map((name) => [name, String(reached.filter((each) => each === name).length)]);
  const runsWith = (has: (plan: SqlOutcome["plan"]) => boolean): string =>
    String(sum(outcomes, ({ plan }) => (has(plan) ? 1 : 0)));
  const others = [
    ["goes on at another parallelism", runsWith(({ rescale }) => rescale !== null)],
    ["checkpoints in S3", runsWith(({ storage }) => storage === "s3")],
    ["groups in mini-batches", runsWith(({ miniBatch }) => miniBatch !== null)],
    ["looks up in Redis", runsWith(({ looksUpIn }) => looksUpIn === "redis")],
  ];
  return [
    textTable([["query", "runs", "violations", "faults", "restarts", "changes", "rows", "seconds"], ...queries]),
    textTable([["fault", "times"], ...faults]),
    textTable([["dead or still at", "times"], ...failpoints]),
    textTable([["runs", "times"], ...others]),
    `${outcomes.length} runs, ${bad.length} violations, ${sum(outcomes, faultsOf)} faults, ${reached.length} deaths and stops at failpoints, ${sum(outcomes, "restarts")} restarts of tasks, ${seconds.toFixed(0)} s\n`,
    ...(bad.length === 0 ? [] : [`seeds to repeat: ${bad.map(({ plan }) => plan.seed).join(", ")}\n`]),
  ].join("\n");
}

type Figure = "restarts" | "changes" | "rows" | "seconds" | ((outcome: SqlOutcome) => number);

const sum = (outcomes: readonly SqlOutcome[], figure: Figure): number =>
  outcomes.reduce((total, each) => total + (typeof figure === "function" ? figure(each) : each[figure]), 0);

const faultsOf = ({ plan }: SqlOutcome): number => plan.faults.length;

const wrong = (outcomes: readonly SqlOutcome[]): number => outcomes.filter(({ problem }) => problem !== null).length;
