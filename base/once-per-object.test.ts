import assert from "node:assert/strict";
import { it } from "node:test";
import { oncePerObject } from "./once-per-object.ts";

it("finds out once per object, even when the answer is undefined", () => {
  let asked = 0;
  const find = oncePerObject((_: object) => void asked++);
  const [one, other] = [{}, {}];
  find(one);
  find(one);
  assert.equal(asked, 1);
  find(other);
  assert.equal(asked, 2);
});

it("does not remember what it threw", () => {
  let isBroken = true;
  const find = oncePerObject((_: object) => {
    if (isBroken) throw new Error("not yet");
    return "found";
  });
  const one = {};
  assert.throws(() => find(one), /not yet/);
  isBroken = false;
  assert.equal(find(one), "found");
});
