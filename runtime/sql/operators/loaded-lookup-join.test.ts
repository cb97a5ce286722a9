/** A lookup in a table that is read whole: the rows that a lookup row by row has (lookup-join.ts), whatever is asked by, some at a time (SQLZ2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../testkit/index.ts";
import type { LookupJoinNode, PlanRow } from "../plan/plan-tree.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import type { SqlType } from "../types/sql-type.ts";
import { type Change, ChangelogRun, inputOf, isLess, sessionOf } from "./changelog-run.test-support.ts";
import { loadedLookupJoinOperator } from "./loaded-lookup-join.ts";
import { lookupOf } from "./lookup-join.ts";
import { column, decimal, scalar, text } from "./operator-run.test-support.ts";

/** Of each type values that are equal and others, among them those that are one key and not one value. */
const VALUES: readonly (readonly [SqlType, readonly unknown[]])[] = [
  [scalar("int"), [0, 1, -7]],
  [scalar("bigint"), [0n, 1n, 2n ** 40n, 1n << 32n]],
  [text, ["", "a", "b", "ä", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]],
  [scalar("double"), [0, -0, Number.NaN, 1.5]],
  [scalar("boolean"), [true, false]],
  [decimal(30, 2), [0n, 150n, 10n ** 25n]],
  [{ kind: "array", isNullable: true, element: scalar("int") }, [[], [1], [1, 2], [2, 1]]],
];

function nodeOf(types: readonly SqlType[], join: "INNER" | "LEFT", isTested: boolean): LookupJoinNode {
  const keys = types.map((type, at) => column(`k${at}`, type));
  const input: PlanRow = [column("id", scalar("int")), ...keys];
  const found: PlanRow = [...keys, column("worth", scalar("int")), column("name", text)];
  const columns = found.map((_, place) => place);
  const row = [...input, ...found.map((each) => ({ ...each, name: `found ${each.name}` }))];
  return {
    kind: "lookupJoin",
    uid: "lookup",
    row,
    changes: "append",
    keys: [],
    input: inputOf(input),
    name: "found",
    // Of the table only its columns are looked at.
    table: { schema: { columns: found } } as unknown as LookupJoinNode["table"],
    columns,
    asks: keys.map((_, at) => ({ place: at + 1, column: at })),
    join,
    condition: isTested ? isLess([...input, ...found], 0, input.length + types.length) : null,
    hint: null,
    at: { start: 0, end: 0 },
  };
}

const session = sessionOf(new ManualClock());
const open = (node: LookupJoinNode, table: readonly SqlRow[], pauses = false): Promise<ChangelogRun> =>
  ChangelogRun.open(
    loadedLookupJoinOperator(node, session, async () => table),
    { inputs: [node.input.row], pauses },
  );
const named = (row: PlanRow, values: readonly unknown[]): SqlRow =>
  Object.fromEntries(row.map(({ name }, place) => [name, values[place]]));

/** Row by row, over all rows of the table. */
function expected(node: LookupJoinNode, table: readonly SqlRow[], given: readonly SqlRow[]): readonly string[] {
  const lookup = lookupOf(node, session);
  return given.flatMap((row) => {
    const answers = lookup.askedBy(row) === null ? [] : table;
    return lookup
      .matches(row, answers)
      .map((answer) => `+I[${Object.values(lookup.rowOf(row, answer)).map(String).join(", ")}]`);
  });
}

test("what is found is what a lookup row by row finds, in its order", async () => {
  const keyed = fc.uniqueArray(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 3 }).chain((types) =>
    fc.record({
      types: fc.constant(types.map(([type]) => type)),
      rows: fc.array(rowOf(types), { maxLength: 60 }),
      table: fc.array(rowOf(types), { maxLength: 40 }),
    }),
  );
  const settings = fc.record({ join: fc.constantFrom("INNER", "LEFT"), isTested: fc.boolean(), pauses: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(keyed, settings, async ({ types, rows, table }, { join, isTested, pauses }) => {
      const node = nodeOf(types, join, isTested);
      const found = node.table.schema.columns as PlanRow;
      const stored = table.map((keys, at) => named(found, [...keys, at % 7, at % 5 === 0 ? null : `name ${at}`]));
      const given = rows.map((keys, at) => named(node.input.row, [at % 9, ...keys]));
      const run = await open(node, stored, pauses);
      const half = given.length >> 1;
      const changes = given.map((row): Change => ["+I", ...Object.values(row)]);
      const out = [...run.give(0, ...changes.slice(0, half)), ...run.give(0, ...changes.slice(half))];
      assert.deepEqual(out, expected(node, stored, given));
    }),
    { numRuns: 200 },
  );
});

function rowOf(types: readonly (readonly [SqlType, readonly unknown[]])[]): fc.Arbitrary<unknown[]> {
  return fc.tuple(...types.map(([, values]) => fc.constantFrom(null, ...values)));
}

test("a table of several pages has all rows of a key, and where the task pauses no row is lost", async () => {
  const node = nodeOf([scalar("int")], "LEFT", false);
  const found = node.table.schema.columns as PlanRow;
  // Of key 3 there are 800 rows: a few records have more pairs than are emitted at once.
  const table = Array.from({ length: 4000 }, (_, at) => named(found, [at % 5 === 0 ? 3 : at + 10, at, `name ${at}`]));
  const given = [3, 11, 3, 3, 14, 0, 3].map((key, at) => named(node.input.row, [at, key]));
  for (const pauses of [false, true]) {
    const run = await open(node, table, pauses);
    const out = run.give(0, ...given.map((row): Change => ["+I", ...Object.values(row)]));
    assert.equal(out.length, 4 * 800 + 3);
    assert.deepEqual(out, expected(node, table, given));
  }
});
