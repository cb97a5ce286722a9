import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { buildJobGraph } from "./chaining.ts";
import {
  arbitraryGraph,
  BROADCAST,
  FORWARD,
  HASH,
  type NodeSketch,
  REBALANCE,
  sketchGraph,
} from "./graph-example.test-support.ts";
import { deriveRegions, type SubtaskRef } from "./regions.ts";

const text = ({ vertex, subtask }: SubtaskRef): string => `${vertex}.${subtask}`;
const regionsOf = (sketches: readonly NodeSketch[]): string[] =>
  deriveRegions(buildJobGraph(sketchGraph(sketches))).map((region) => region.map(text).join(" "));

const apart = { parallelism: 2, chaining: "never" } as const;
const cases: Readonly<Record<string, readonly [readonly NodeSketch[], readonly string[]]>> = {
  "forward edges join equal subtasks only": [
    [apart, { ...apart, inputs: [[0, FORWARD]] }],
    ["0.0 1.0", "0.1 1.1"],
  ],
  "a hash edge joins all": [[apart, { ...apart, inputs: [[0, HASH]] }], ["0.0 0.1 1.0 1.1"]],
  "a rebalance joins all": [[apart, { ...apart, inputs: [[0, REBALANCE]] }], ["0.0 0.1 1.0 1.1"]],
  "a broadcast joins all": [[apart, { ...apart, inputs: [[0, BROADCAST]] }], ["0.0 0.1 1.0 1.1"]],
  "jobs side by side are apart": [
    [{}, { parallelism: 2 }],
    ["0.0", "1.0", "1.1"],
  ],
  "a shared consumer joins its producers": [
    [
      {},
      {},
      {
        inputs: [
          [0, FORWARD],
          [1, FORWARD],
        ],
      },
    ],
    ["0.0 1.0 2.0"],
  ],
};

for (const [sentence, [sketches, regions]] of Object.entries(cases)) {
  test(`${sentence} (RG2)`, () => assert.deepEqual(regionsOf(sketches), regions));
}

test("regions partition the subtasks (RG1), and no edge leaves one (RG2)", () => {
  fc.assert(
    fc.property(arbitraryGraph, (streamGraph) => {
      const graph = buildJobGraph(streamGraph);
      const regions = deriveRegions(graph);
      const regionOf = new Map(regions.flatMap((region, place) => region.map((ref) => [text(ref), place] as const)));
      const all = graph.vertices.flatMap(({ index, parallelism }) =>
        Array.from({ length: parallelism }, (_, subtask) => `${index}.${subtask}`),
      );
      assert.equal(
        regions.reduce((count, region) => count + region.length, 0),
        all.length,
      );
      assert.deepEqual([...regionOf.keys()].toSorted(), all.toSorted());
      for (const edge of graph.edges) {
        const from = graph.vertices[edge.fromVertex];
        const to = graph.vertices[edge.toVertex];
        for (let producer = 0; producer < (from?.parallelism ?? 0); producer++) {
          for (let consumer = 0; consumer < (to?.parallelism ?? 0); consumer++) {
            if (edge.partitioning.kind === "forward" && producer !== consumer) continue;
            assert.equal(regionOf.get(`${edge.fromVertex}.${producer}`), regionOf.get(`${edge.toVertex}.${consumer}`));
          }
        }
      }
    }),
  );
});

test("a wide job's regions are found quickly", () => {
  const wide = { parallelism: 2000, chaining: "never" } as const;
  const graph = buildJobGraph(
    sketchGraph([wide, { ...wide, inputs: [[0, FORWARD]] }, { ...wide, inputs: [[1, HASH]] }]),
  );
  assert.equal(deriveRegions(graph).length, 1);
});
