/**
 * Owns: engines measured in turns, and a ratio pair by pair.
 *
 * TUR1 One run of each engine a round, one after the other, never side by side. Which one begins changes from round to round, so that a slow
 *     drift favours none.
 */
import { spreadText } from "./statistics.ts";

/** One round (TUR1), from 0; the results are in the order of `engines`. */
export async function runRound<E, R>(
  engines: readonly E[],
  round: number,
  run: (engine: E) => Promise<R>,
): Promise<R[]> {
  const byEngine = new Map<E, R>();
  for (const engine of round % 2 === 0 ? engines : engines.toReversed()) byEngine.set(engine, await run(engine));
  return engines.map((engine) => byEngine.get(engine) as R);
}

/** Of one engine's runs; those for which the figure is unknown are left out. */
export function figureText<R>(
  runs: readonly R[],
  of: (run: R) => number | undefined,
  format: (value: number) => string,
): string {
  return spreadText(defined(runs.map(of)), format);
}

/** The first engine's figure divided by the second's, of the same round. */
export function ratioText<R>(rounds: readonly (readonly R[])[], of: (run: R) => number | undefined): string {
  const ratios = rounds.map(([ours, peer]) => {
    const [left, right] = [ours && of(ours), peer && of(peer)];
    return left === undefined || right === undefined ? undefined : left / right;
  });
  return spreadText(defined(ratios), (value) => value.toFixed(2));
}

const defined = <V>(values: readonly (V | undefined)[]): V[] => values.filter((value) => value !== undefined);
