import assert from "node:assert/strict";
import test from "node:test";
import { t } from "../record/index.ts";
import { buildJobGraph } from "./chaining.ts";
import { defaultConfiguration, mergeConfiguration } from "./configuration.ts";
import { explain } from "./explain.ts";
import { FORWARD, HASH, sketchGraph } from "./graph-example.test-support.ts";

test("explain shows each vertex with its operators, uids, types and outputs", () => {
  const configuration = mergeConfiguration(defaultConfiguration(), {
    jobName: "words",
    checkpoints: { intervalMs: 1000 },
  });
  const graph = buildJobGraph(
    sketchGraph(
      [
        { name: "lines", outputType: t.string, uid: "lines" },
        { name: "flatMap", outputType: t.string, inputs: [[0, FORWARD]] },
        { name: "counts", inputs: [[1, HASH]], parallelism: 2 },
        { name: "print", role: "sink", inputs: [[2, FORWARD]], parallelism: 2 },
      ],
      configuration,
    ),
  );
  const lines = explain(graph).split("\n");
  assert.deepEqual(lines.slice(1), [
    "  checkpoints: every 1000 ms, exactly-once, fs",
    "  restart: exponential-delay",
    "",
    "[0] Source: lines -> flatMap",
    "    parallelism 1 of at most 128",
    "    Source: lines   uid lines, string",
    "        flatMap   derived uid uid-1, string",
    "            => hash to [1]",
    "",
    "[1] counts -> Sink: print",
    "    parallelism 2 of at most 128",
    "    counts   derived uid uid-2, any",
    "        Sink: print   derived uid uid-3, any",
  ]);
  assert.equal(lines[0], `Job "words" (graph ${graph.fingerprint})`);
});
