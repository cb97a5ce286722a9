import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadStreamGraph } from "../../program/index.ts";
import type { OperatorState, SubtaskState } from "../../checkpoint/index.ts";
import { buildJobGraph, type JobGraph, type StreamGraph } from "../../graph/index.ts";
import { type Fit, fitGraph } from "./graph-fit.ts";

async function graphOf(body: string, options: Readonly<Record<string, string>> = {}): Promise<StreamGraph> {
  const folder = mkdtempSync(join(tmpdir(), "graph-fit-"));
  try {
    const module = join(folder, "job.ts");
    writeFileSync(module, `import { job } from "streamjob";\nexport default job((env) => {\n${body}\n});\n`);
    return await loadStreamGraph({ module, options, args: [] });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a checkpoint of that graph holds: operator state everywhere, keyed state where there are keys. */
function storedOf(graph: JobGraph): OperatorState[] {
  const file = { key: "data/1/x", sha256: "0".repeat(64), length: 1 };
  const item = { name: "list", redistribution: "split", count: 1, blob: { kind: "inline", base64: "AA==" } } as const;
  return graph.vertices.flatMap(({ operators, parallelism, maxParallelism }) =>
    operators.map(({ node: { operatorId, uid, name, isKeyed } }) => {
      const keyGroups = { first: 0, last: maxParallelism - 1 };
      const keyed = !isKeyed ? null : ({ kind: "heap", keyGroups, files: [{ file }] } as const);
      const subtask: SubtaskState = { keyed, operator: [item], finished: false };
      const subtasks = Array.from({ length: parallelism }, () => subtask);
      return { operatorId, uid, name, parallelism, maxParallelism, declarations: [], subtasks };
    }),
  );
}

const reasonsOf = (fit: Fit): string => (fit.kind === "refused" ? fit.reasons.join("; ") : "none");

const STATELESS = `
  env.fromCollection([1, 2, 3], { uid: "numbers" }).map((n) => n + 1, { uid: "more" }).print({ uid: "out" });`;

test("a job without keyed state is restored at any parallelism, whatever maxParallelism it had (ASS4)", async () => {
  const before = await graphOf(STATELESS, { "parallelism.default": "2", "pipeline.max-parallelism": "2" });
  const stored = storedOf(buildJobGraph(before));
  assert.deepEqual(new Set(stored.map(({ maxParallelism }) => maxParallelism)), new Set([2]));
  for (const options of [
    { "parallelism.default": "3" },
    { "parallelism.default": "3", "pipeline.max-parallelism": "4" },
    { "parallelism.default": "200" },
  ]) {
    const fit = fitGraph(await graphOf(STATELESS, options), stored);
    assert.equal(reasonsOf(fit), "none");
  }
});

const keyed = (own: string): string => `
  env.fromCollection([1, 2, 3], { uid: "numbers" })
    .keyBy((n) => n % 2)
    .reduce((a, b) => a + b, { uid: "sum"${own} })
    .print({ uid: "out" });`;

test("what is chained to a keyed operator is not bound by its maxParallelism", async () => {
  const before = await graphOf(keyed(", maxParallelism: 64"), { "parallelism.default": "2" });
  const stored = storedOf(buildJobGraph(before));
  assert.equal(stored.find(({ uid }) => uid === "out")?.maxParallelism, 64, "the sink is in the chain");
  for (const options of [{ "pipeline.max-parallelism": "128" }, { "pipeline.max-parallelism": "512" }, {}]) {
    const fit = fitGraph(
      await graphOf(keyed(", maxParallelism: 64"), { "parallelism.default": "2", ...options }),
      stored,
    );
    assert.equal(reasonsOf(fit), "none");
    assert.ok(fit.kind === "fits");
    const vertex = fit.graph.vertices.find(({ operators }) => operators.some(({ node }) => node.uid === "sum"));
    assert.equal(vertex?.maxParallelism, 64);
  }
});

test("keyed state keeps its maxParallelism: adopted where none is set, refused with advice that can be followed", async () => {
  const before = await graphOf(keyed(", maxParallelism: 64"), { "parallelism.default": "2" });
  const stored = storedOf(buildJobGraph(before));
  const adopted = fitGraph(await graphOf(keyed(""), { "parallelism.default": "2" }), stored);
  assert.ok(adopted.kind === "fits");
  assert.equal(adopted.graph.vertices.at(-1)?.maxParallelism, 64);
  const ofJob = fitGraph(await graphOf(keyed(""), { "pipeline.max-parallelism": "128" }), stored);
  assert.match(
    reasonsOf(ofJob),
    /^the job has maxParallelism 128 .* uid "sum" .* set maxParallelism: 64 on that operator/,
  );
  // The advice, followed.
  const followed = fitGraph(
    await graphOf(keyed(", maxParallelism: 64"), { "pipeline.max-parallelism": "128" }),
    stored,
  );
  assert.equal(reasonsOf(followed), "none");
  const own = fitGraph(await graphOf(keyed(", maxParallelism: 128")), stored);
  assert.match(reasonsOf(own), /^the operator with uid "sum" has maxParallelism 128.*set it to 64, or remove it/);
  const above = fitGraph(await graphOf(keyed(""), { "parallelism.default": "65" }), stored);
  assert.match(reasonsOf(above), /^the operator with uid "sum" has parallelism 65.*lower its parallelism to 64/);
});
