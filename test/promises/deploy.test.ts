import { it } from "node:test";
import { withRig } from "./rig.ts";

it("first", () =>
  withRig("first", {}, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    console.log("ready", (await rig.status()).phase);
    await rig.apply(rig.manifest({ parallelism: 3 }));
    await rig.ready();
    console.log("upgraded", (await rig.status()).incarnation);
    await rig.assertExact();
  }));
