import assert from "node:assert/strict";
import test from "node:test";
import type { Operation } from "../../../crds/index.ts";
import { hasTouchedOld, stepAfter, stepsOf } from "./operation.ts";

type Choice = Pick<Operation, "kind" | "mode" | "standby" | "from">;

const restart = "Terminating Standby Preflight Activating Proving";
const tables: Readonly<Record<string, readonly [Choice, string]>> = {
  "a warm upgrade by savepoint": [
    { kind: "upgrade", mode: "savepoint", standby: "warm", from: 1 },
    "Standby Preflight Stopping Activating Proving",
  ],
  "a warm upgrade by last state": [
    { kind: "upgrade", mode: "last-state", standby: "warm", from: 1 },
    "Standby Preflight Terminating Activating Proving",
  ],
  "a warm upgrade without state": [
    { kind: "upgrade", mode: "stateless", standby: "warm", from: 1 },
    "Standby Preflight Terminating Activating Proving",
  ],
  "a cold upgrade by savepoint": [
    { kind: "upgrade", mode: "savepoint", standby: "cold", from: 1 },
    "Stopping Terminating Standby Activating Proving",
  ],
  "a cold upgrade by last state": [
    { kind: "upgrade", mode: "last-state", standby: "cold", from: 1 },
    "Terminating Standby Activating Proving",
  ],
  "a first deployment": [{ kind: "deploy", mode: "savepoint", standby: "cold", from: null }, restart],
  "a resumption": [{ kind: "resume", mode: "savepoint", standby: "cold", from: null }, restart],
  "a recovery": [{ kind: "recreate", mode: "last-state", standby: "cold", from: 1 }, restart],
  "a rollback": [{ kind: "rollback", mode: "last-state", standby: "cold", from: 1 }, restart],
  "a suspension by savepoint": [
    { kind: "suspend", mode: "savepoint", standby: "cold", from: 1 },
    "Stopping Terminating",
  ],
  "a suspension at rest": [{ kind: "suspend", mode: "last-state", standby: "cold", from: 1 }, "Terminating"],
  "a deletion with a savepoint": [
    { kind: "delete", mode: "savepoint", standby: "cold", from: 1 },
    "Stopping Terminating",
  ],
  "a deletion": [{ kind: "delete", mode: "last-state", standby: "cold", from: 1 }, "Terminating"],
};

for (const [name, [choice, text]] of Object.entries(tables)) {
  test(`${name} has the steps ${text}`, () => {
    const steps = stepsOf(choice);
    assert.equal(steps.join(" "), text);
    for (const [place, step] of steps.entries()) {
      assert.equal(stepAfter({ ...choice, step } as Operation), steps[place + 1] ?? null);
    }
  });

  test(`OPE2: ${name} has touched the old job from the step on that takes something of it away`, () => {
    for (const step of stepsOf(choice)) {
      const isEarly =
        choice.from === null || (choice.standby === "warm" && (step === "Standby" || step === "Preflight"));
      assert.equal(hasTouchedOld({ ...choice, step } as Operation, undefined), !isEarly, step);
    }
  });
}
