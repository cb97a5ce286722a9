import assert from "node:assert/strict";
import test from "node:test";
import { AssertionFailure, StreamError } from "../../base/index.ts";
import { defaultConfiguration, mergeConfiguration } from "./configuration.ts";
import { BROADCAST, FORWARD, HASH, type NodeSketch, REBALANCE, sketchGraph } from "./graph-example.test-support.ts";
import type { Partitioning, StreamNode } from "./stream-graph.ts";
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

test("the first input of a keyed operator comes by key; another one may be broadcast, and only all of it", () => {
  const keyed = (...inputs: readonly (readonly [number, Partitioning, number])[]): (() => void) => {
    const graph = sketchGraph([{}, { inputs: inputs.map(([from, partitioning]) => [from, partitioning] as const) }]);
    const [source, operator] = graph.nodes as [StreamNode, StreamNode];
    const edges = operator.inputs.map((edge, place) => ({ ...edge, input: inputs[place]?.[2] ?? 0 }));
    return () => validateStreamGraph({ ...graph, nodes: [source, { ...operator, isKeyed: true, inputs: edges }] });
  };
  keyed([0, HASH, 0], [0, HASH, 0], [0, BROADCAST, 1], [0, BROADCAST, 1])();
  keyed([0, HASH, 0], [0, HASH, 1])();
  assert.throws(keyed([0, BROADCAST, 0], [0, HASH, 1]), /not all of its inputs are partitioned by key/);
  assert.throws(keyed([0, HASH, 0], [0, FORWARD, 1]), /not all of its inputs are partitioned by key/);
  assert.throws(keyed([0, HASH, 0], [0, HASH, 1], [0, BROADCAST, 1]), /not all of its inputs are partitioned by key/);
  assert.throws(keyed([0, HASH, 0], [0, HASH, 2]), AssertionFailure);
});

test("the job's maxParallelism bounds operators without their own", () => {
  const job = mergeConfiguration(defaultConfiguration(), { maxParallelism: 2 });
  assert.throws(() => validateStreamGraph(sketchGraph([{ parallelism: 3 }], job)), /above maxParallelism 2/);
  validateStreamGraph(sketchGraph([{ parallelism: 3, maxParallelism: 3 }], job));
});

test("an edge from a later node is a bug of the API, not of the user (SG1)", () => {
  assert.throws(() => validateStreamGraph(sketchGraph([{}, { inputs: [[1, FORWARD]] }])), AssertionFailure);
});
