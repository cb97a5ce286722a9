/**
 * The processes of the old version are killed where a savepoint of a stop is complete, and what it prepared is not yet committed.
 *
 * PCS1 Checkpoints are taken only when the test asks for one, so that it is known at which time a place is reached.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { ArmedRole } from "./armed-images.ts";
import { figure } from "./figures.ts";
import { withholdCheckpoints } from "./jobmanager-relay.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";

/** The second time: the first is the checkpoint with which the first version proves itself. */
const places: readonly (readonly [ArmedRole, string])[] = [
  ["taskmanager", "tm:before-commit"],
  ["jobmanager", "jm:after-manifest"],
  ["jobmanager", "jm:before-result"],
];

/** By the container's own last word, before it was started again or after. */
async function hasDied(rig: Rig, role: ArmedRole, place: string): Promise<boolean> {
  const pod = { namespace: NAMESPACE, name: `wc-1-${role}-0` };
  const logs = [false, true].map((previous) => rig.api.logs(pod, { previous }).catch(() => ""));
  return (await Promise.all(logs)).some((text) => text.includes(`failpoint ${place}: kill`));
}

for (const [role, place] of places) {
  it(`P-7 a completed savepoint is always used: the job dies at ${place} while it stops`, () =>
    withRig("s07", {}, async (rig) => {
      const spec = { parallelism: 1, checkpoints: { interval: "1h" } } as const;
      const hit = place === "jm:before-result" ? 1 : 2;
      rig.relay.onCall(withholdCheckpoints);
      rig.images.arm(role, `${place}=kill@${hit}`);
      await rig.apply(rig.manifest(spec));
      await rig.checkpointOfLines(1);
      await rig.ready();
      assert.equal(await hasDied(rig, role, place), false, "the place was reached before the job was to stop");

      await rig.apply(rig.manifest({ ...spec, restartNonce: "1" }));
      // The old pods are there until the new version has a checkpoint, which it has when it is asked for one.
      await rig.until("the process to be killed there", () => hasDied(rig, role, place));
      await rig.checkpointNow(2);
      await rig.ready();
      const [savepoint, ...others] = await rig.savepoints();
      assert.equal(others.length, 0, "one savepoint was made");
      const from = (await rig.incarnation(2))?.activation?.from;
      assert.equal(from?.kind === "latest" ? from.savepoint : null, `file://${savepoint}`);
      const { restored } = (await rig.checkpoints(2)).latest;
      assert.equal(restored?.external_path.replace(/\/_metadata$/, ""), `file://${savepoint}`);
      figure("P-7", "killed at 3 places, its savepoint used");
      await rig.assertExact();
    }));
}
