/** The hooks of sources, sinks and operators of a job's own that are not awaited refuse promises (T9, SOD3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { slotRun } from "./slot-run.test-support.ts";

const reader = (changes: string): string => `({
  open() {}, poll: () => "end", snapshot: () => [], ...${changes},
})`;
const job = (source: string, rest = ".print()"): string => `
import { job, t } from "streamjob";
import { collectionSource, generatorSource } from "streamjob/connectors/basic";
const own = (createReader) =>
  ({ kind: "source", name: "own", boundedness: "bounded", type: t.int64, discover: () => [], createReader });
export default job((env) => {
  env.configure({ name: "hooks", checkpoints: { interval: "1 h" } });
  env.fromSource(${source}, { uid: "numbers" })${rest};
});`;
const numbers = "collectionSource([1, 2], { type: t.int64 })";

const hooks: Record<string, readonly [module: string, message: RegExp]> = {
  "poll of a reader": [
    job(`own(() => ${reader('{ poll: async () => "more" }')})`),
    /own \(uid numbers\): what poll returned is a promise/,
  ],
  "a word that poll does not know": [job(`own(() => ${reader("{ poll: () => true }")})`), /poll returned true; return/],
  "createReader of a source": [
    job(`own(async () => ${reader("{}")})`),
    /own \(uid numbers\): what createReader returned is a promise/,
  ],
  "createWriter of a sink": [
    job(
      numbers,
      `.sinkTo({ kind: "sink", name: "own", guarantee: "at-least-once", createWriter: async () => ({}) }, { uid: "out" })`,
    ),
    /own \(uid out\): what createWriter returned is a promise/,
  ],
  "createWriter of a sink with transactions": [
    job(
      numbers,
      `.sinkTo({ kind: "sink", name: "own", guarantee: "exactly-once", createWriter: async () => ({}) }, { uid: "out" })`,
    ),
    /own \(uid out\): what createWriter returned is a promise/,
  ],
  "process of an operator of the job's own": [
    job(
      numbers,
      `.transform({ kind: "operator", name: "own", create: () => ({ process: async () => {} }) }, { uid: "own" }).print()`,
    ),
    /own \(uid own\): the operator's process: the function process is async/,
  ],
};

for (const [hook, [module, message]] of Object.entries(hooks)) {
  test(`${hook}: a promise fails the task in words`, async (context) => {
    const run = await slotRun(context, module);
    await run.run();
    assert.match((await run.failure()).message, message);
  });
}

test("snapshot of a reader: a promise fails the task in words, instead of being no position at all", async (context) => {
  const run = await slotRun(context, job(`own(() => ${reader('{ poll: () => "idle", snapshot: async () => [] }')})`));
  await run.run();
  await run.host.handle({
    kind: "triggerCheckpoint",
    epoch: 1,
    checkpointId: 1,
    checkpointKind: "checkpoint",
    aligned: true,
    target: null,
    triggeredMs: 0,
    tasks: run.tasks,
  });
  assert.match((await run.failure()).message, /own \(uid numbers\): what snapshot returned is a promise/);
});
