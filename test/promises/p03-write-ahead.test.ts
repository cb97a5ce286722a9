/**
 * An operator in a process of its own is killed with SIGKILL before and after everything that it does for an upgrade; the next one goes
 * on from the status alone.
 *
 * PWA1 The places are those that an undisturbed upgrade reached, found by making one: a new action is in the plan by itself.
 * PWA2 All upgrades are of one job and one cluster, one after the other: each is also the proof that the one before left nothing behind.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { OperatorFailpointName } from "../../operator/apply/index.ts";
import { figure } from "./figures.ts";
import type { OperatorRun } from "./operator-run.ts";
import { type Rig, withRig } from "./rig.ts";

type Place = { readonly name: OperatorFailpointName; readonly hit: number };

/** Where it matters most both sides, of each other action one; all of them with STREAMJOB_ALL=1. */
const sample = new Set<OperatorFailpointName>([
  "op:after-write-status",
  "op:before-create-revision",
  "op:after-apply-child",
  "op:before-trigger-stop",
  "op:after-trigger-stop",
  "op:before-activate",
  "op:after-activate",
  "op:before-create-snapshot",
  "op:after-write-snapshot-status",
  "op:before-delete-child",
]);

it("P-3 intent is durable before action: an operator killed at any place of an upgrade leaves one savepoint for it, and the next one completes it", () =>
  withRig("s03", { withOperator: false, records: 200_000, rate: 300 }, async (rig) => {
    let nonce = 0;
    // Every savepoint is counted, so none may go.
    const savepoints = { retain: { count: 1000 } };
    const change = (): Promise<unknown> => rig.apply(rig.manifest({ savepoints, restartNonce: String(++nonce) }));
    const upgraded = async (): Promise<void> => {
      await change();
      await rig.ready();
    };
    await rig.apply(rig.manifest({ savepoints, restartNonce: "0" }));
    const first = await rig.startOperator();
    await rig.ready();
    await first.stop();
    const places = placesOf(await rig.reachedDuring(upgraded));
    const chosen =
      process.env["STREAMJOB_ALL"] === "1" ? places : places.filter(({ name, hit }) => hit === 1 && sample.has(name));
    let killed = 0;
    for (const place of chosen) {
      const before = await countsOf(rig);
      const dying = rig.runOperator({ dieAt: place });
      await change();
      const signal = await endOf(rig, dying, place);
      // How often a status is written depends on time: the last of these places may not be there.
      if (signal === "SIGKILL") killed++;
      else assert.equal(place.name.endsWith("write-status"), true, `${place.name} at hit ${place.hit}: ${signal}`);
      await dying.kill();
      const next = rig.runOperator();
      await rig.ready();
      await next.stop();
      const after = await countsOf(rig);
      const where = `killed at ${place.name}, hit ${place.hit}`;
      assert.equal(after.savepoints - before.savepoints, 1, `${where}: savepoints made`);
      assert.equal(after.folders - before.folders, 1, `${where}: savepoint folders`);
      assert.equal(after.triggers - before.triggers, 1, `${where}: savepoints asked for`);
      assert.equal(after.incarnations - before.incarnations, 1, `${where}: incarnations`);
      rig.assertUnbroken();
    }
    figure("P-3", `killed at ${killed} of ${places.length} places, 1 savepoint each`);
    const last = await rig.startOperator();
    await rig.assertExact();
    await last.stop();
  }));

/** What ended the operator that was to die there. */
async function endOf(rig: Rig, dying: OperatorRun, { name, hit }: Place): Promise<string | null> {
  // The old children go in the very plan that says Ready: that it is Ready does not mean that the place was passed by.
  if (name.endsWith("-delete-child")) {
    await rig.until(`the operator to die at ${name}, hit ${hit}`, () => dying.isOver);
    return dying.ended;
  }
  return Promise.race([dying.ended, rig.ready().then(() => "it was not reached")]);
}

async function countsOf(rig: Rig) {
  const { incarnations } = await rig.status();
  return {
    savepoints: (await rig.savepoints()).length,
    folders: (await rig.savepointFolders()).length,
    triggers: rig.relay.triggerCount(),
    incarnations,
  };
}

/** PWA1 */
function placesOf(reached: readonly OperatorFailpointName[]): Place[] {
  const hits = new Map<OperatorFailpointName, number>();
  return reached.map((name) => {
    const hit = (hits.get(name) ?? 0) + 1;
    hits.set(name, hit);
    return { name, hit };
  });
}
