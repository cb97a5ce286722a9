import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import type { StreamJobSpec, StreamJobStatus } from "../../crds/index.ts";
import { storedActivationSchema } from "../../contract/index.ts";
import { figure } from "./figures.ts";
import { kstatus } from "./kstatus.ts";
import { PodTimeline } from "./pod-timeline.ts";
import { looksOf, type Rig, withRig } from "./rig.ts";

/** Settled: nothing goes on, everybody says so, no pod is there. */
async function settledSuspended(rig: Rig, name = "wc"): Promise<StreamJobStatus> {
  await rig.phase("Suspended", name);
  await rig.ready(name);
  const status = await rig.status(name);
  const truth = Object.fromEntries(status.conditions.map((condition) => [condition.type, condition.status]));
  assert.deepEqual(
    [truth["Ready"], truth["Suspended"], truth["Reconciling"], truth["Stalled"], truth["JobRunning"]],
    ["True", "True", "False", "False", "False"],
  );
  assert.deepEqual([status.operation, status.active, status.incarnation], [undefined, undefined, undefined]);
  assert.equal(kstatus(await rig.job(name)), "Current");
  assert.deepEqual(await rig.pods(name), []);
  return status;
}

/** What the active incarnation was started from, by its own store. */
async function startedFrom(rig: Rig, name = "wc") {
  const { jobId = "" } = await rig.status(name);
  const text = readFileSync(join(rig.storeFolder(jobId), "activation"), "utf8");
  return storedActivationSchema.parse(JSON.parse(text)).from;
}

/** Another operator, which finds the job as it is and changes nothing. */
async function anotherOperator(rig: Rig): Promise<void> {
  const before = (await rig.job()).metadata.resourceVersion;
  const operator = await rig.startOperator();
  await operator.whenSynced();
  await rig.until("its first look", async () => (await looksOf(operator)) > 0);
  await operator.stop();
  assert.equal((await rig.job()).metadata.resourceVersion, before);
}

it("P-24 created suspended it is settled and has no pods; suspended again and again it resumes from the very point that was recorded", () =>
  withRig("s24", { withOperator: false }, async (rig) => {
    let operator = await rig.startOperator();
    const pods = await PodTimeline.open(rig);
    const at = (state: "running" | "suspended", more: Partial<StreamJobSpec> = {}) =>
      rig.apply(rig.manifest({ state, ...more }));
    await at("suspended");
    const created = await settledSuspended(rig);
    assert.deepEqual([created.resume?.kind, created.incarnations, pods.made], ["none", 0, []]);
    await operator.stop();
    await anotherOperator(rig);
    operator = await rig.startOperator();
    await at("running");
    await rig.ready();
    assert.deepEqual(await startedFrom(rig), { kind: "none" });

    const rounds: readonly Partial<StreamJobSpec>[] = [
      { upgrade: { mode: "savepoint" } },
      { upgrade: { mode: "last-state" } },
      // Changed while it is suspended.
      { upgrade: { mode: "savepoint" }, parallelism: 3 },
    ];
    for (const [round, more] of rounds.entries()) {
      const { active } = await rig.status();
      await rig.moreCheckpoints(1);
      await at("suspended", { upgrade: more.upgrade ?? {} });
      const { resume } = await settledSuspended(rig);
      assert.ok(resume?.kind === "latest" && active !== undefined);
      assert.equal(resume.storeUri, active.storeUri);
      assert.equal(resume.savepoint !== null, more.upgrade?.mode === "savepoint", `round ${round}`);
      if (resume.savepoint !== null) {
        assert.ok(
          (await rig.savepoints()).some((folder) => `file://${folder}` === resume.savepoint),
          resume.savepoint,
        );
      }
      const lines = rig.lines();
      await operator.stop();
      await anotherOperator(rig);
      operator = await rig.startOperator();
      assert.deepEqual(rig.lines(), lines, "something ran on");
      await at("suspended", more);
      await settledSuspended(rig);
      await at("running", more);
      await rig.ready();
      const { storeUri, savepoint, allowNonRestoredState } = resume;
      assert.deepEqual(await startedFrom(rig), { kind: "latest", storeUri, savepoint, allowNonRestoredState });
    }
    assert.deepEqual(pods.overlaps, []);
    pods.close();
    figure(
      "P-24",
      `${rounds.length} suspensions over ${rounds.length + 1} operators, each resumed from its recorded point`,
    );
    await rig.assertExact();
  }));

it("P-24 created suspended with a state to start from, it shows that state and starts from it", () =>
  withRig("s24-restore", {}, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    await rig.moreCheckpoints(1);
    await rig.apply(rig.manifest({ state: "suspended" }));
    const { resume } = await settledSuspended(rig);
    assert.ok(resume?.kind === "latest" && resume.savepoint !== null);
    const path = resume.savepoint;
    const later = (state: "running" | "suspended") =>
      rig.apply(rig.manifest({ state, restore: { path, allowNonRestoredState: false } }, "later"));
    await later("suspended");
    const shown = (await settledSuspended(rig, "later")).resume;
    assert.ok(shown?.kind === "path" && shown.path === path, JSON.stringify(shown));
    await later("running");
    await rig.ready("later");
    assert.deepEqual(await startedFrom(rig, "later"), { kind: "path", path, allowNonRestoredState: false });
    await rig.assertExact("later");
  }));
