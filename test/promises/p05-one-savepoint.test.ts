import assert from "node:assert/strict";
import { it } from "node:test";
import type { SavepointStatusMessage } from "../../contract/index.ts";
import { figure } from "./figures.ts";
import { isCompleted, tellsOfStop, triggerKind, type Verdict } from "./jobmanager-relay.ts";
import { NAMESPACE, withRig } from "./rig.ts";

const IN_PROGRESS: SavepointStatusMessage = { status: { id: "IN_PROGRESS" }, operation: null };

it("P-5 at most one savepoint is in flight and no trigger is repeated: an upgrade waits for manual and scheduled ones", () =>
  withRig("s05", {}, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    // The operator does not hear that the first one is complete: for it that one stays in flight.
    let isHeld = true;
    let openAtAccept = 0;
    let open = 0;
    rig.relay.onAnswer((call): Verdict => {
      if (isHeld && isCompleted(call)) return { status: 200, answer: JSON.stringify(IN_PROGRESS) };
      if (tellsOfStop(call)) open = 0;
      if (triggerKind(call) === null || call.status !== 202) return "pass";
      openAtAccept = Math.max(openAtAccept, open);
      open++;
      return "pass";
    });
    for (const origin of ["manual", "scheduled"] as const) {
      await rig.api.create("StreamJobSnapshot", {
        apiVersion: "streamjob.dev/v1alpha1",
        kind: "StreamJobSnapshot",
        metadata: { name: `sp-${origin}`, namespace: NAMESPACE },
        spec: { jobRef: { name: "wc" }, origin },
      });
    }
    await rig.until("a savepoint to be in flight", () => open > 0);
    await rig.apply(rig.manifest({ restartNonce: "1", upgrade: { standby: "cold" } }));
    await rig.until("the upgrade to wait for it", async () => {
      const { operation } = await rig.status();
      return operation?.step === "Stopping" && operation.message.includes("the job is stopped after it");
    });
    assert.equal(rig.relay.triggerCount(), 1, "one is in flight, nothing else is asked for");
    isHeld = false;
    await rig.ready();
    await rig.until("both snapshots to be completed", async () => {
      const { items } = await rig.api.list("StreamJobSnapshot", { namespace: NAMESPACE });
      return items.length === 3 && items.every(({ status }) => status?.phase === "Completed");
    });
    const asked = rig.relay.triggers();
    assert.equal(openAtAccept, 0, "a savepoint was asked for while another one was in flight");
    assert.equal(asked.length, 3, "each trigger is sent once");
    assert.equal(rig.relay.triggerCount(), 3);
    assert.equal(asked.filter(({ kind }) => kind === "stop").length, 1);
    assert.equal((await rig.savepoints()).length, 3);
    figure("P-5", "3 savepoints asked for at once, 3 triggers, 1 at a time");
    await rig.assertExact();
  }));
