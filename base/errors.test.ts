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

  it("has words for whatever was thrown, also for what has no text", () => {
    const bare: unknown = Object.create(null);
    assert.equal(toErrorInfo("gone").message, "gone");
    assert.equal(toErrorInfo(bare).message, "an object that has no text");
    const info = toErrorInfo(new StreamError("PORT_IN_USE", "f failed", { cause: bare }));
    assert.equal(info.message, "f failed");
    assert.match(info.stack, /Caused by: an object that has no text$/);
  });

  it("is an Error without a code when it had none", () => {
    assert.ok(!(fromErrorInfo(toErrorInfo(new Error("plain"))) instanceof StreamError));
  });
});
