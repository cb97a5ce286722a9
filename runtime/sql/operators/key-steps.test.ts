/** What operators of batch emit at their end leaves as there is room (SQKS1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { OperatorFactory } from "../../ports/index.ts";
import { ManualClock } from "../../testkit/index.ts";
import type { DeduplicateNode, OverNode, PlanColumn, PlanRow, RankNode, SortColumn } from "../plan/plan-tree.ts";
import { boundedAggregate } from "./bounded-aggregate.ts";
import { type Change, ChangelogRun, inputOf, planRow, sessionOf } from "./changelog-run.test-support.ts";
import { deduplicateOperator } from "./latest-rows.ts";
import { overOperator } from "./over.ts";
import { rankOperator } from "./rank.ts";

const COUNT = 5000;
const BATCH = 100;
/** Two pages, and what lies between them in an operator. */
const STEP_MAX = 2100;

const session = sessionOf(new ManualClock());
const ROW = planRow({ key: "int", at: "rowtime", name: "string" });
/** Rows with it are in no table. */
const OBJECTS: PlanRow = [
  ...ROW,
  { name: "price", type: { kind: "decimal", isNullable: true, precision: 9, scale: 2 }, time: null },
];
const byName: SortColumn = { column: 2, direction: "ASC", nulls: "FIRST" };
const bigint: PlanColumn["type"] = { kind: "bigint", isNullable: false };

const nodeOf = (row: PlanRow) => ({ uid: "node", row, changes: "append", keys: [], input: inputOf(row) }) as const;

const over: OverNode = {
  ...nodeOf(ROW),
  kind: "over",
  row: [...ROW, { name: "number", type: bigint, time: null }],
  partitionBy: [0],
  orderBy: [byName],
  frame: { unit: "ROWS", preceding: null },
  calls: [
    { name: "COUNT", arguments: [], isDistinct: false, filter: null, ignoresNulls: false, order: [], type: bigint },
  ],
};

const rank = (row: PlanRow): RankNode => ({
  ...nodeOf(row),
  kind: "rank",
  partitionBy: [0],
  orderBy: [byName],
  from: 1,
  to: COUNT,
  showsRank: false,
  windowEnd: null,
});

const latest = (row: PlanRow): DeduplicateNode => ({
  ...nodeOf(row),
  kind: "deduplicate",
  by: [0],
  time: 1,
  keep: "last",
});

type Case = { readonly factory: OperatorFactory<unknown, unknown>; readonly row: PlanRow };

const cases: Readonly<Record<string, Case>> = {
  OVER: { factory: overOperator(over, session, "batch"), row: ROW },
  "Top-N in a table": { factory: rankOperator(rank(ROW), session, "batch"), row: ROW },
  "Top-N of objects": { factory: rankOperator(rank(OBJECTS), session, "batch"), row: OBJECTS },
  "deduplication in a table": { factory: deduplicateOperator(latest(ROW), "batch"), row: ROW },
  "deduplication of objects": { factory: deduplicateOperator(latest(OBJECTS), "batch"), row: OBJECTS },
  "GROUP BY": {
    factory: boundedAggregate({
      ...nodeOf(ROW),
      kind: "aggregate",
      row: [ROW[0] as PlanColumn, { name: "number", type: bigint, time: null }],
      groupBy: [0],
      calls: over.calls,
    }),
    row: ROW,
  },
};

const isOfOneKey = (what: string): boolean => what === "OVER" || what.startsWith("Top-N");

for (const [what, { factory, row }] of Object.entries(cases)) {
  const changes = Array.from({ length: COUNT }, (_none, n): Change => {
    const values = [isOfOneKey(what) ? 1 : n, n, `name ${n}`, null];
    return ["+I", ...values.slice(0, row.length)];
  });

  const open = async (): Promise<{ run: ChangelogRun; resume: () => boolean }> => {
    let resume: (() => boolean) | null = null;
    const onDefer = (next: () => boolean): void => void (resume = next);
    const run = await ChangelogRun.open(factory, { inputs: [row], onDefer });
    for (let from = 0; from < COUNT; from += BATCH) run.give(0, ...changes.slice(from, from + BATCH));
    return {
      run,
      resume: () => {
        assert.ok(resume !== null, "the rest is emitted later");
        return resume();
      },
    };
  };

  test(`${what}: the rows leave in steps, and all of them`, async () => {
    const { run, resume } = await open();
    const steps = [await run.end()];
    for (let isDone = false; !isDone; ) {
      isDone = resume();
      steps.push(run.taken());
    }
    for (const step of steps) assert.ok(step.length <= STEP_MAX, `${step.length} rows at once`);
    assert.equal(new Set(steps.flat()).size, COUNT);
    assert.equal(steps.flat().length, COUNT);
  });

  test(`${what}: a checkpoint in the middle has the rest emitted first, and nothing twice`, async () => {
    const { run } = await open();
    const first = await run.end();
    const restored = await run.restored(factory, { inputs: [row] });
    assert.equal(first.length + run.taken().length, COUNT);
    assert.deepEqual(await restored.end(), []);
  });
}

test("OVER: rows that come into the frame of one row do so in steps (SWK2)", async () => {
  const peers: OverNode = { ...over, orderBy: [], frame: { unit: "RANGE", preceding: null } };
  let resume: (() => boolean) | null = null;
  const onDefer = (next: () => boolean): void => void (resume = next);
  const run = await ChangelogRun.open(overOperator(peers, session, "batch"), { inputs: [ROW], onDefer });
  const pages = Math.ceil(COUNT / 1024);
  for (let from = 0; from < COUNT; from += BATCH)
    run.give(0, ...Array.from({ length: BATCH }, (_none, n): Change => ["+I", 1, from + n, "one name"]));
  const steps = [await run.end()];
  while (steps.length < COUNT) {
    const isDone = (resume as unknown as () => boolean)();
    steps.push(run.taken());
    if (isDone) break;
  }
  assert.equal(steps.flat().length, COUNT);
  // Pages that are read, and then as many that come into the frame.
  const quiet = steps.findIndex((step) => step.length > 0);
  assert.ok(quiet >= 2 * (pages - 1), `${quiet} steps before the first row`);
});
