/** Owns: a commit that is asked for until it is answered, as the operator does it. */
import assert from "node:assert/strict";
import { nextTurn } from "../../base/index.ts";
import type { CommitOutcome, TransactionWriter } from "../../runtime/ports/index.ts";

const SETTLED_WITHIN_MS = 90_000;

/** Any outcome but `retryLater`. */
export async function settle<X>(
  writer: Pick<TransactionWriter<never, X>, "commit">,
  transaction: X,
): Promise<CommitOutcome> {
  for (const until = Date.now() + SETTLED_WITHIN_MS; ; await nextTurn()) {
    const outcome = await writer.commit(transaction);
    if (outcome.kind !== "retryLater") return outcome;
    assert.ok(Date.now() < until, outcome.reason);
  }
}
