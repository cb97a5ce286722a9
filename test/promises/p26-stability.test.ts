import assert from "node:assert/strict";
import { it } from "node:test";
import { figure } from "./figures.ts";
import { followWatch } from "./follow-watch.ts";
import { lookAgain } from "./looks.ts";
import { NAMESPACE, withRig } from "./rig.ts";
import { becomeStable, troubled } from "./troubles.ts";

it("P-26 RUNNING once is not stable: a version that runs, completes checkpoints and fails again and again is rolled back, and never on record as stable", () =>
  withRig("s26", {}, async (rig) => {
    await becomeStable(rig);
    const good = (await rig.status()).stable?.revision;
    // Every write of the status passes here: what was on record for a moment only is seen as well.
    const stables = new Set<string | undefined>();
    const runningAs = new Set<number | undefined>();
    const end = new AbortController();
    const { resourceVersion } = await rig.api.list("StreamJob", { namespace: NAMESPACE });
    const watch = followWatch(
      rig,
      "StreamJob",
      { namespace: NAMESPACE, resourceVersion, signal: end.signal },
      (event) => {
        if (event.type === "BOOKMARK") return;
        const { status } = event.object;
        stables.add(status?.stable?.revision);
        const ready = status?.conditions?.find(({ type }) => type === "Ready");
        if (ready?.status === "True") runningAs.add(status?.active?.incarnation);
      },
    );
    // Of the 600 records a second each of two subtasks sees half: it breaks after a second, and again after the next.
    const upgrade = { stability: { window: "20s", maxRestarts: 2 } };
    await rig.apply(rig.manifest({ ...troubled(rig, "every:300"), upgrade }));
    await rig.until("the rollback", async () => {
      const { operation, failed, active } = await rig.status();
      return operation === undefined && failed !== undefined && active?.incarnation === 3;
    });
    const { failed } = await rig.status();
    assert.match(failed?.reason ?? "", /again and again/);
    assert.equal(failed?.generation, 2);
    await lookAgain(rig, rig.cluster.controller);
    await rig.moreCheckpoints(2);
    end.abort(new Error("seen enough"));
    await watch;
    assert.ok(runningAs.has(2), "the bad version was Ready once");
    assert.deepEqual([...stables], [good], "only the good version may be on record as stable");
    assert.equal((await rig.status()).incarnations, 3, "the bad version was tried again");
    figure("P-26", "rolled back after 3 restarts, 0 times on record as stable");
    await rig.assertExact();
  }));
