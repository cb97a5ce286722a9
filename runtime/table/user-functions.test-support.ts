/** Functions of the user, and jobs that call them, for their tests. */
import assert from "node:assert/strict";
import { StreamError } from "../../base/index.ts";
import { type Job, job } from "../api/index.ts";
import { printSink } from "../connectors/basic/index.ts";
import { t } from "../record/index.ts";
import { JobDriver } from "../testkit/index.ts";
import {
  aggregateFunction,
  type ChangelogRecord,
  type FunctionDefinition,
  scalarFunction,
  tableEnvironment,
  tableFunction,
} from "./index.ts";

const Word = t.record({ id: t.int32, line: t.nullable(t.string), worth: t.int64, moment: t.int64 });
export type Row = Readonly<Record<string, unknown>>;

export const words = [
  { id: 1, line: "ab cd", worth: 5, moment: 1000 },
  { id: 2, line: null, worth: 7, moment: 2000 },
  { id: 3, line: "ef", worth: 11, moment: 6000 },
];

export const mask = scalarFunction({
  arguments: [t.string, t.int32],
  returns: t.string,
  call: (text, kept) => text.slice(0, kept).padEnd(text.length, "*"),
});
export const split = tableFunction({
  arguments: [t.string],
  returns: t.record({ word: t.string, size: t.int64 }),
  *call(text) {
    for (const word of text.split(" ")) yield { word, size: word.length };
  },
});
/** The mean of values by their weights. */
export const weighted = aggregateFunction({
  arguments: [t.bigint, t.int32],
  returns: t.nullable(t.float64),
  accumulator: t.record({ sum: t.float64, weight: t.float64 }),
  create: () => ({ sum: 0, weight: 0 }),
  add: (state, value, weight) => {
    state.sum += Number(value) * weight;
    state.weight += weight;
  },
  retract: (state, value, weight) => {
    state.sum -= Number(value) * weight;
    state.weight -= weight;
  },
  merge: (left, right) => ({ sum: left.sum + right.sum, weight: left.weight + right.weight }),
  result: ({ sum, weight }) => (weight === 0 ? null : sum / weight),
});

type Functions = Readonly<Record<string, FunctionDefinition>>;
type Mode = "streaming" | "batch";

export function jobOf(query: string, functions: Functions, mode: Mode = "streaming"): Job {
  return job((env) => {
    const tables = tableEnvironment(env, { mode });
    tables.table("words", env.fromCollection([], { type: Word, uid: "words" }), { rowtime: "moment" });
    for (const [name, each] of Object.entries(functions)) tables.createFunction(name, each);
    tables.sql(query).toChangelogStream({ uid: "changes" }).sinkTo(printSink(), { uid: "out" });
  });
}

export async function changesOf(
  query: string,
  functions: Functions,
  mode: Mode = "streaming",
  parallelism = 1,
): Promise<readonly string[]> {
  await using driver = await JobDriver.start(jobOf(query, functions, mode), { sources: { words }, parallelism });
  driver.end();
  await driver.run();
  assert.ok(driver.isFinished);
  return driver.output<ChangelogRecord>("out").map(({ kind, row }) => `${kind} ${text(row as Row)}`);
}

export const text = (row: Row): string =>
  Object.values(row)
    .map((value) => (value instanceof Date ? value.toISOString() : String(value)))
    .join(" ");

export const rowsOf = async (query: string, functions: Functions, mode?: Mode): Promise<readonly string[]> =>
  (await changesOf(query, functions, mode, 2)).map((change) => change.slice(3)).toSorted();

export const isRefused =
  (code: string, ...parts: readonly string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof StreamError, String(error));
    assert.equal(error.code, code);
    for (const part of parts) assert.ok(error.message.includes(part), error.message);
    return true;
  };
