/** What is known of stored states beforehand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keyedOperator } from "./builders.test-support.ts";
import { type OperatorStateHandle, type Redistribution, storedDeclarations } from "./handles.ts";

const listed = (name: string, redistribution: Redistribution): OperatorStateHandle => ({
  name,
  redistribution,
  count: 1,
  blob: { kind: "inline", base64: "AA==" },
});

test("an operator list is declared by how its items are shared out, also in a manifest of an earlier program", () => {
  const total = { name: "total", kind: "value", type: "int64" };
  const declared = (kinds: Readonly<Record<string, string>>) => [
    total,
    ...Object.entries(kinds).map(([name, kind]) => ({ name, kind, type: "string" })),
  ];
  const now = { own: "operator-list", all: "union-list", rules: "broadcast-list" };
  const earlier = { own: "operator-list", all: "operator-list", rules: "operator-list" };
  const operator = keyedOperator("count", "data", "x", 2);
  const handles = [[listed("own", "split")], [listed("all", "union"), listed("rules", "broadcast")]];
  const subtasks = operator.subtasks.map((subtask, index) => ({ ...subtask, operator: handles[index] ?? [] }));
  for (const kinds of [now, earlier]) {
    assert.deepEqual(storedDeclarations({ ...operator, subtasks, declarations: declared(kinds) }), declared(now));
    // Of lists without items nothing is restored, so nothing of them can be in the way.
    assert.deepEqual(storedDeclarations({ ...operator, declarations: declared(kinds) }), [total]);
  }
});
