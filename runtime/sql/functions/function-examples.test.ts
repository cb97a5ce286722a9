import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { functionExamples, jsonExamples } from "../validate/functions/function-examples.ts";
import { builtInFunctions } from "../validate/functions/function-table.ts";
import { evaluate, typedTree } from "./evaluation.test-support.ts";

/** As the documentation shows it. */
function shown(call: string): string {
  const text = evaluate(`CAST(${call} AS STRING)`);
  if (text === null) return "NULL";
  const { kind } = typedTree(call).type;
  return kind === "char" || kind === "varchar" ? `'${String(text)}'` : String(text);
}

describe("an example of the documentation gives what it says:", () => {
  const examples = [...functionExamples.values(), ...jsonExamples.map(([, , , call, gives]) => [call, gives] as const)];
  for (const [call, gives] of examples) it(`${call}: ${gives}`, () => assert.equal(shown(call), gives));

  it("and only what depends on the clock, on chance or on rows has none", () => {
    const without = [...builtInFunctions.values()]
      .filter(({ name, kind }) => kind === "scalar" && !functionExamples.has(name))
      .map(({ name }) => name);
    assert.deepEqual(without.toSorted(), [
      "CURRENT_DATE",
      "CURRENT_ROW_TIMESTAMP",
      "CURRENT_TIME",
      "CURRENT_TIMESTAMP",
      "CURRENT_WATERMARK",
      "LOCALTIME",
      "LOCALTIMESTAMP",
      "NOW",
      "PROCTIME",
      "UUID",
    ]);
  });
});
