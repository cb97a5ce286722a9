import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_SUBTASK_STATE, type Manifest } from "../../checkpoint/index.ts";
import type { JobGraph } from "../../graph/index.ts";
import { NewestRestorePoint } from "./newest-restore-point.ts";
import { RestorePoint } from "./restore-point.ts";
import { setting } from "../scripted-job.test-support.ts";

/** A manifest in which every operator of these uids has one list of one item per subtask. */
function manifestOf(graph: JobGraph, uids: readonly string[], checkpointId: number): Manifest {
  const operators = graph.vertices.flatMap((vertex) =>
    vertex.operators
      .filter(({ node }) => uids.includes(node.uid))
      .map(({ node }) => ({
        operatorId: node.operatorId,
        uid: node.uid,
        name: node.name,
        parallelism: vertex.parallelism,
        maxParallelism: vertex.maxParallelism,
        declarations: [],
        subtasks: Array.from({ length: vertex.parallelism }, () => EMPTY_SUBTASK_STATE),
      })),
  );
  return { checkpointId, operators, storeUri: null } as unknown as Manifest;
}

test("RP1 splits are dealt out in turn, each to one subtask, until a manifest has the source's state", async (t) => {
  const { graph } = await setting(t);
  const [source] = RestorePoint.fresh(graph, new Map()).sourcesWithoutState();
  assert.ok(source !== undefined);
  const fresh = RestorePoint.fresh(graph, new Map([[source, ["a", "b", "c"]]]));
  assert.deepEqual(fresh.startOf(0, 0).splits, ["a", "c"]);
  assert.deepEqual(fresh.startOf(0, 1).splits, ["b"]);
  assert.equal(fresh.startOf(1, 0).splits, null);
  assert.equal(fresh.checkpointId, null);

  const without = fresh.advancedTo(manifestOf(graph, ["sum"], 4), "file:///root", []);
  assert.deepEqual(without.startOf(0, 1).splits, ["b"], "a source that was not in it keeps its splits");
  assert.deepEqual(
    without.startOf(1, 0).restore.map((entry) => entry.storeUri),
    ["file:///root"],
  );
  const later = without.advancedTo(manifestOf(graph, ["numbers", "sum", "out"], 5), "file:///root", []);
  assert.equal(later.startOf(0, 1).splits, null);
  assert.equal(later.checkpointId, 5);
  assert.deepEqual(later.sourcesWithoutState(), []);
});

test("files in memory go with the tasks whose state names them", async (t) => {
  const { graph } = await setting(t);
  const manifest = manifestOf(graph, ["numbers", "sum", "out"], 5);
  const files = ["data/a", "data/b"].map((key) => ({ storeUri: "memory://job", key, base64: "AA==" }));
  const operators = manifest.operators.map((operator) =>
    operator.uid !== "sum"
      ? operator
      : {
          ...operator,
          subtasks: operator.subtasks.map((state, subtask) => {
            const [first, last] =
              subtask === 0
                ? [0, operator.maxParallelism / 2 - 1]
                : [operator.maxParallelism / 2, operator.maxParallelism - 1];
            const file = { key: files[subtask]?.key ?? "", sha256: "0".repeat(64), length: 1 };
            const keyGroups = { first: first ?? 0, last: last ?? 0 };
            return { ...state, keyed: { kind: "heap" as const, keyGroups, files: [{ file }] } };
          }),
        },
  );
  const point = RestorePoint.fresh(graph, new Map()).advancedTo({ ...manifest, operators }, "memory://job", files);
  const sum = graph.vertices.find((vertex) => vertex.operators.some(({ node }) => node.uid === "sum"))?.index ?? -1;
  assert.deepEqual(
    [0, 1].map((subtask) => point.startOf(sum, subtask).inlineFiles.map((file) => file.key)),
    [["data/a"], ["data/b"]],
  );
});

test("a restore point is worked out when a restart asks for it, not for each checkpoint", async (t) => {
  const { graph } = await setting(t);
  const fresh = RestorePoint.fresh(graph, new Map());
  const newest = new NewestRestorePoint(fresh, null);
  assert.equal(newest.current(), fresh);
  // Sharing it out would be refused: no such operator is in the graph.
  const [stray] = manifestOf(graph, ["sum"], 4).operators;
  assert.ok(stray !== undefined);
  const foreign = {
    ...stray,
    operatorId: "f".repeat(32),
    uid: "stranger",
    subtasks: [{ ...EMPTY_SUBTASK_STATE, operator: [blob] }],
  };
  newest.advance({ ...manifestOf(graph, ["sum"], 4), operators: [foreign] } as unknown as Manifest, "file:///root", []);
  assert.throws(() => newest.current(), /stranger/);
  newest.advance(manifestOf(graph, ["numbers", "sum", "out"], 5), "file:///root", []);
  assert.equal(newest.current().checkpointId, 5);
  assert.equal(newest.current(), newest.current(), "once");
});

test("the savepoint that a restart would begin from is known for as long as no checkpoint is newer", async (t) => {
  const { graph } = await setting(t);
  const fresh = RestorePoint.fresh(graph, new Map());
  const savepoint = { seq: 3, isSavepoint: true, location: "file:///savepoints/one" };
  const newest = new NewestRestorePoint(fresh, savepoint);
  assert.equal(newest.savepointUri, savepoint.location);
  const checkpoint = manifestOf(graph, ["sum"], 4);
  newest.advance({ ...checkpoint, storeUri: null }, "file:///root", []);
  assert.equal(newest.savepointUri, null);
  newest.advance({ ...checkpoint, storeUri: "file:///savepoints/two" }, "file:///root", []);
  assert.equal(newest.savepointUri, "file:///savepoints/two");
  const notItsOwn = [null, { ...savepoint, seq: null }, { ...savepoint, isSavepoint: false }];
  for (const restored of notItsOwn) assert.equal(new NewestRestorePoint(fresh, restored).savepointUri, null);
});

const blob = { name: "list", redistribution: "split", count: 1, blob: { kind: "inline", base64: "AA==" } } as const;
