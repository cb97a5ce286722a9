import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamError, toErrorInfo } from "../../../base/index.ts";
import type { ExceptionEntry } from "../control.ts";
import { ExceptionHistory } from "./exception-history.ts";

const entry = (code: "USER_FUNCTION_FAILED" | "CONNECTION_LOST", message: string): ExceptionEntry => ({
  error: toErrorInfo(new StreamError(code, message)),
  timeMs: 0,
  taskName: null,
  taskManagerId: null,
});
const messages = (history: ExceptionHistory): string[] => history.view().map(({ error }) => error.message);

test("EH1 echoes are entered once, and broken connections not at all", () => {
  const history = new ExceptionHistory();
  history.add(entry("USER_FUNCTION_FAILED", "a"));
  history.addEcho(entry("CONNECTION_LOST", "b"));
  history.addEcho(entry("USER_FUNCTION_FAILED", "a"));
  history.addEcho(entry("USER_FUNCTION_FAILED", "c"));
  history.addEcho(entry("USER_FUNCTION_FAILED", "c"));
  assert.deepEqual(messages(history), ["c", "a"]);
  history.add(entry("USER_FUNCTION_FAILED", "a"));
  assert.deepEqual(messages(history), ["a", "c", "a"]);
});

test("the newest 32 are kept", () => {
  const history = new ExceptionHistory();
  for (let index = 0; index < 40; index++) history.add(entry("USER_FUNCTION_FAILED", String(index)));
  assert.equal(history.view().length, 32);
  assert.equal(messages(history)[0], "39");
});
