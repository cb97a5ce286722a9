import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamError, toErrorInfo } from "../../base/index.ts";
import { failureLines, failureReason } from "./failure-text.ts";
import { parseLogLine } from "../jobs/log-line.ts";

const MODULE = "/jobs/words.ts";

function userError(message: string, place: string): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at parse (${place})\n    at Chain.process (file:///engine/chain.ts:7:3)`;
  return error;
}

describe("a failure in words", () => {
  it("has the user's exception and its place in the job module", () => {
    const cause = userError("no such word", `file://${MODULE}:12:9`);
    const info = toErrorInfo(new StreamError("USER_FUNCTION_FAILED", 'operator "parse" threw', { cause }));
    assert.equal(failureReason(info, MODULE), `operator "parse" threw: Error: no such word, at ${MODULE}:12:9`);
    assert.match(failureLines(info, MODULE)[1] ?? "", /^USER_FUNCTION_FAILED: /);
  });

  it("does not say twice what the message says already", () => {
    const cause = userError("no such word", `file://${MODULE}:12:9`);
    const info = toErrorInfo(
      new StreamError("USER_FUNCTION_FAILED", `parse threw no such word at ${MODULE}:12:9`, { cause }),
    );
    assert.equal(failureReason(info, MODULE), `parse threw no such word at ${MODULE}:12:9`);
  });

  it("does not say twice what an error of Node with a code says", () => {
    const cause = new TypeError("Unknown option '--x'");
    cause.stack = `TypeError [ERR_PARSE_ARGS_UNKNOWN_OPTION]: ${cause.message}\n    at build (file://${MODULE}:3:1)`;
    const info = toErrorInfo(
      new StreamError("JOB_MODULE_INVALID", `its build function threw: ${cause.message} at ${MODULE}:3`, { cause }),
    );
    assert.equal(failureReason(info, MODULE), `its build function threw: Unknown option '--x' at ${MODULE}:3`);
  });

  it("has the code and what it means; of a code that this version does not know, the code", () => {
    const known = toErrorInfo(new StreamError("STORE_FULL", "no space on /c"));
    assert.match(failureLines(known, MODULE)[1] ?? "", /^STORE_FULL: There is no space left/);
    const unknown = { ...known, code: "OF_A_LATER_VERSION" as StreamError["code"] };
    assert.deepEqual(failureLines(unknown, MODULE), ["no space on /c", "OF_A_LATER_VERSION"]);
  });

  it("takes only the first line of a long message", () => {
    assert.equal(failureReason(toErrorInfo(new Error("first\nsecond")), MODULE), "first");
  });

  it("has no place when the module has no part in it", () => {
    assert.equal(failureReason(toErrorInfo(new StreamError("STORE_FULL", "no space on /c")), MODULE), "no space on /c");
  });
});

describe("a line of a process's stderr", () => {
  it("is a log line with level and words, the first line of its error, or else of its reason, included", () => {
    const line = '{"level":40,"time":"t","err":{"message":"disk\\nfull"},"msg":"upload failed"}';
    assert.deepEqual(parseLogLine(line), { level: 40, text: "upload failed: disk", code: null, userLine: null });
    const reasoned = '{"level":40,"reason":"no heartbeat for 500 ms\\n","msg":"a TaskManager is lost"}';
    assert.deepEqual(parseLogLine(reasoned), {
      level: 40,
      text: "a TaskManager is lost: no heartbeat for 500 ms",
      code: null,
      userLine: null,
    });
    const both = '{"level":50,"err":{"message":"broke"},"reason":"no restart is left","msg":"the job fails"}';
    assert.equal(parseLogLine(both)?.text, "the job fails: broke");
    const coded = '{"level":50,"err":{"message":"broke","code":"CONNECTION_LOST"},"msg":"task failed"}';
    assert.deepEqual(parseLogLine(coded), {
      level: 50,
      text: "task failed: broke",
      code: "CONNECTION_LOST",
      userLine: null,
    });
  });

  it("has what a function of the job logged in words, with its facts", () => {
    const line = (level: number, facts: string): string =>
      `{"level":${level},"time":"t","slot":0,"logger":"user","operator":"totals (1/2)","uid":"totals"${facts},"msg":"a new customer"}`;
    const shown = (text: string): string | null | undefined => parseLogLine(text)?.userLine;
    assert.equal(shown(line(30, "")), "totals (1/2): a new customer");
    assert.equal(
      shown(line(30, ',"id":7,"name":"ann","tags":["x"]')),
      'totals (1/2): a new customer, id=7, name=ann, tags=["x"]',
    );
    assert.equal(shown(line(40, ',"err":{"message":"late"}')), "WARN totals (1/2): a new customer: late");
    assert.equal(shown(line(50, "")), "ERROR totals (1/2): a new customer");
  });

  it("is passed on when it is something else", () => {
    for (const line of ["plain", '{"level":30', '{"other":1}', '{"level":"x"}', ""])
      assert.equal(parseLogLine(line), null);
  });
});
