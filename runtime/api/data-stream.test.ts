import assert from "node:assert/strict";
import test from "node:test";
import { StreamError } from "../../base/index.ts";
import { buildJobGraph, explain, operatorIdOfUid, type StreamGraph } from "../graph/index.ts";
import { forBoundedOutOfOrderness } from "../time/index.ts";
import { job } from "./job.ts";
import { map, operatorList, value } from "../operators/index.ts";
import { type Sink } from "../ports/index.ts";
import { type StreamEnvironment } from "./environment.ts";
import { t } from "../record/index.ts";
import { buildStreamGraph } from "./build.ts";

const word = t.record({ word: t.string, count: t.int64 });
const sinkOf = (name: string): Sink<unknown> => ({
  kind: "sink",
  name,
  guarantee: "at-least-once",
  createWriter: () => ({ write: () => {} }),
});

const build = (describe: (env: StreamEnvironment) => void | Promise<void>, options: Record<string, string> = {}) =>
  buildStreamGraph(job(describe), { options });

function wordCount(env: StreamEnvironment): void {
  env
    .fromCollection(["a b"], { type: t.string, name: "lines" })
    .flatMap((line) => line.split(" ").map((each) => ({ word: each, count: 1 })), { type: word })
    .keyBy("word")
    .sum("count", { uid: "counts", name: "counts" })
    .sinkTo(sinkOf("out"));
}

const edges = (graph: StreamGraph): string[] =>
  graph.nodes.flatMap((node) => node.inputs.map((input) => `${input.from} ${input.partitioning.kind} ${node.id}`));

test("word count is four nodes, and two vertices at parallelism 2", async () => {
  const graph = await build(wordCount, { "parallelism.default": "2" });
  assert.deepEqual(
    graph.nodes.map((node) => `${node.role} ${node.name} ${node.parallelism}`),
    ["source lines 2", "operator flatMap 2", "operator counts 2", "sink out 2"],
  );
  assert.deepEqual(edges(graph), ["0 forward 1", "1 hash 2", "2 forward 3"]);
  assert.deepEqual(
    buildJobGraph(graph).vertices.map((vertex) => vertex.name),
    ["Source: lines -> flatMap", "counts -> Sink: out"],
  );
});

test("the states of process functions are in the graph, and `explain` shows them (DCS1)", async () => {
  const graph = await build((env) => {
    env
      .fromCollection([{ word: "a", count: 1 }], { type: word })
      .keyBy("word")
      .process(() => ({ state: { total: value(t.float64), seen: map(t.string, t.int64) }, process() {} }), {
        uid: "totals",
        type: t.string,
      })
      .process({ state: { held: operatorList(t.string) }, process() {} }, { uid: "held", type: t.string })
      .sinkTo(sinkOf("out"));
  });
  const shown = explain(buildJobGraph(graph)).split("\n");
  assert.deepEqual(
    shown.filter((line) => line.includes("state ")).map((line) => line.trim()),
    [
      "state total: value, float64",
      "state seen: map, map<string, int64>",
      "state user-timers: timers, timestamp",
      "state held: operator-list, string",
    ],
  );
});

test("explain shows side outputs, and which input an edge feeds", async () => {
  const graph = await build((env) => {
    const words = env.fromCollection(["a"], { type: t.string, uid: "words" });
    const split = words.process({ sideOutputs: { late: t.int64 }, process() {} }, { uid: "split", type: t.string });
    split
      .keyBy((word) => word)
      .connect(split.sideOutput("late").broadcast())
      .process({ process() {}, processBroadcast() {} }, { uid: "joined", type: t.string })
      .sinkTo(sinkOf("out"));
  });
  const shown = explain(buildJobGraph(graph))
    .split("\n")
    .map((line) => line.trim());
  const at = shown.indexOf("process   uid split, string");
  assert.deepEqual(shown.slice(at + 1, at + 4), [
    "=> hash to [1]",
    "side output late: int64",
    "=> broadcast to [1], input 2",
  ]);
});

test("the key selector of a field returns that field, and the operator is keyed (KS1)", async () => {
  const [, , counts] = (await build(wordCount)).nodes;
  const [edge] = counts?.inputs ?? [];
  assert.ok(edge?.partitioning.kind === "hash" && counts?.isKeyed);
  assert.equal(edge.partitioning.keySelector({ word: "x", count: 1 } as never), "x");
});

test("every build gives the same uids; explicit ones name the operator id (SP-6)", async () => {
  const [first, second] = [await build(wordCount), await build(wordCount, { "parallelism.default": "3" })];
  assert.deepEqual(
    first.nodes.map((node) => node.uid),
    second.nodes.map((node) => node.uid),
  );
  assert.equal(first.nodes[2]?.operatorId, operatorIdOfUid("counts"));
  assert.deepEqual(
    first.nodes.map((node) => node.uidIsExplicit),
    [false, false, true, false],
  );
});

test("union, rebalance and broadcast add no node (DS2)", async () => {
  const graph = await build((env) => {
    const left = env.fromCollection([1], { type: t.int64 });
    const right = env.fromCollection([2], { type: t.int64 }).rebalance();
    left.union(right).map((value) => value, { type: t.int64 });
    left.broadcast().sinkTo(sinkOf("all"));
    left
      .union(right)
      .keyBy((value) => value)
      .reduce((first) => first);
  });
  assert.deepEqual(edges(graph), ["0 forward 2", "1 rebalance 2", "0 broadcast 3", "0 hash 4", "1 hash 4"]);
});

