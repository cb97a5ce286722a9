import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { it } from "node:test";
import { figure } from "./figures.ts";
import { withRig } from "./rig.ts";

it("P-17 the initial savepoint is kept across first deploys that fail, and used only once", () =>
  withRig("s17", {}, async (rig) => {
    await rig.apply(rig.manifest({}, "before"));
    await rig.ready("before");
    await rig.apply(rig.manifest({ state: "suspended" }, "before"));
    await rig.phase("Suspended", "before");
    const { lastSavepoint } = await rig.status("before");
    assert.ok(lastSavepoint !== undefined);
    const restore = { snapshot: lastSavepoint.name };
    const lines = rig.lines().length;

    rig.images.missing.add("streamjob:missing");
    await rig.apply(rig.manifest({ restore, image: "streamjob:missing" }));
    await rig.until("the missing image to be told", async () => {
      const stalled = await rig.condition("Stalled");
      return stalled?.status === "True" && stalled.message.includes("streamjob:missing");
    });
    const broken = rig.workspace.path("broken.ts");
    writeFileSync(broken, 'throw new Error("this module cannot be loaded");\n');
    await rig.apply(rig.manifest({ restore, job: { module: broken } }));
    await rig.until("the broken module to be told", async () =>
      ((await rig.condition("Stalled"))?.message ?? "").includes("this module cannot be loaded"),
    );
    assert.equal(rig.lines().length, lines);

    await rig.apply(rig.manifest({ restore }));
    await rig.ready();
    const first = (await rig.status()).incarnation ?? 0;
    const { path } = lastSavepoint;
    const from = (await rig.incarnation(first))?.activation?.from;
    assert.deepEqual(from, { kind: "path", path, allowNonRestoredState: false });
    // `restore` is still in the manifest.
    for (const parallelism of [3, 1]) {
      await rig.apply(rig.manifest({ restore, parallelism }));
      await rig.ready();
      const now = (await rig.status()).incarnation ?? 0;
      assert.equal((await rig.incarnation(now))?.activation?.from.kind, "latest");
    }
    figure("P-17", "2 failed deploys, then started from it; 2 upgrades that did not");
    await rig.assertExact();
  }));
