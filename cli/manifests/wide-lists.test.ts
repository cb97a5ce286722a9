import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { StreamJob } from "../../crds/index.ts";
import { activeOf, AT, type CommandRig, createRig, manifest, statusWith } from "./command-rig.test-support.ts";
import { eventsCommand } from "./events-command.ts";
import { historyCommand } from "./history-command.ts";

const namespace = "default";
let rig: CommandRig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.server.close());

describe("wide lists", () => {
  it("have an event in one line, with when it began, how often it was, and who told it", async () => {
    await rig.api.create("StreamJob", JSON.parse(manifest()) as StreamJob);
    await rig.api.create("Event", {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: "wc.1", namespace },
      eventTime: "2031-04-01T12:00:00.000000Z",
      series: { count: 3, lastObservedTime: "2031-04-01T12:05:00.000000Z" },
      type: "Normal",
      reason: "Stable",
      action: "Reconcile",
      note: `a long note ${"of many words ".repeat(30)}`,
      reportingController: "streamjob-operator",
      reportingInstance: "operator-0",
      regarding: { apiVersion: "streamjob.dev/v1alpha1", kind: "StreamJob", namespace, name: "wc" },
    });
    const narrow = { ...rig, terminal: { ...rig.terminal, columns: 80 } };
    await eventsCommand(narrow, { kind: "events", job: "wc", namespace, watch: false, output: "wide" });
    const [headings = "", row = "", ...more] = rig.out.splice(0).join("\n").split("\n");
    assert.match(headings, /^FIRST SEEN +LAST SEEN +TIMES +TYPE +REASON +FROM +OBJECT +NOTE$/);
    assert.match(
      row,
      /^2031-04-01T12:00:00Z +2031-04-01T12:05:00Z +3 +Normal +Stable +streamjob-operator, operator-0 +streamjob\/wc +a long note/,
    );
    assert.deepEqual(more, []);
  });

  it("have what happened to a job in one line each", async () => {
    await rig.api.create("StreamJob", JSON.parse(manifest()) as StreamJob);
    const why = "a reason of many words ".repeat(20).trim();
    const entry = { at: AT, incarnation: 1, generation: 1, revision: "wc-1", what: "failed", why };
    await rig.writeStatus("wc", statusWith(1, { active: activeOf("wc-1"), history: [entry] }));
    const narrow = { ...rig, terminal: { ...rig.terminal, columns: 80 } };
    await historyCommand(narrow, { kind: "history", job: "wc", namespace, output: "wide" });
    assert.match(rig.out.splice(0).join("\n"), new RegExp(`^2031-04-01T12:00:00Z +failed +1 +1 +wc-1 +${why}$`, "m"));
    await historyCommand(narrow, { kind: "history", job: "wc", namespace, output: "text" });
    assert.doesNotMatch(rig.out.splice(0).join("\n"), new RegExp(why));
  });
});
