/**
 * Jobs that are over, in each way: nobody starts them again but a person by the spec, or the policy that a person has set.
 *
 * TJ1 The proof that nothing follows is looks that were carried out, by two operators: not time.
 */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { it } from "node:test";
import { expectedLines } from "../integration/jobs/word-count.ts";
import { assertSameLines, readLines } from "../integration/part-files.ts";
import { figure } from "./figures.ts";
import { lookAgain } from "./looks.ts";
import { type Rig, type RigOptions, withRig } from "./rig.ts";
import { troubled } from "./troubles.ts";

const OWN_OPERATOR: RigOptions = { withOperator: false };

/** The pods go, and neither more looks nor another operator bring them back. Gives the operator that looks now. */
async function assertNotResurrected(rig: Rig, first: Awaited<ReturnType<Rig["startOperator"]>>) {
  await rig.until("the pods to go", async () => (await rig.pods()).length === 0);
  const { incarnations } = await rig.status();
  const lines = rig.lines().length;
  await lookAgain(rig, first);
  await first.stop();
  const next = await rig.startOperator();
  await next.whenSynced();
  await lookAgain(rig, next);
  assert.equal((await rig.pods()).length, 0, "pods came back");
  assert.equal((await rig.status()).incarnations, incarnations, "it was started again");
  assert.equal(rig.lines().length, lines, "it wrote more");
  return next;
}

it("P-27 a FINISHED job is not resurrected, not by a version that does not load either, and a changed spec is accepted", () =>
  withRig("s27-finished", { ...OWN_OPERATOR, records: 3000, rate: 1500 }, async (rig) => {
    const operator = await rig.startOperator();
    await rig.apply(rig.manifest());
    await rig.assertExact();
    await assertNotResurrected(rig, operator);
    assert.equal((await rig.condition("Ready"))?.status, "True");

    await rig.apply(rig.manifest({ job: { module: rig.workspace.path("nowhere.ts") } }));
    await rig.until("the version to be refused", async () => {
      const { failed, operation } = await rig.status();
      return failed?.generation === 2 && operation === undefined;
    });
    await rig.until("its pods to go", async () => (await rig.pods()).length === 0);
    assert.deepEqual((await rig.status()).active?.ended?.status, "FINISHED");
    await rig.assertExact();

    const output = rig.workspace.path("second");
    const args = rig.args().map((arg) => (arg === rig.output ? output : arg));
    await rig.apply(rig.manifest({ job: { ...rig.manifest().spec.job, args } }));
    await rig.until("the second run to be over", async () => {
      const { active, observedGeneration } = await rig.status();
      return observedGeneration === 3 && active?.incarnation === 3 && active.ended?.status === "FINISHED";
    });
    assertSameLines(readLines(output), expectedLines(rig.records, 31));
    await rig.assertExact();
  }));

for (const isAway of [false, true]) {
  it(`P-27 a job CANCELED behind the operator's back is not resurrected, and a changed spec goes on from its state, with the operator ${isAway ? "away" : "there"}`, () =>
    withRig("s27-canceled", OWN_OPERATOR, async (rig) => {
      let operator = await rig.startOperator();
      await rig.apply(rig.manifest());
      await rig.ready();
      await rig.moreCheckpoints(2);
      const { jobId } = await rig.status();
      if (isAway) await operator.stop();
      await rig.rest(`/v1/jobs/${jobId}?mode=cancel`, { method: "PATCH" });
      await rig.until("the end", async () => (await rig.incarnation(1))?.result?.status === "CANCELED" || !isAway);
      if (isAway) operator = await rig.startOperator();
      await rig.until("its end to be on record", async () => (await rig.status()).active?.ended?.status === "CANCELED");
      await assertNotResurrected(rig, operator);
      assert.equal((await rig.status()).active?.ended?.status, "CANCELED");

      await rig.apply(rig.manifest({ restartNonce: "again" }));
      await rig.ready();
      assert.equal((await rig.status()).incarnations, 2);
      await rig.assertExact();
    }));
}

it("P-27 a FAILED job is not resurrected, and a changed spec goes on from its state", () =>
  withRig("s27-failed", OWN_OPERATOR, async (rig) => {
    const operator = await rig.startOperator();
    const trip = rig.workspace.path("trip");
    await rig.apply(rig.manifest({ ...troubled(rig, `while:${trip}`), restart: { strategy: "none" } }));
    await rig.ready();
    await rig.moreCheckpoints(2);
    writeFileSync(trip, "");
    await rig.phase("Failed");
    await assertNotResurrected(rig, operator);
    const stalled = await rig.condition("Stalled");
    assert.equal(stalled?.status, "True");
    assert.match(stalled.message, /restartNonce/);

    await rig.apply(rig.manifest());
    await rig.ready();
    assert.equal((await rig.status()).incarnations, 2);
    figure("P-27", "FINISHED, CANCELED, FAILED: 0 starts in 10 looks by 2 operators each");
    await rig.assertExact();
  }));

it("P-27 with recovery by policy a FAILED job is started again from its state, and not more often than allowed", () =>
  withRig("s27-recovery", OWN_OPERATOR, async (rig) => {
    const operator = await rig.startOperator();
    const trip = rig.workspace.path("trip");
    const spec = {
      ...troubled(rig, `while:${trip}`),
      restart: { strategy: "none" },
      recovery: { onFailed: "resume", attemptsMax: 2, backoffInitial: "1s", backoffMax: "1s" },
    } as const;
    await rig.apply(rig.manifest(spec));
    await rig.ready();
    await rig.until("the version to be stable", async () => (await rig.status()).stable !== undefined);
    writeFileSync(trip, "");
    await rig.until("the attempts to be used up", async () => {
      return (await rig.condition("Stalled"))?.reason === "RecoveryExhausted";
    });
    assert.equal((await rig.status()).incarnations, 3, "one start and two attempts");
    await assertNotResurrected(rig, operator);

    rmSync(trip);
    await rig.apply(rig.manifest({ ...spec, restartNonce: "repaired" }));
    await rig.ready();
    assert.equal((await rig.status()).incarnations, 4);
    await rig.assertExact();
  }));
