/**
 * Owns: running one query over the tables of data.test-support.ts, and what it gives in the end.
 */
import assert from "node:assert/strict";
import { forBoundedOutOfOrderness, type Job, job } from "../../api/index.ts";
import { printSink } from "../../connectors/basic/index.ts";
import type { ValueType } from "../../record/index.ts";
import { JobDriver } from "../../testkit/index.ts";
import { type ChangelogRecord, tableEnvironment } from "../index.ts";
import { type Data, DELAY_MS, Order, Payment, User } from "./data.test-support.ts";
import { numberText } from "./duckdb.test-support.ts";
import { outsideTable } from "./outside-table.test-support.ts";

type TableName = keyof Data;
type JobParts = { readonly data: Data; readonly types: ValueType<unknown>[]; readonly miniBatchSize?: number };
const NAMES: readonly TableName[] = ["orders", "users", "payments"];

const namesIn = (query: string): readonly TableName[] =>
  NAMES.filter((name) => new RegExp(`\\b${name}\\b`).test(query));

/** `types`: gets that of the result's rows. */
function jobOf(query: string, mode: "streaming" | "batch", { data, types, miniBatchSize }: JobParts): Job {
  const watermarks = forBoundedOutOfOrderness(DELAY_MS, ({ ts }: { readonly ts: number }) => ts);
  return job((env) => {
    const miniBatch = miniBatchSize === undefined ? {} : { miniBatch: { size: miniBatchSize, allowLatency: "1 s" } };
    const tables = tableEnvironment(env, { mode, ...miniBatch });
    if (miniBatchSize !== undefined) tables.execute("SET 'table.optimizer.agg-phase-strategy' = 'TWO_PHASE'");
    const add = {
      orders: () =>
        tables.table("orders", env.fromCollection([], { type: Order, uid: "orders", watermarks }), { rowtime: "ts" }),
      users: () => tables.table("users", env.fromCollection([], { type: User, uid: "users" })),
      payments: () =>
        tables.table("payments", env.fromCollection([], { type: Payment, uid: "payments", watermarks }), {
          rowtime: "ts",
        }),
    };
    for (const name of namesIn(query)) add[name]();
    if (/\boutside\b/.test(query)) tables.execute(outsideTable(data));
    const result = tables.sql(query);
    types.push(result.type);
    result.toChangelogStream({ uid: "changes" }).sinkTo(printSink(), { uid: "out" });
  });
}

/** What is there after all changes. */
function finalRows(changes: readonly ChangelogRecord[], type: ValueType<unknown>): readonly string[] {
  const counts = new Map<string, number>();
  for (const { kind, row } of changes) {
    const text = textOf(row, type);
    counts.set(text, (counts.get(text) ?? 0) + (kind === "+I" || kind === "+U" ? 1 : -1));
  }
  return [...counts]
    .flatMap(([text, count]) => {
      assert.ok(count >= 0, `${text} is taken back more often than it came`);
      return Array<string>(count).fill(text);
    })
    .toSorted();
}

function textOf(row: Readonly<Record<string, unknown>>, type: ValueType<unknown>): string {
  return (type.fields ?? [])
    .map(({ name, type: { kind, scale = 0 } }) => {
      const value = row[name];
      if (value === null) return "NULL";
      if (kind === "timestamp" || kind === "string") return String(value);
      return numberText(Number(value) / (kind === "decimal" ? 10 ** scale : 1));
    })
    .join(" | ");
}

/** `share`: which part of each table, in tenths. */
const partOf = (rows: readonly unknown[], [from, to]: readonly [number, number]): readonly unknown[] =>
  rows.slice(Math.floor((rows.length * from) / 10), Math.floor((rows.length * to) / 10));

/**
 * In two parts, with a restore at another parallelism between them. `cut`: of ten, how much is in the first one. `miniBatchSize`: rows of a mini-batch; in two phases where that can be; absent: changes leave row by row.
 */
export async function streamed(
  query: string,
  rows: Data,
  cut: number,
  miniBatchSize?: number,
): Promise<readonly string[]> {
  const types: ValueType<unknown>[] = [];
  const parts = { data: rows, types, ...(miniBatchSize === undefined ? {} : { miniBatchSize }) };
  const made = jobOf(query, "streaming", parts);
  const names = namesIn(query);
  const sources = Object.fromEntries(names.map((name) => [name, partOf(rows[name], [0, cut])]));
  const driver = await JobDriver.start(made, { sources, parallelism: (cut % 3) + 1 });
  await driver.run();
  await driver.advance("1s");
  const snapshot = await driver.snapshot();
  const changes = driver.output<ChangelogRecord>("out");
  await driver.close();
  await using restored = await JobDriver.start(made, { restore: snapshot, parallelism: ((cut + 1) % 3) + 1 });
  for (const name of names) for (const row of partOf(rows[name], [cut, 10])) restored.push(name, row);
  restored.end();
  await restored.run();
  return finalRows([...changes, ...restored.output<ChangelogRecord>("out")], types[0] as ValueType<unknown>);
}

/** So little memory that everything is spilled. */
const NO_MEMORY = { "taskmanager.memory.managed.fraction": "0.000001" };

/** No change but new rows. `spills`: hardly anything is kept in memory. */
export async function batched(query: string, rows: Data, spills = false): Promise<readonly string[]> {
  const types: ValueType<unknown>[] = [];
  const sources = Object.fromEntries(namesIn(query).map((name) => [name, rows[name]]));
  const options = spills ? { options: NO_MEMORY } : {};
  const made = jobOf(query, "batch", { data: rows, types });
  await using driver = await JobDriver.start(made, { sources, parallelism: 2, ...options });
  driver.end();
  await driver.run();
  const changes = driver.output<ChangelogRecord>("out");
  for (const { kind } of changes) assert.equal(kind, "+I");
  return finalRows(changes, types[0] as ValueType<unknown>);
}
