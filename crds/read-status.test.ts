import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readSnapshotStatus, readStreamJobStatus } from "./read-status.ts";

function statusOf(stored: unknown) {
  const found = readStreamJobStatus(stored);
  assert.ok(found.kind === "read", JSON.stringify(found));
  return found.status;
}

describe("reading a status", () => {
  it("of an object without one gives that of an object which nobody has seen (RES1)", () => {
    for (const stored of [undefined, null, {}, { observedGeneration: -1 }]) {
      const { observedGeneration, phase, incarnations, history, conditions, handled, active, operation } =
        statusOf(stored);
      assert.deepEqual(
        { observedGeneration, phase, incarnations, history, conditions, handled, active, operation },
        {
          observedGeneration: -1,
          phase: "Pending",
          incarnations: 0,
          history: [],
          conditions: [],
          handled: {},
          active: undefined,
          operation: undefined,
        },
      );
    }
    assert.deepEqual(readSnapshotStatus(undefined), {
      kind: "read",
      status: { observedGeneration: -1, phase: "Pending", conditions: [] },
    });
  });

  const operation = {
    operationId: "u",
    kind: "upgrade",
    step: "Stopping",
    attempt: 0,
    toGeneration: 2,
    to: 2,
    revision: "wc-abc",
    mode: "savepoint",
    standby: "warm",
    triggerId: "t",
    savepoint: { target: "/s" },
    activationId: "a",
    startedAt: "2031-04-01T12:00:00Z",
    stepSince: "2031-04-01T12:00:00Z",
    message: "",
  };

  it("takes an absent field for null where it can be null (STF1), and leaves unknown fields out (STJ2)", () => {
    const status = statusOf({ operation: { ...operation, fromLaterVersion: 1 } });
    assert.equal(status.operation?.from, null);
    assert.equal(status.operation?.restore, null);
    assert.deepEqual(status.operation?.savepoint, { target: "/s", path: null });
    assert.ok(!("fromLaterVersion" in (status.operation ?? {})));
  });

  it("gives what was written, whether nulls were kept or not", () => {
    const restores = [
      { kind: "none" },
      { kind: "path", path: "/s", allowNonRestoredState: false },
      { kind: "latest", storeUri: "file:///s", savepoint: null, allowNonRestoredState: true },
    ];
    for (const restore of restores) {
      const status = statusOf({ operation: { ...operation, restore } });
      assert.deepEqual(status.operation?.restore, restore);
      const withoutNulls: unknown = JSON.parse(JSON.stringify(status), (_, value: unknown) => value ?? undefined);
      assert.deepEqual(statusOf(withoutNulls), status);
      assert.deepEqual(statusOf(status), status);
    }
  });

  it("never takes one that it does not understand for an empty one (RES2)", () => {
    for (const [stored, path] of [
      [{ operation: { ...operation, step: "Teleporting" } }, "operation.step"],
      [{ active: {} }, "active.incarnation"],
      [{ incarnations: "3" }, "incarnations"],
      ["Running", ""],
    ] as const) {
      const found = readStreamJobStatus(stored);
      assert.ok(found.kind === "unreadable");
      assert.equal(found.issues[0]?.path, path);
    }
  });
});
