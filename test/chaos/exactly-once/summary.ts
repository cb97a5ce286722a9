/**
 * Owns: what many runs come to: counts by row of the fault matrix and by failpoint, restarts, violations, seconds.
 */
import { textTable } from "../../../bench/measure/text-table.ts";
import type { Outcome } from "./run-once.ts";

/** For people, several lines. */
export function summaryOf(outcomes: readonly Outcome[], seconds: number): string {
  const reports = outcomes.flatMap(({ report }) => (report === null ? [] : [report]));
  const faults = counted(reports.flatMap((report) => report.faults));
  const failpoints = counted(reports.flatMap((report) => report.failpoints));
  const rows = [...new Set(faults.map(([name]) => rowOf(name)))];
  const each = outcomes.map((outcome) => outcome.seconds).toSorted((a, b) => a - b);
  const bad = outcomes.filter(({ problem }) => problem !== null);
  const figures = [
    ["runs", String(outcomes.length)],
    ["violations", String(bad.filter(({ isHung }) => !isHung).length)],
    ["hung", String(bad.filter(({ isHung }) => isHung).length)],
    ["faults", `${sum(faults)}, of rows ${rows.join(", ")}`],
    ["failpoints", `${sum(failpoints)} deaths and stops at ${failpoints.length} failpoints`],
    ["restarts of tasks", String(reports.reduce((total, { restarts }) => total + restarts, 0))],
    [
      "seconds",
      `${seconds.toFixed(0)} in all; of a run ${at(each, 0.5)} in the median, ${at(each, 0.9)} of nine in ten, ${at(each, 1)} at most`,
    ],
  ];
  const table = (list: readonly Counted[]): string =>
    textTable(list.map(([name, count]) => [`  ${name}`, String(count)]));
  const seeds = bad.map(({ plan }) => plan.seed);
  return [
    textTable(figures, ["left", "left"]),
    `by fault\n${table(faults)}`,
    `by failpoint\n${table(failpoints)}`,
    ...(seeds.length === 0 ? [] : [`seeds to repeat: ${seeds.join(", ")}\n`]),
  ].join("\n");
}

type Counted = readonly [string, number];

/** By row of the matrix, then by name. */
function counted(names: readonly string[]): Counted[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted(([a], [b]) => rowOf(a) - rowOf(b) || a.localeCompare(b));
}

/** Failpoints have none. */
const rowOf = (name: string): number => Number(/^\d+/.exec(name)?.[0] ?? 0);

const sum = (list: readonly Counted[]): number => list.reduce((total, [, count]) => total + count, 0);

function at(sorted: readonly number[], share: number): string {
  return (sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0).toFixed(1);
}
