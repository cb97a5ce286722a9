/** A new incarnation has to show a checkpoint to be believed, also when its interval is longer than the time that it has for that. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { withRig } from "../promises/rig.ts";

it("a job with a checkpoint an hour is deployed and upgraded, for the operator asks for the first one (PRO3)", () =>
  withRig("first-checkpoint", {}, async (rig) => {
    const spec = { checkpoints: { interval: "1h" }, upgrade: { deployTimeout: "20s", stability: { window: "500ms" } } };
    await rig.apply(rig.manifest(spec));
    await rig.ready();
    await rig.apply(rig.manifest({ ...spec, parallelism: 3 }));
    await rig.ready();
    assert.equal((await rig.status()).failed, undefined);
    assert.equal((await rig.status()).incarnation, 2);
    await rig.assertExact();
  }));
