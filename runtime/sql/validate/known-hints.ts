/**
 * Owns: which hints there are, and where each of them stands.
 *
 * SQVE1 A hint that there is not is refused, as one at the wrong place is: one that says nothing unseen is a setting that was lost. Those for the joins of Flink's batch mode
 *     are taken and change nothing: how a join is done is no question here.
 */
import { fail } from "../syntax/problem.ts";
import type { Hint } from "../syntax/query-tree.ts";
import { nameRemedy } from "./names.ts";

const ofSelect = ["STATE_TTL", "LOOKUP"];
const withoutEffect = ["BROADCAST", "SHUFFLE_HASH", "SHUFFLE_MERGE", "NEST_LOOP", "MULTI_JOIN"];
const ofTable = ["OPTIONS"];

/** `place`: what they stand behind. Errors: SqlFailure. */
export function requireKnownHints(hints: readonly Hint[], place: "select" | "table"): void {
  const [here, there] = place === "select" ? [[...ofSelect, ...withoutEffect], ofTable] : [ofTable, ofSelect];
  for (const { at, name } of hints) {
    const word = name.name.toUpperCase();
    if (here.includes(word)) continue;
    if (there.includes(word))
      fail(
        at,
        `the hint ${word} stands behind ${place === "select" ? "SELECT" : "a table"}`,
        place === "select"
          ? `Write it behind a table of FROM: FROM t /*+ ${word}('…' = '…') */.`
          : `Write it behind SELECT: SELECT /*+ ${word}('t' = '…') */ ….`,
      );
    else fail(at, `there is no hint ${word}`, nameRemedy(word, [...ofSelect, ...ofTable], "The hints"));
  }
}
