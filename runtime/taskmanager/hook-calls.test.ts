/** A hook that does not settle fails its task by name (HK1, T46), and what a task waits for is told. */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import type { Log } from "../../base/index.ts";
import { ManualClock } from "../testkit/index.ts";
import { HookCalls } from "./hook-calls.ts";
import { slotRun } from "./slot-run.test-support.ts";

const never = "() => new Promise(() => {})";
const job = (hook: string): string => `
import { job, t } from "streamjob";
import { collectionSource, discardSink } from "streamjob/connectors/basic";
const hanging = { kind: "operator", name: "hanging", create: () => ({ process() {}, ${hook}: ${never} }) };
export default job((env) => {
  env.configure({ name: "hooks", hookTimeout: 50, checkpoints: { interval: "1 h" } });
  env.fromSource(collectionSource([1, 2], { type: t.int64 }), { uid: "numbers" })
    .transform(hanging, { uid: "the-uid" }).sinkTo(discardSink());
});`;

describe("a hook that never settles", () => {
  for (const hook of ["open", "prepareSnapshot", "endInput", "onCheckpointComplete"]) {
    it(`fails its task by name: ${hook}`, async (context) => {
      const run = await slotRun(context, job(hook));
      await run.run();
      const said = { epoch: 1, checkpointId: 1, tasks: run.tasks };
      if (hook === "prepareSnapshot") {
        const barrier = { checkpointKind: "checkpoint", aligned: true, target: null, triggeredMs: 0 } as const;
        await run.host.handle({ kind: "triggerCheckpoint", ...said, ...barrier });
      }
      if (hook === "onCheckpointComplete") await run.host.handle({ kind: "checkpointComplete", ...said });
      const { code, message } = await run.failure();
      assert.equal(code, "HOOK_TIMEOUT");
      assert.match(message, new RegExp(`hanging \\(uid the-uid\\): ${hook} has not settled in 50 ms`));
    });
  }

  it("does not keep the task from ending: close", async (context) => {
    const run = await slotRun(context, job("close"));
    await run.run();
    await run.host.handle({ kind: "cancel", epoch: 1, tasks: run.tasks });
    const states = run.sent.flatMap((message) => (message.kind === "taskState" ? [message.state.kind] : []));
    assert.ok(states.includes("canceled"));
  });
});

test("a stream without a sink is told, by operator (T29)", async (context) => {
  const lines: string[] = [];
  const note = (facts: object, message: string): void => void lines.push(`${message} ${JSON.stringify(facts)}`);
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  const lost = `import { job, t } from "streamjob";
import { collectionSource } from "streamjob/connectors/basic";
export default job((env) => {
  const numbers = env.fromSource(collectionSource([1], { type: t.int64 }), { uid: "numbers" });
  numbers.map((n) => n, { uid: "lost" });
  numbers.print({ uid: "out" });
});`;
  const run = await slotRun(context, lost, log);
  await run.run();
  const told = lines.filter((line) => line.includes("goes nowhere"));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /"uid":"lost"/);
});

test("what is waited for longest is what is told, until it is over or the task is (HK1)", async () => {
  const clock = new ManualClock();
  const hooks = new HookCalls(clock, 1000);
  const operator = { name: "files", uid: "out" };
  assert.equal(hooks.waiting(), null);
  const first = hooks.enter(operator, "what it handed to blockUntil");
  clock.advance(300);
  let settle: () => void = () => undefined;
  const call = hooks.call(operator, "prepareSnapshot", () => new Promise<void>((resolve) => (settle = resolve)));
  clock.advance(200);
  assert.deepEqual(hooks.waiting(), { on: "files (uid out): what it handed to blockUntil", forMs: 500 });
  hooks.leave(first);
  assert.deepEqual(hooks.waiting(), { on: "files (uid out): its prepareSnapshot", forMs: 200 });
  settle();
  await call;
  assert.equal(hooks.waiting(), null);
  assert.equal(
    hooks.call(operator, "close", () => undefined),
    undefined,
    "what takes no time is no promise",
  );
});
