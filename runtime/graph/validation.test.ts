import assert from "node:assert/strict";
import test from "node:test";
import { AssertionFailure, StreamError } from "../../base/index.ts";
import { defaultConfiguration, mergeConfiguration } from "./configuration.ts";
import { FORWARD, HASH, type NodeSketch, REBALANCE, sketchGraph } from "./graph-example.test-support.ts";
import { validateStreamGraph } from "./validation.ts";

const invalid: Readonly<Record<string, readonly [sketches: readonly NodeSketch[], message: RegExp]>> = {
  "a job without a source": [[], /no source/],
  "two equal uids": [
    [
      { name: "lines", uid: "a" },
      { name: "words", inputs: [[0, FORWARD]] },
      { name: "counts", uid: "a", inputs: [[1, HASH]] },
    ],
    /"lines" \(the 1st of the job\) and "counts" \(the 3rd\).*"a"/,
  ],
  "an empty uid": [[{ uid: " " }], /uid has 1 to 255/],
  "a parallelism of 0": [[{ parallelism: 0 }], /parallelism is 0/],
  "a parallelism that is no whole number": [[{ parallelism: 1.5 }], /parallelism is 1.5/],
  "a maxParallelism above 32768": [[{ maxParallelism: 32769 }], /maxParallelism is 32769/],
  "a parallelism above maxParallelism": [[{ parallelism: 8, maxParallelism: 4 }], /8 is above maxParallelism 4/],
  "an operator without an input": [[{}, { role: "operator" }], /"n1".*no input/],
  "a keyed operator with an input that is not by key": [
    [
      {},
      {
        inputs: [
          [0, HASH],
          [0, REBALANCE],
        ],
      },
    ],
    /keyed/,
  ],
};

for (const [sentence, [sketches, message]] of Object.entries(invalid)) {
  test(`${sentence} is refused by name`, () => {
    assert.throws(
      () => validateStreamGraph(sketchGraph(sketches)),
      (error) => error instanceof StreamError && error.code === "JOB_GRAPH_INVALID" && message.test(error.message),
    );
  });
}

test("the job's maxParallelism bounds operators without their own", () => {
  const job = mergeConfiguration(defaultConfiguration(), { maxParallelism: 2 });
  assert.throws(() => validateStreamGraph(sketchGraph([{ parallelism: 3 }], job)), /above maxParallelism 2/);
  validateStreamGraph(sketchGraph([{ parallelism: 3, maxParallelism: 3 }], job));
});

test("an edge from a later node is a bug of the API, not of the user (SG1)", () => {
  assert.throws(() => validateStreamGraph(sketchGraph([{}, { inputs: [[1, FORWARD]] }])), AssertionFailure);
});
