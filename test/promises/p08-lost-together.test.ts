import assert from "node:assert/strict";
import { it } from "node:test";
import { figure } from "./figures.ts";
import { tellsOfStop, type Verdict } from "./jobmanager-relay.ts";
import { withRig } from "./rig.ts";

it("P-8 a savepoint survives the loss of operator and JobManager together: it is found where the status said before that it would be", () =>
  withRig("s08", { withOperator: false }, async (rig) => {
    const operator = rig.runOperator();
    await rig.apply(rig.manifest());
    await rig.ready();
    let isLost = false;
    // Complete, and nobody knows it: the answer is lost with who would have heard it and who could repeat it.
    rig.relay.onAnswer(async (call): Promise<Verdict> => {
      if (!tellsOfStop(call) || operator.isOver) return "pass";
      // One look asks for the trigger and the incarnation at once: of two answers one kills, and both are lost.
      if (isLost) return "lose";
      isLost = true;
      await operator.kill();
      await rig.kill("jobmanager-0");
      return "lose";
    });
    await rig.apply(rig.manifest({ parallelism: 3 }));
    await rig.until("the operator to be killed", () => operator.isOver);
    assert.equal(await operator.ended, "SIGKILL");
    const { operation } = await rig.status();
    assert.equal(operation?.step, "Stopping");
    assert.equal(operation?.savepoint?.path, null, "its path was not recorded");
    const target = operation?.savepoint?.target;

    rig.runOperator();
    await rig.ready();
    const savepoints = await rig.savepoints();
    assert.deepEqual(
      savepoints.map((folder) => `file://${folder}`),
      [target],
    );
    assert.equal(rig.relay.triggerCount(), 1);
    const from = (await rig.incarnation(2))?.activation?.from;
    assert.equal(from?.kind === "latest" ? from.savepoint : null, target);
    figure("P-8", "1 savepoint asked for, made, and found");
    await rig.assertExact();
  }));
