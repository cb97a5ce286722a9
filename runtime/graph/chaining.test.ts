import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { StreamError } from "../../base/index.ts";
import { buildJobGraph } from "./chaining.ts";
import { defaultConfiguration, mergeConfiguration } from "./configuration.ts";
import {
  arbitraryGraph,
  BROADCAST,
  FORWARD,
  HASH,
  type NodeSketch,
  REBALANCE,
  sketchGraph,
} from "./graph-example.test-support.ts";
import type { JobGraph } from "./job-graph.ts";

const names = (graph: JobGraph): string[] => graph.vertices.map((vertex) => vertex.name);

const chainings: Readonly<Record<string, readonly [sketches: readonly NodeSketch[], vertices: readonly string[]]>> = {
  "a forward edge of equal parallelism is chained": [[{}, { inputs: [[0, FORWARD]] }], ["Source: n0 -> n1"]],
  "a forward edge of different parallelism is not": [
    [{}, { inputs: [[0, FORWARD]], parallelism: 2 }],
    ["Source: n0", "n1"],
  ],
  "a rebalance is not": [
    [{}, { inputs: [[0, REBALANCE]] }],
    ["Source: n0", "n1"],
  ],
  "a broadcast is not": [
    [{}, { inputs: [[0, BROADCAST]] }],
    ["Source: n0", "n1"],
  ],
  "a hash edge is not": [
    [{}, { inputs: [[0, HASH]] }],
    ["Source: n0", "n1"],
  ],
  "a consumer with two inputs is not": [
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
    ["Source: n0", "Source: n1", "n2"],
  ],
  "two edges from one producer are two inputs": [
    [
      {},
      {
        inputs: [
          [0, FORWARD],
          [0, FORWARD],
        ],
      },
    ],
    ["Source: n0", "n1"],
  ],
  "a `head` starts a chain and is followed": [
    [{}, { inputs: [[0, FORWARD]], chaining: "head" }, { inputs: [[1, FORWARD]] }],
    ["Source: n0", "n1 -> n2"],
  ],
  "a `never` is alone": [
    [{}, { inputs: [[0, FORWARD]], chaining: "never" }, { inputs: [[1, FORWARD]] }],
    ["Source: n0", "n1", "n2"],
  ],
  "a branch is chained as a tree": [
    [{}, { inputs: [[0, FORWARD]] }, { inputs: [[1, FORWARD]] }, { inputs: [[1, FORWARD]], role: "sink" }],
    ["Source: n0 -> n1 -> (n2, Sink: n3)"],
  ],
  "another explicit maxParallelism than the producer's is not chained": [
    [{}, { inputs: [[0, FORWARD]], maxParallelism: 64 }, { inputs: [[1, FORWARD]] }],
    ["Source: n0", "n1 -> n2"],
  ],
};

for (const [sentence, [sketches, vertices]] of Object.entries(chainings)) {
  test(`${sentence} (CHA2)`, () => {
    assert.deepEqual(names(buildJobGraph(sketchGraph(sketches))), vertices);
  });
}

test("word count makes two vertices: source to flatMap, counts to sink", () => {
  const graph = buildJobGraph(
    sketchGraph([
      { name: "lines", parallelism: 2 },
      { name: "flatMap", parallelism: 2, inputs: [[0, FORWARD]] },
      { name: "counts", parallelism: 2, inputs: [[1, HASH]] },
      { name: "print", parallelism: 2, inputs: [[2, FORWARD]], role: "sink" },
    ]),
  );
  assert.deepEqual(names(graph), ["Source: lines -> flatMap", "counts -> Sink: print"]);
  assert.deepEqual(
    graph.edges.map(({ partitioning, type, ...edge }) => ({ ...edge, type: type.kind, kind: partitioning.kind })),
    [{ index: 0, fromVertex: 0, fromOperator: 1, sideOutput: null, type: "any", toVertex: 1, input: 0, kind: "hash" }],
  );
  assert.deepEqual(graph.vertices[0]?.operators[1]?.outputs[0].outEdges, [0]);
  assert.deepEqual(graph.vertices[1]?.inEdges, [0]);
  assert.equal(graph.vertices[1]?.id, graph.vertices[1]?.operators[0]?.node.operatorId);
});

test("a forward edge between different parallelisms becomes a rebalance (CHA3)", () => {
  const graph = buildJobGraph(sketchGraph([{}, { inputs: [[0, FORWARD]], parallelism: 3 }]));
  assert.equal(graph.edges[0]?.partitioning.kind, "rebalance");
});

