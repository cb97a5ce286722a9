import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamError, taskManagerId, toErrorInfo } from "../../../base/index.ts";
import { WarmUp } from "./warm-up.ts";

test("WU1 a slot's last word counts, whether it has loaded the job or could not", () => {
  const warmUp = new WarmUp(() => undefined);
  const id = taskManagerId("a");
  const error = toErrorInfo(new StreamError("JOB_MODULE_INVALID", "it throws"));
  warmUp.admitted(id, 2);
  warmUp.prepared(id, 0, null);
  warmUp.prepared(id, 1, error);
  assert.deepEqual([warmUp.ready, warmUp.error], [0, error]);
  warmUp.prepared(id, 1, null);
  assert.deepEqual([warmUp.ready, warmUp.error], [1, null]);
  warmUp.prepared(id, 0, error);
  assert.deepEqual([warmUp.ready, warmUp.error], [0, error]);
  warmUp.admitted(id, 2);
  assert.deepEqual([warmUp.registered, warmUp.ready, warmUp.error], [1, 0, null]);
});
