import assert from "node:assert/strict";
import { it } from "node:test";
import { figure } from "./figures.ts";
import { withRig } from "./rig.ts";

it("P-16 after the first checkpoint a JobManager that restarts goes on from the newest one, not from the upgrade's savepoint", () =>
  withRig("s16", {}, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    await rig.apply(rig.manifest({ parallelism: 3 }));
    await rig.ready();
    const savepointId = (await rig.checkpoints(2)).latest.restored?.id ?? 0;
    const rewinds: number[] = [];
    for (let round = 0; round < 2; round++) {
      await rig.moreCheckpoints(4);
      const newest = (await rig.incarnation(2))?.lastCheckpoint?.id ?? 0;
      assert.ok(newest > savepointId);
      const pid = await rig.kill("jobmanager-0");
      await rig.until("the JobManager to be back", async () => {
        const now = await rig.pid("jobmanager-0");
        return now !== null && now !== pid && (await rig.incarnation(2))?.job?.status === "RUNNING";
      });
      const { restored } = (await rig.checkpoints(2)).latest;
      assert.ok(restored !== null && restored.id >= newest, `restored from ${restored?.id}, the newest was ${newest}`);
      rewinds.push(restored.id - savepointId);
    }
    assert.equal((await rig.status()).incarnation, 2);
    figure("P-16", `restored ${rewinds.join(" and ")} checkpoints after the savepoint`);
    await rig.assertExact();
  }));
