/**
 * Owns: what has to be true on the servers when a run is over (invariants I1, I2 and I3 of the fault matrix).
 *
 * XOO1 The topic, read as committed, and the table hold every count of every word exactly once, and the counts of a word ascend in the topic,
 *      unless transactions may have timed out: one that is written again comes behind those that were begun after it.
 * XOO2 No transaction is left: none of the job's is open at Kafka, readers of committed records get to the end of every partition, no XA branch
 *      is prepared at the database.
 */
import assert from "node:assert/strict";
import { until } from "../../integration/until.ts";
import { openTransactions, type Servers } from "./servers.ts";
import { type Count, countLine } from "./words.ts";

const LINES_SHOWN_MAX = 5;
const REST_WITHIN_MS = 120_000;

export type Traces = { readonly output: string; readonly table: string; readonly mayTimeOut: boolean };

export async function assertExact(servers: Servers, traces: Traces, expected: readonly string[]): Promise<void> {
  await assertAtRest(servers, traces);
  const messages = await servers.topics.read(traces.output);
  const counts = messages.map(({ value }) => JSON.parse(value as string) as Count);
  assertSame("the topic", counts.map(countLine), expected);
  if (!traces.mayTimeOut) assertAscending(counts);
  const rows = await servers.query(`select word, n from ${traces.table}`);
  assertSame(
    "the table",
    rows.map((row) => countLine({ word: String(row["word"]), n: Number(row["n"]) })),
    expected,
  );
}

/** XOO2 */
async function assertAtRest(servers: Servers, { output }: Traces): Promise<void> {
  const isAtRest = async (): Promise<boolean> => (await openTransactions(servers, output)).length === 0;
  await until(isAtRest, "no transaction of the job is open", REST_WITHIN_MS);
  await servers.kafka(async (client) => {
    const partitions = (await client.partitionsOf(output)) ?? [];
    const ends = (isolation: "read_committed" | "read_uncommitted"): Promise<readonly number[]> =>
      client.listOffsets(partitions, "latest", isolation);
    assert.deepEqual(await ends("read_committed"), await ends("read_uncommitted"), "the last stable offset is the end");
  });
  const branches = (await servers.query("xa recover")).map(({ data }) => String(data));
  assert.deepEqual(branches, [], "an XA branch is still prepared");
}

function assertSame(where: string, found: readonly string[], expected: readonly string[]): void {
  const missing = difference(expected, found);
  const extra = difference(found, expected);
  if (missing.length === 0 && extra.length === 0) return;
  const some = (lines: readonly string[]): string => lines.slice(0, LINES_SHOWN_MAX).join(", ") || "none";
  assert.fail(
    `${where} holds ${found.length} counts instead of ${expected.length}: ${missing.length} are missing (${some(missing)}), ` +
      `${extra.length} are too many (${some(extra)})`,
  );
}

/** As multisets. */
function difference(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const n = left.get(line) ?? 0;
    left.set(line, n - 1);
    return n <= 0;
  });
}

/** The counts of a word are in one partition, by its key. */
function assertAscending(counts: readonly Count[]): void {
  const last = new Map<string, number>();
  for (const { word, n } of counts) {
    assert.ok(n > (last.get(word) ?? 0), `the topic has ${word} ${n} after ${word} ${last.get(word)}`);
    last.set(word, n);
  }
}
