import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { figure } from "./figures.ts";
import { tellsOfStop, type Verdict } from "./jobmanager-relay.ts";
import { type Rig, withRig } from "./rig.ts";

/** A person is asked for, and says what is missing; nothing more has been written than before. */
async function assertRefused(rig: Rig, linesBefore: number): Promise<void> {
  await rig.until("Stalled to be True", async () => (await rig.condition("Stalled"))?.status === "True");
  const stalled = await rig.condition("Stalled");
  assert.match(stalled?.message ?? "", /not|no /);
  assert.equal((await rig.condition("Ready"))?.status, "False");
  assert.equal(rig.lines().length, linesBefore, "records were emitted without the state");
}

const pathOf = (location: string): string => (location.startsWith("file:") ? fileURLToPath(location) : location);

it("P-15 missing state is refused: a first start from a savepoint that is not there; with the right one it starts", () =>
  withRig("s15", {}, async (rig) => {
    await rig.apply(rig.manifest({}, "before"));
    await rig.ready("before");
    await rig.apply(rig.manifest({ state: "suspended" }, "before"));
    await rig.phase("Suspended", "before");
    const path = (await rig.status("before")).lastSavepoint?.path;
    assert.ok(path !== undefined);
    const lines = rig.lines().length;
    await rig.apply(rig.manifest({ restore: { path: `${path}-typo` } }));
    await assertRefused(rig, lines);
    await rig.apply(rig.manifest({ restore: { path } }));
    await rig.ready();
    figure("P-15", "4 kinds of missing state, 0 records");
    await rig.assertExact();
  }));

for (const mode of ["savepoint", "last-state"] as const) {
  it(`P-15 missing state is refused: ${mode === "savepoint" ? "the savepoint" : "the store"} of a suspended job is gone; once it is back the job resumes`, () =>
    withRig("s15", {}, async (rig) => {
      await rig.apply(rig.manifest({ upgrade: { mode } }));
      await rig.ready();
      await rig.apply(rig.manifest({ state: "suspended", upgrade: { mode } }));
      await rig.phase("Suspended");
      const { resume } = await rig.status();
      assert.equal(resume?.kind, "latest");
      const gone = pathOf((resume?.kind === "latest" ? (resume.savepoint ?? resume.storeUri) : "") ?? "");
      renameSync(gone, `${gone}-away`);
      const lines = rig.lines().length;
      await rig.apply(rig.manifest({ upgrade: { mode } }));
      await assertRefused(rig, lines);
      renameSync(`${gone}-away`, gone);
      await rig.apply(rig.manifest({ restartNonce: "again", upgrade: { mode } }));
      await rig.ready();
      await rig.assertExact();
    }));
}

it("P-15 missing state is refused: the savepoint of an upgrade vanishes before the new version could read it", () =>
  withRig("s15", {}, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    let gone: string | null = null;
    const moveAway = async (): Promise<void> => {
      const target = pathOf((await rig.status()).operation?.savepoint?.target ?? "");
      // What it prepared is committed by the old job.
      await rig.until(
        "the old job's result",
        async () => typeof (await rig.incarnation(1))?.result?.status === "string",
      );
      renameSync(target, `${target}-away`);
      gone = target;
    };
    let moving: Promise<void> | null = null;
    // An operator whose call is given up asks again: it hears of the stop from no answer before the savepoint is gone.
    rig.relay.onAnswer(async (call): Promise<Verdict> => {
      if (tellsOfStop(call)) await (moving ??= moveAway());
      return "pass";
    });
    await rig.apply(rig.manifest({ parallelism: 3 }));
    await rig.until("the savepoint to be moved away", () => gone !== null);
    const lines = rig.lines().length;
    await assertRefused(rig, lines);
    renameSync(`${gone}-away`, gone ?? "");
    await rig.apply(rig.manifest({ parallelism: 3, restartNonce: "again" }));
    await rig.ready();
    await rig.assertExact();
  }));
