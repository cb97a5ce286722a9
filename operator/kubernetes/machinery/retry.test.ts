import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, StreamError } from "../../../base/index.ts";
import { ManualClock } from "../../../runtime/testkit/index.ts";
import { ApiError, type ApiErrorReason } from "../api/index.ts";
import { type RetryPolicy, withRetriedReads, withRetry } from "./retry.ts";
import { configMap, page, pass, ScriptedApi, settled } from "./scripted-api.test-support.ts";

const longest: Random = { next: () => 1, hex: () => "00" };

/** Calls with these outcomes ("ok", "hang", or an error), one after the other, and tells when each try was made and how it ended. */
async function tries(
  outcomes: readonly unknown[],
  policy: Partial<RetryPolicy> = {},
  spanMs = 60_000,
): Promise<{ atMs: number[]; result: unknown; armed: number }> {
  const clock = new ManualClock();
  const atMs: number[] = [];
  let result: unknown = "still trying";
  const call = (): Promise<string> => {
    const outcome = outcomes[Math.min(atMs.length, outcomes.length - 1)];
    atMs.push(clock.monotonicMs());
    if (outcome === "hang") return new Promise(() => undefined);
    return outcome === "ok" ? Promise.resolve("done") : Promise.reject(outcome);
  };
  withRetry(call, { clock, random: longest, ...policy }).then(
    (value) => {
      result = value;
    },
    (error: unknown) => {
      result = error;
    },
  );
  await pass(clock, spanMs, 100);
  return { atMs, result, armed: clock.armed };
}

test("RET1 what may help is tried again, later and later, until it succeeds", async () => {
  const down = new ApiError("Unavailable", "down");
  const { atMs, result } = await tries([down, down, new ApiError("Timeout", "slow"), "ok"]);
  assert.deepEqual(atMs, [0, 100, 300, 700]);
  assert.equal(result, "done");
});

test("RET1 what cannot help is thrown at once: terminal errors, Conflict, Gone, and mistakes of the program", async () => {
  const reasons: ApiErrorReason[] = [
    "NotFound",
    "AlreadyExists",
    "Invalid",
    "BadRequest",
    "Forbidden",
    "Unauthorized",
    "Conflict",
    "Gone",
  ];
  const errors = [...reasons.map((reason) => new ApiError(reason, "no")), new TypeError("a bug")];
  for (const error of errors) {
    const { atMs, result } = await tries([error], {}, 1000);
    assert.deepEqual([atMs, result], [[0], error]);
  }
});

test("RET1 any error of this program with destiny retry is tried again", async () => {
  const error = new StreamError("KUBERNETES_API_FAILED", "for now", { destiny: "retry" });
  assert.equal((await tries([error, "ok"], {}, 1000)).result, "done");
});

test("RET2 the server's retryAfter is waited for at least", async () => {
  const error = new ApiError("TooManyRequests", "429", { retryAfterMs: 7000 });
  const waits: number[] = [];
  const { atMs } = await tries([error, "ok"], { onRetry: (_, waitMs) => waits.push(waitMs) });
  assert.deepEqual([atMs, waits], [[0, 7000], [7000]]);
});

test("RET3 no try begins after the deadline, and a wait that would end there is not begun", async () => {
  const down = new ApiError("Unavailable", "down");
  const { atMs, result, armed } = await tries([down], { deadlineMs: 3000 });
  assert.deepEqual(atMs, [0, 100, 300, 700, 1500]);
  assert.equal(result, down);
  assert.equal(armed, 0);
});

test("a call that never answers is given up and tried again", async () => {
  const { atMs, result } = await tries(["hang", "ok"], { callTimeoutMs: 2000 });
  assert.deepEqual(atMs, [0, 2100]);
  assert.equal(result, "done");
  const hung = await tries(["hang"], { callTimeoutMs: 2000, deadlineMs: 5000, what: "get Pod a/b" });
  assert.match(String(hung.result), /get Pod a\/b had no answer/);
  assert.equal(hung.armed, 0);
});

test("RET4 the signal ends a wait and a call at once, with its reason", async () => {
  for (const outcome of ["hang", new ApiError("Unavailable", "down")]) {
    const clock = new ManualClock();
    const ending = new AbortController();
    const call = (): Promise<never> =>
      outcome === "hang" ? new Promise(() => undefined) : Promise.reject(outcome as Error);
    const result = withRetry(call, { clock, random: longest, signal: ending.signal });
    await settled();
    ending.abort(new Error("no longer"));
    await assert.rejects(result, /no longer/);
    assert.equal(clock.armed, 0);
    await assert.rejects(withRetry(call, { clock, random: longest, signal: ending.signal }), /no longer/);
  }
});

test("an API whose reads are tried again sends each write once", async () => {
  const clock = new ManualClock();
  const scripted = new ScriptedApi();
  scripted.lists = [() => page([configMap("a", "1")], "1")];
  const down = new ApiError("Unavailable", "down");
  scripted.fault = (call) => (scripted.count(call) < 3 ? { error: down } : null);
  const api = withRetriedReads(scripted, { clock, random: longest });
  const results = Promise.allSettled([
    api.get("ConfigMap", { namespace: "default", name: "a" }),
    api.list("ConfigMap"),
    api.logs({ namespace: "default", name: "pod" }),
    api.create("ConfigMap", configMap("b", "1")),
    api.patch("ConfigMap", { namespace: "default", name: "a" }, {}),
    api.delete("ConfigMap", { namespace: "default", name: "a" }),
  ]);
  await pass(clock, 1000, 100);
  assert.deepEqual(
    (await results).map(({ status }) => status),
    ["fulfilled", "fulfilled", "fulfilled", "rejected", "rejected", "rejected"],
  );
  assert.deepEqual(
    ["get ConfigMap", "list ConfigMap", "logs Pod", "create ConfigMap", "patch ConfigMap", "delete ConfigMap"].map(
      (call) => scripted.count(call),
    ),
    [3, 3, 3, 1, 1, 1],
  );
  assert.equal(clock.armed, 0);
});
