import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamError } from "./errors.ts";
import { Failpoints } from "./failpoint.ts";

const names = ["jm:before", "jm:after"] as const;
const failure = (message: string): Error => new TypeError(message);

describe("failpoints", () => {
  it("act once, at the hit that was asked for, and each by its own name", () => {
    const reach = new Failpoints("jm:before=error@2;jm:after=error").declare(names, failure);
    reach("jm:before");
    assert.throws(() => reach("jm:before"), { name: "TypeError", message: "failpoint jm:before was asked to fail" });
    reach("jm:before");
    assert.throws(() => reach("jm:after"), TypeError);
  });

  it("do nothing when none is armed", () => {
    const failpoints = new Failpoints("");
    failpoints.declare(names, failure)("jm:before");
    failpoints.check();
  });

  it("of several lists are known together", () => {
    const failpoints = new Failpoints("jm:before=stop;op:before=kill@3");
    failpoints.declare(names, failure);
    assert.throws(() => failpoints.check(), isRefusal(/has "op:before"; this process has jm:before, jm:after/));
    failpoints.declare(["op:before"], failure);
    failpoints.check();
  });

  it("by a name that nobody declares are an error (FAI3)", () => {
    const failpoints = new Failpoints("jm:befor=kill");
    failpoints.declare(names, failure);
    assert.throws(() => failpoints.check(), isRefusal(/has "jm:befor"/));
    assert.throws(() => new Failpoints("jm:before=kill").check(), isRefusal(/this process has none/));
  });

  it("that are not of the grammar are an error at once", () => {
    for (const text of ["jm:before", "jm:before=die", "jm:before=kill@", "JM=kill"])
      assert.throws(() => new Failpoints(text), isRefusal(/write name=kill\|stop\|error\[@hit\]/));
  });

  it("that a list does not name do not compile", () => {
    const reach = new Failpoints("").declare(names, failure);
    // @ts-expect-error It is not in the list.
    reach("jm:elsewhere");
  });
});

const isRefusal = (says: RegExp) => (error: unknown) =>
  error instanceof StreamError && error.code === "OPTION_INVALID" && says.test(error.message);
