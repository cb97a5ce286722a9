/** Owns: the table of engines that were measured in turns: median, least and most of each, and of the ratio round by round. */
import { figureText, ratioText } from "./rounds.ts";
import { textTable } from "./text-table.ts";

export type EngineFigures<R> = {
  /** What is counted, in the plural. */
  readonly unit: string;
  readonly perSecond: (run: R) => number | undefined;
  readonly perCpuSecond: (run: R) => number | undefined;
  readonly checkpoints: (run: R) => number;
  readonly format: (value: number) => string;
};

/** `rounds`: the runs of each, in the order of the engines. Ratios are of the first engine to the second. */
export function engineTable<R>(
  engines: readonly { readonly name: string }[],
  rounds: readonly (readonly R[])[],
  { unit, perSecond, perCpuSecond, checkpoints, format }: EngineFigures<R>,
): string {
  const rows = [["median (min … max)", `${unit}/s`, `${unit} per CPU second`, "checkpoints a run"]];
  for (const [place, { name }] of engines.entries()) {
    const runs = rounds.map((round) => round[place] as R);
    const figures = [figureText(runs, perSecond, format), figureText(runs, perCpuSecond, format)];
    rows.push([name, ...figures, figureText(runs, checkpoints, (value) => value.toFixed(0))]);
  }
  const [first, second] = engines;
  if (first !== undefined && second !== undefined)
    rows.push([`${first.name} / ${second.name}`, ratioText(rounds, perSecond), ratioText(rounds, perCpuSecond), ""]);
  return textTable(rows);
}
