/** Records of several inputs in one turn of a task: each has the key of its own input, or none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { slotRun } from "./slot-run.test-support.ts";

const MODULE = `
import { job, t, value } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
const seen = (globalThis.severalInputs = { keyed: 0, broadcast: 0, withKey: 0 });
const numbers = (env, uid) => env.fromSource(generatorSource({ generate: (n) => n, count: 500, type: t.int64 }), { uid });
export default job((env) => {
  env.configure({ name: "several-inputs" });
  numbers(env, "keyed").keyBy((n) => n % 7).connect(numbers(env, "rules").broadcast()).process({
    state: { last: value(t.int64) },
    process(n, { state, currentKey }) {
      if (currentKey !== n % 7) throw new Error("the key of another record");
      seen.keyed++;
      state.last.update(n);
    },
    processBroadcast(_n, context) {
      seen.broadcast++;
      try {
        context.state.last?.value();
        seen.withKey++;
      } catch {}
    },
  }, { uid: "both", type: t.int64 }).print();
});`;

test("a record of a broadcast stream has no key, whichever record came before it in the same turn", async (context) => {
  const run = await slotRun(context, MODULE);
  await run.run();
  const seen = (): { keyed: number; broadcast: number; withKey: number } =>
    (globalThis as unknown as { severalInputs: ReturnType<typeof seen> }).severalInputs;
  await run.until("all records", () => seen().keyed === 500 && seen().broadcast === 500);
  assert.equal(seen().withKey, 0);
});
