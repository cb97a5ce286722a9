/**
 * The types of docs/values.md compile, and what the page says of them holds.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeValues, encodeValues, type ValueType } from "../../runtime/record/index.ts";
import { PageExamples } from "./page-examples.ts";

const examples = new PageExamples("docs/values.md");

test("the examples of docs/values.md compile", async () => {
  assert.deepEqual(examples.names, ["order-type.ts"]);
  assert.equal(await examples.typeErrors(), "");
});

test("the order of docs/values.md comes back as it was", async () => {
  const { order, example } = (await examples.load("order-type.ts")) as {
    order: ValueType<unknown>;
    example: { readonly id: string };
  };
  const rows = [example, { ...example, note: "soon" }, { ...example, note: undefined }];
  assert.deepEqual(decodeValues(order, encodeValues(order, rows)), rows);
  assert.equal(Object.hasOwn(decodeValues(order, encodeValues(order, rows))[0] as object, "note"), false);
  assert.throws(() => encodeValues(order, [{ ...example, state: "lost" }]), { code: "VALUE_NOT_SERIALIZABLE" });
});
