/**
 * Owns: what has to be true on the servers when a run is over (invariants I1, I2 and I3 of the fault matrix).
 *
 * XOO1 The topic, read as committed, and the table hold every count of every word exactly once, and the counts of a word ascend in the topic,
 *      unless transactions may have timed out: one that is written again comes behind those that were begun after it.
 * XOO2 No transaction is left: none of the job's is open at Kafka, readers of committed records get to the end of every partition, no XA branch
 *      is prepared at the database.
 */
import assert from "node:assert/strict";
import { preparedBranches } from "../../data/database.ts";
import { assertSameLines } from "../../integration/part-files.ts";
import { until } from "../../integration/until.ts";
import type { Servers } from "./servers.ts";
import { type Count, countLine } from "./words.ts";

const REST_WITHIN_MS = 120_000;

export type Traces = { readonly output: string; readonly table: string; readonly mayTimeOut: boolean };

export async function assertExact(servers: Servers, traces: Traces, expected: readonly string[]): Promise<void> {
  await assertAtRest(servers, traces);
  const messages = await servers.topics.read(traces.output);
  const counts = messages.map(({ value }) => JSON.parse(value as string) as Count);
  assertSameLines(counts.map(countLine), expected, "the topic");
  if (!traces.mayTimeOut) assertAscending(counts);
  const rows = await servers.query(`select word, n from ${traces.table}`);
  const stored = rows.map((row) => countLine({ word: String(row["word"]), n: Number(row["n"]) }));
  assertSameLines(stored, expected, "the table");
}

/** XOO2 */
async function assertAtRest({ topics, query }: Servers, { output }: Traces): Promise<void> {
  const isAtRest = async (): Promise<boolean> => (await topics.openTransactions(output)).length === 0;
  await until(isAtRest, "no transaction of the job is open", REST_WITHIN_MS);
  const { stable, ends } = await topics.ends(output);
  assert.deepEqual(stable, ends, "the last stable offset is the end");
  assert.deepEqual(await preparedBranches(query), [], "an XA branch is still prepared");
}

/** The counts of a word are in one partition, by its key. */
function assertAscending(counts: readonly Count[]): void {
  const last = new Map<string, number>();
  for (const { word, n } of counts) {
    assert.ok(n > (last.get(word) ?? 0), `the topic has ${word} ${n} after ${word} ${last.get(word)}`);
    last.set(word, n);
  }
}
