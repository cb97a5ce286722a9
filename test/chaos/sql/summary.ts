/** Owns: what many runs come to: by query and by fault, restarts, violations, seconds. */
import { textTable } from "../../../bench/measure/text-table.ts";
import { processFaults } from "../process-faults.ts";
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
  const faults = Object.keys(processFaults).map((name) => [
    name,
    String(sum(outcomes, ({ plan }) => plan.faults.filter((fault) => fault.name === name).length)),
  ]);
  const rescaled = sum(outcomes, ({ plan }) => (plan.rescale === null ? 0 : 1));
  return [
    textTable([["query", "runs", "violations", "faults", "restarts", "changes", "rows", "seconds"], ...queries]),
    textTable([["fault", "times"], ...faults, ["goes on at another parallelism", String(rescaled)]]),
    `${outcomes.length} runs, ${bad.length} violations, ${sum(outcomes, faultsOf)} faults, ${sum(outcomes, "restarts")} restarts of tasks, ${seconds.toFixed(0)} s\n`,
    ...(bad.length === 0 ? [] : [`seeds to repeat: ${bad.map(({ plan }) => plan.seed).join(", ")}\n`]),
  ].join("\n");
}

type Figure = "restarts" | "changes" | "rows" | "seconds" | ((outcome: SqlOutcome) => number);

const sum = (outcomes: readonly SqlOutcome[], figure: Figure): number =>
  outcomes.reduce((total, each) => total + (typeof figure === "function" ? figure(each) : each[figure]), 0);

const faultsOf = ({ plan }: SqlOutcome): number => plan.faults.length;

const wrong = (outcomes: readonly SqlOutcome[]): number => outcomes.filter(({ problem }) => problem !== null).length;
