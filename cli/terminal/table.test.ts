import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatTable, shortened } from "./table.ts";

const rows = [
  ["TYPE", "MESSAGE"],
  ["Ready", "the job runs and has completed a checkpoint"],
  ["", "/a/path/that/is/longer/than/any/line/may/be"],
];

describe("a table", () => {
  it("is as wide as its cells where nothing limits it", () => {
    assert.deepEqual(formatTable(rows), [
      "TYPE   MESSAGE",
      "Ready  the job runs and has completed a checkpoint",
      "       /a/path/that/is/longer/than/any/line/may/be",
    ]);
  });

  it("wraps its last column between words, below itself, and leaves a long word whole", () => {
    assert.deepEqual(formatTable(rows, 32), [
      "TYPE   MESSAGE",
      "Ready  the job runs and has",
      "       completed a checkpoint",
      "       /a/path/that/is/longer/than/any/line/may/be",
    ]);
  });

  it("has a last column that can be read on the narrowest terminal", () => {
    assert.equal(formatTable(rows, 5)[1], "Ready  the job runs and has");
  });
});

describe("a name that is too long", () => {
  it("ends with an ellipsis", () => {
    assert.deepEqual([shortened("words", 5), shortened("wordcount", 5)], ["words", "word…"]);
  });
});
