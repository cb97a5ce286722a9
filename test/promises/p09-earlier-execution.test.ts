import assert from "node:assert/strict";
import { it } from "node:test";
import { figure } from "./figures.ts";
import { triggerKind, type Verdict } from "./jobmanager-relay.ts";
import { withRig } from "./rig.ts";

const victims = { "its JobManager": "jobmanager-0", "a TaskManager": "taskmanager-0" } as const;

for (const [whom, victim] of Object.entries(victims)) {
  it(`P-9 a trigger of an earlier execution is never trusted: the job fails over with ${whom} between trigger and poll`, () =>
    withRig("s09", {}, async (rig) => {
      await rig.apply(rig.manifest());
      await rig.ready();
      let stopped: number | null = null;
      let isKilled = false;
      // Before the JobManager hears of it: else it may be complete before anybody is killed.
      rig.relay.onCall(async (call): Promise<Verdict> => {
        if (triggerKind(call) !== "stop" || stopped !== null) return "pass";
        stopped = await rig.pid("taskmanager-0");
        assert.ok(stopped !== null);
        await rig.standStill(stopped);
        return "pass";
      });
      rig.relay.onAnswer(async (call): Promise<Verdict> => {
        if (triggerKind(call) !== "stop" || stopped === null || isKilled) return "pass";
        isKilled = true;
        await rig.kill(victim);
        if (victim === "jobmanager-0") process.kill(stopped, "SIGCONT");
        return "pass";
      });
      await rig.apply(rig.manifest({ parallelism: 3 }));
      await rig.ready();
      const asked = rig.relay.triggers();
      assert.ok(asked.length >= 2, "it has to be asked for again: nobody can know what became of the first");
      const used = asked.at(-1)?.target;
      const from = (await rig.incarnation(2))?.activation?.from;
      assert.equal(from?.kind === "latest" ? from.savepoint : null, used);
      assert.deepEqual(
        (await rig.savepoints()).map((folder) => `file://${folder}`),
        [used],
        "one savepoint is complete: that of the last trigger",
      );
      assert.equal((await rig.status()).incarnations, 2);
      figure("P-9", `${asked.length} triggers sent, ${rig.relay.triggerCount()} ids, 1 savepoint made`);
      await rig.assertExact();
    }));
}
