/**
 * The example of docs/functions.md compiles, and keeps the states that the page says.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "../../runtime/api/index.ts";
import { buildStreamGraph } from "../../runtime/api/engine.ts";
import type { OperatorFactory } from "../../runtime/ports/index.ts";
import { OperatorHarness } from "../../runtime/testkit/index.ts";
import { PageExamples } from "./page-examples.ts";

const examples = new PageExamples("docs/functions.md");

test("the example of docs/functions.md compiles", async () => {
  assert.deepEqual(examples.names, ["totals.ts"]);
  assert.equal(await examples.typeErrors(), "");
});

test("the example of docs/functions.md tells a customer's total after a quiet minute, and begins anew", async () => {
  const { default: totals } = (await examples.load("totals.ts")) as { default: Job };
  const { nodes } = await buildStreamGraph(totals, {});
  const node = nodes.find(({ uid }) => uid === "totals");
  assert.deepEqual(
    node?.states?.map(({ name }) => name),
    ["total", "pieces", "prices", "user-timers"],
  );
  type Order = { readonly customer: string; readonly article: string; readonly price: bigint };
  const harness = await OperatorHarness.open(node?.logic as OperatorFactory<Order, string>, {
    keySelector: ({ customer }) => customer,
  });
  harness.process({ customer: "ann", article: "tea", price: 499n });
  harness.process({ customer: "ann", article: "milk", price: 101n });
  harness.process({ customer: "bob", article: "tea", price: 499n });
  harness.advance(60_000);
  assert.deepEqual(harness.values.toSorted(), ["ann: 600 for tea, milk", "bob: 499 for tea"]);
  harness.process({ customer: "ann", article: "tea", price: 1n });
  harness.advance(60_000);
  assert.deepEqual(harness.values.at(-1), "ann: 1 for tea");
});
