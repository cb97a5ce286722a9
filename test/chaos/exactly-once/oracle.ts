/**
 * Owns: what has to be true on the servers when a run is over (invariants I1, I2 and I3 of the fault matrix), and while its job is down.
 *
 * XOO1 The topic, read as committed, and the table hold every count of every word exactly once, and the counts of a word ascend in the topic,
 *      unless transactions may have timed out: one that is written again comes behind those that were begun after it.
 * XOO2 No transaction is left: none of the job's is open at Kafka, readers of committed records get to the end of every partition, no XA branch
 *      is prepared at the database. Only one of a job that was given up for another stays (docs/mysql.md says how to remove it).
 * XOO3 The ledger has one entry of each writer, its last; with XA perhaps the one before, if the writer died between a commit and the removal.
 */
import assert from "node:assert/strict";
import { forgetBranches, preparedBranches } from "../../data/database.ts";
import { assertSameLines } from "../../integration/part-files.ts";
import { until } from "../../integration/until.ts";
import type { Servers } from "./servers.ts";
import { type Count, countLine, ledgerOf } from "./words.ts";

const REST_WITHIN_MS = 120_000;
const SHOWN_MAX = 8;

export type Traces = {
  readonly output: string;
  readonly table: string;
  readonly mode: "ledger" | "xa";
  readonly mayTimeOut: boolean;
  /** A job was cancelled and another one, with another id, went on. */
  readonly mayLeaveBranches: boolean;
};

export async function assertExact(servers: Servers, traces: Traces, expected: readonly string[]): Promise<void> {
  // First: what is missing says more than what is open.
  assertSameLines(await tableOf(servers, traces), expected, "the table");
  await assertAtRest(servers, traces);
  const counts = await topicOf(servers, traces);
  assertSameLines(counts.map(countLine), expected, "the topic");
  if (!traces.mayTimeOut) assertAscending(counts);
  await assertLedger(servers, traces);
}

/** XOD1 */
export async function assertNothingTwice(servers: Servers, traces: Traces, expected: readonly string[]): Promise<void> {
  const counts = await topicOf(servers, traces);
  const seen = { "the topic": counts.map(countLine), "the table": await tableOf(servers, traces) };
  for (const [where, lines] of Object.entries(seen)) {
    const open = new Set(expected);
    const surplus = lines.filter((line) => !open.delete(line));
    assert.deepEqual(surplus.slice(0, SHOWN_MAX), [], `${where} has ${surplus.length} lines too many`);
  }
}

async function topicOf({ topics }: Servers, { output }: Traces): Promise<Count[]> {
  const messages = await topics.read(output);
  return messages.map(({ value }) => JSON.parse(value as string) as Count);
}

async function tableOf({ query }: Servers, { table }: Traces): Promise<string[]> {
  // Whatever its second column is called now.
  const rows = await query(`select * from ${table}`);
  return rows.map((row) => Object.values(row)).map(([word, n]) => countLine({ word: String(word), n: Number(n) }));
}

/** XOO2 */
async function assertAtRest({ topics, query }: Servers, { output, mayLeaveBranches }: Traces): Promise<void> {
  const isAtRest = async (): Promise<boolean> => (await topics.openTransactions(output)).length === 0;
  await until(isAtRest, "no transaction of the job is open", REST_WITHIN_MS);
  const { stable, ends } = await topics.ends(output);
  assert.deepEqual(stable, ends, "the last stable offset is the end");
  if (mayLeaveBranches) await forgetBranches(query);
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

/** XOO3 */
async function assertLedger({ query }: Servers, { table, mode }: Traces): Promise<void> {
  const entries = await query(
    `select job, sink, subtask, writer, count(*) as n from ${ledgerOf(table)} group by 1, 2, 3, 4`,
  );
  assert.ok(entries.length > 0, "the ledger is empty");
  const entriesMax = mode === "xa" ? 2 : 1;
  const long = entries.filter(({ n }) => Number(n) > entriesMax);
  assert.deepEqual(long, [], `the ledger has more than ${entriesMax} of a writer`);
}
