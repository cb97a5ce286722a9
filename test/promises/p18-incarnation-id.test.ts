import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { storedActivationSchema } from "../../contract/index.ts";
import { figure } from "./figures.ts";
import type { Verdict } from "./jobmanager-relay.ts";
import { withRig } from "./rig.ts";

it("P-18 an incarnation's id is fresh per restore, the same in every try, and in the status before it is used", () =>
  withRig("s18", {}, async (rig) => {
    let lost = 0;
    const recorded: string[] = [];
    rig.relay.onAnswer(async (call): Promise<Verdict> => {
      if (call.method !== "PUT" || call.status !== 200) return "pass";
      const { active, operation } = await rig.status();
      assert.equal(operation?.activationId, (JSON.parse(call.body) as { activationId: string }).activationId);
      recorded.push(active?.jobId ?? "");
      // It was accepted, and who asked does not hear of it.
      lost++;
      return "lose";
    });
    await rig.apply(rig.manifest());
    await rig.ready();
    const ids = [(await rig.status()).jobId];
    await rig.apply(rig.manifest({ parallelism: 3 }));
    await rig.ready();
    ids.push((await rig.status()).jobId);
    // The same savepoint, resumed from: another incarnation.
    await rig.apply(rig.manifest({ parallelism: 3, state: "suspended" }));
    await rig.phase("Suspended");
    await rig.apply(rig.manifest({ parallelism: 3 }));
    await rig.ready();
    ids.push((await rig.status()).jobId);

    assert.equal(new Set(ids).size, 3, "an id was used again");
    assert.deepEqual([...new Set(recorded)], ids, "the status named each before it was activated");
    assert.ok(lost >= 3);
    assert.equal((await rig.status()).incarnations, 3, "a lost answer brought no second incarnation");
    for (const id of ids) {
      const folder = rig.storeFolder(id ?? "");
      const activation = storedActivationSchema.parse(JSON.parse(readFileSync(join(folder, "activation"), "utf8")));
      assert.equal(activation.jobId, id);
      assert.ok(existsSync(folder) && readdirSync(folder).length > 1);
    }
    const stores = readdirSync(rig.storeFolder(""));
    assert.deepEqual(new Set(stores), new Set([...ids, "savepoints"]), "each incarnation has a store of its own");
    figure("P-18", `${lost} answers lost, 3 incarnations, 3 ids`);
    await rig.assertExact();
  }));