test("watermarks at the source are a node of their own right behind it, with the final interval (GB2)", async () => {
  const graph = await build((env) => {
    const watermarks = forBoundedOutOfOrderness<number>(100, (value) => value);
    env.fromCollection([1], { type: t.int64, uid: "numbers", parallelism: 1, watermarks }).sinkTo(sinkOf("out"));
    env.configure({ watermarkInterval: "1s", parallelism: 4 });
  });
  const [, node] = graph.nodes;
  assert.equal(node?.uid, "numbers:watermarks");
  assert.equal(node?.parallelism, 1);
  assert.deepEqual(node?.outputType, t.int64);
  assert.equal(graph.nodes[2]?.parallelism, 4);
  assert.equal(buildJobGraph(graph).vertices[0]?.operators.length, 2);
});

test("options of an operation end up at its node", async () => {
  const graph = await build((env) => {
    env.fromCollection([1]).map((value) => value, {
      uid: "u",
      name: "n",
      parallelism: 3,
      maxParallelism: 64,
      chaining: "head",
      type: t.int32,
    });
  });
  const { uid, name, parallelism, maxParallelism, chaining, outputType } = graph.nodes[1] ?? {};
  assert.deepEqual(
    { uid, name, parallelism, maxParallelism, chaining, outputType },
    { uid: "u", name: "n", parallelism: 3, maxParallelism: 64, chaining: "head", outputType: t.int32 },
  );
});

// Job modules run without a type check, so wrong calls are made through `never` here.
const wrong: Readonly<Record<string, readonly [(env: StreamEnvironment) => void, StreamError["code"], RegExp]>> = {
  "a misspelt option": [
    (env) => env.fromCollection([1]).map((value) => value, { paralelism: 2 } as never),
    "OPTION_UNKNOWN",
    /map: there is no option "paralelism"; there are uid, name, parallelism/,
  ],
  "a type that is a plain object": [
    (env) => env.fromCollection([1]).map((value) => value, { type: { word: t.string } as never }),
    "OPTION_INVALID",
    /map: the type is not one of t's/,
  ],
  "a type where none is taken": [
    (env) => env.fromCollection([1]).filter(() => true, { type: t.int32 } as never),
    "OPTION_UNKNOWN",
    /filter: there is no option "type"/,
  ],
  "a key field that the records lack": [
    (env) => env.fromCollection([{ word: "a", count: 1 }], { type: word }).keyBy("wort" as never),
    "JOB_GRAPH_INVALID",
    /keyBy\("wort"\).*record<word: string, count: int64>/,
  ],
  "a key field of dates": [
    (env) => env.fromCollection([], { type: t.record({ at: t.date }) }).keyBy("at" as never),
    "JOB_GRAPH_INVALID",
    /keyBy\("at"\): the field is date.*getTime/,
  ],
  "a key field that may be missing": [
    (env) => env.fromCollection([], { type: t.record({ id: t.optional(t.string) }) }).keyBy("id" as never),
    "JOB_GRAPH_INVALID",
    /keyBy\("id"\): the field is optional/,
  ],
  "a key selector that is none": [
    (env) => env.fromCollection([1]).keyBy(7 as never),
    "JOB_GRAPH_INVALID",
    /keyBy takes a function/,
  ],
  "a union of two types": [
    (env) => env.fromCollection(["a"], { type: t.string }).union(env.fromCollection([1], { type: t.int64 }) as never),
    "JOB_GRAPH_INVALID",
    /union.*string.*int64/,
  ],
  "a sink that is none": [
    (env) => env.fromCollection([1]).sinkTo(console as never),
    "JOB_GRAPH_INVALID",
    /sinkTo takes a sink/,
  ],
  "a source that is none": [(env) => env.fromSource([1, 2] as never), "JOB_GRAPH_INVALID", /fromSource takes a source/],
  "an async function": [(env) => env.fromCollection([1]).map((async () => 1) as never), "JOB_GRAPH_INVALID", /async/],
  "a strategy that is none": [
    (env) => env.fromCollection([1]).assignTimestampsAndWatermarks((() => 1) as never),
    "JOB_GRAPH_INVALID",
    /takes a strategy/,
  ],
};

for (const [sentence, [describe, code, message]] of Object.entries(wrong)) {
  test(`${sentence} is refused where it is written`, async () => {
    await assert.rejects(build(describe), (error) => {
      assert.ok(error instanceof StreamError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  });
}

test("streams of two environments cannot be united", async () => {
  await build((first) => {
    const stream = first.fromCollection([1]);
    return build((second) => {
      assert.throws(() => second.fromCollection([1]).union(stream), /two environments/);
    }).then(() => undefined);
  });
});

test("nothing can be added when the build function has ended (GB3)", async () => {
  const kept: StreamEnvironment[] = [];
  await build((env) => {
    kept.push(env);
    env.fromCollection([1]);
  });
  assert.throws(() => kept[0]?.fromCollection([1]), /after the job's build function had ended/);
  assert.throws(() => kept[0]?.configure({}), /after the job's build function had ended/);
});
