import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromErrorInfo, StreamError, toErrorInfo } from "./errors.ts";

describe("an error between processes", () => {
  it("keeps its code, its message and its destiny", () => {
    const read = fromErrorInfo(
      toErrorInfo(new StreamError("PORT_IN_USE", "port 80 is in use", { destiny: "terminal" })),
    );
    assert.ok(read instanceof StreamError);
    assert.deepEqual([read.code, read.message, read.destiny], ["PORT_IN_USE", "port 80 is in use", "terminal"]);
  });

  it("keeps a code that this version does not know", () => {
    const known = toErrorInfo(new StreamError("PORT_IN_USE", "the moon is in the way"));
    const read = fromErrorInfo({ ...known, code: "OF_A_LATER_VERSION" as StreamError["code"] });
    assert.ok(read instanceof StreamError);
    assert.deepEqual([read.code, read.message], ["OF_A_LATER_VERSION", "the moon is in the way"]);
  });

  it("is an Error without a code when it had none", () => {
    assert.ok(!(fromErrorInfo(toErrorInfo(new Error("plain"))) instanceof StreamError));
  });
});