test("a chain keeps every node exactly once, and edges and chains together keep every input (CHA1)", () => {
  fc.assert(
    fc.property(arbitraryGraph, (streamGraph) => {
      const graph = buildJobGraph(streamGraph);
      const placed = graph.vertices.flatMap((vertex) => vertex.operators.map((operator) => operator.node.id));
      assert.deepEqual(
        placed.toSorted((left, right) => left - right),
        streamGraph.nodes.map((node) => node.id),
      );
      const inputs = streamGraph.nodes.reduce((count, node) => count + node.inputs.length, 0);
      const chained = graph.vertices.reduce((count, vertex) => count + vertex.operators.length - 1, 0);
      assert.equal(graph.edges.length + chained, inputs);
    }),
  );
});

test("vertices are in topological order, operators stand after their feeder, edges are known at both ends (JG1, JG2)", () => {
  fc.assert(
    fc.property(arbitraryGraph, (streamGraph) => {
      const graph = buildJobGraph(streamGraph);
      graph.edges.forEach((edge, place) => {
        assert.equal(edge.index, place);
        assert.ok(edge.fromVertex < edge.toVertex);
        assert.ok(graph.vertices[edge.fromVertex]?.operators[edge.fromOperator]?.outputs[0].outEdges.includes(place));
        assert.ok(graph.vertices[edge.toVertex]?.inEdges.includes(place));
        if (edge.partitioning.kind === "forward") {
          assert.equal(graph.vertices[edge.fromVertex]?.parallelism, graph.vertices[edge.toVertex]?.parallelism);
        }
      });
      for (const vertex of graph.vertices) {
        const fed = vertex.operators.flatMap((operator, place) =>
          operator.outputs[0].next.map((next) => [place, next] as const),
        );
        assert.ok(fed.every(([place, next]) => place < next));
        const nexts = fed.map(([, next]) => next);
        assert.deepEqual(
          nexts.toSorted((left, right) => left - right),
          [...vertex.operators.keys()].slice(1),
        );
        for (const { node } of vertex.operators) assert.equal(node.parallelism, vertex.parallelism);
        assert.ok(vertex.parallelism <= vertex.maxParallelism);
      }
    }),
  );
});

test("maxParallelism: derived, the job's, the operator's, or that of the state (CHA4, SP-7, SP-8)", () => {
  const job = mergeConfiguration(defaultConfiguration(), { maxParallelism: 512 });
  const ofFirst = (graph: JobGraph): number | undefined => graph.vertices[0]?.maxParallelism;
  assert.equal(ofFirst(buildJobGraph(sketchGraph([{}]))), 128);
  assert.equal(ofFirst(buildJobGraph(sketchGraph([{ parallelism: 100 }]))), 256);
  assert.equal(ofFirst(buildJobGraph(sketchGraph([{}], job))), 512);
  assert.equal(ofFirst(buildJobGraph(sketchGraph([{ maxParallelism: 64 }], job))), 64);
  assert.equal(ofFirst(buildJobGraph(sketchGraph([{}]), { storedMaxParallelism: [300] })), 300);
  assert.equal(ofFirst(buildJobGraph(sketchGraph([{ maxParallelism: 300 }]), { storedMaxParallelism: [300] })), 300);
});

const refusals: Readonly<Record<string, readonly [NodeSketch, number, RegExp]>> = {
  "another explicit maxParallelism than the state's is refused": [{ maxParallelism: 64 }, 128, /uid-0.*64.*128/],
  "a parallelism above the state's maxParallelism is refused": [{ parallelism: 200 }, 128, /uid-0.*200.*at most 128/],
};

for (const [sentence, [sketch, stored, message]] of Object.entries(refusals)) {
  test(`${sentence} (SP-8)`, () => {
    assert.throws(
      () => buildJobGraph(sketchGraph([sketch]), { storedMaxParallelism: [stored] }),
      (error) => error instanceof StreamError && error.code === "STATE_INCOMPATIBLE" && message.test(error.message),
    );
  });
}

test("the fingerprint changes with each part of the graph, and not with what the state adds (FING1)", () => {
  const print = (sketches: readonly NodeSketch[]): string => buildJobGraph(sketchGraph(sketches)).fingerprint;
  const base = [{}, { inputs: [[0, FORWARD]] }] as const;
  const variants = [
    base,
    [{}, { inputs: [[0, REBALANCE]] }],
    [{ name: "other" }, base[1]],
    [{ uid: "other" }, base[1]],
    [{ parallelism: 2 }, base[1]],
    [{ maxParallelism: 64 }, base[1]],
    [base[0], { ...base[1], role: "sink" }],
    [...base, { inputs: [[0, FORWARD]] }],
  ] as const satisfies readonly (readonly NodeSketch[])[];
  assert.equal(new Set(variants.map(print)).size, variants.length);
  const restored = buildJobGraph(sketchGraph(base), { storedMaxParallelism: [999] });
  assert.equal(restored.fingerprint, print(base));
  assert.match(restored.fingerprint, /^[0-9a-f]{32}$/);
});
