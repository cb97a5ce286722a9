/**
 * What a version of the engine has written is read by every later one, and refused by an earlier one that would misread it (docs/formats.md).
 * Another version is meant by its image; it writes what it writes: a copy with the next version number stands for what an earlier one finds.
 *
 * VER1 Refused means: no incarnation was let run, nothing older was taken, nothing in the store was changed. In the end the version that reads
 *     it goes on, and the sink shows every line once.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import type { StreamJobSpec } from "../../crds/index.ts";
import { sha256Hex } from "../../runtime/storage/index.ts";
import { figure } from "./figures.ts";
import { newestLeft } from "./left-state.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";

const TOO_NEW = /is of version 4, and this program reads version 3: use the StreamJob that wrote it, or a newer one/;

/** As a later version would write it, with a field that nobody here knows. Gives the way back. */
function writeNewer(path: string): () => void {
  const bytes = readFileSync(path);
  const manifest = JSON.parse(bytes.subarray(bytes.indexOf("\n") + 1).toString("utf8")) as object;
  const body = Buffer.from(JSON.stringify({ ...manifest, version: 4, unheardOf: true }));
  writeFileSync(path, `streamjob-manifest 4 sha256=${sha256Hex(body)} length=${body.length}\n${body.toString("utf8")}`);
  return () => writeFileSync(path, bytes);
}

/** Of a store: every object that leads back to its state, but for who looked last. */
const contentsOf = (folder: string): readonly string[] =>
  ["chk", "data"].flatMap((name) =>
    existsSync(join(folder, name)) ? (readdirSync(join(folder, name), { recursive: true }) as string[]) : [],
  );

const activated = (rig: Rig): readonly string[] =>
  readdirSync(rig.storeFolder("")).filter((name) => existsSync(join(rig.storeFolder(name), "activation")));

const toldTooNew = (rig: Rig, name = "wc"): Promise<void> =>
  rig.until("the state to be refused for its version", async () => {
    const stalled = await rig.condition("Stalled", name);
    return stalled?.status === "True" && TOO_NEW.test(stalled.message);
  });

it("P-30 a version that cannot read the checkpoint of a suspended job is refused with both versions and leaves it alone; one that can goes on from it", () =>
  withRig("s30", {}, async (rig) => {
    const suspending = { upgrade: { mode: "last-state" } } as const satisfies Partial<StreamJobSpec>;
    await rig.apply(rig.manifest(suspending));
    await rig.ready();
    await rig.moreCheckpoints(2);
    const { jobId = "" } = await rig.status();
    await rig.apply(rig.manifest({ ...suspending, state: "suspended" }));
    await rig.phase("Suspended");
    const newest = await newestLeft(rig.storeFolder(""), new Set());
    assert.match(newest ?? "", /\.manifest$/, "suspended on a checkpoint, not on a savepoint");
    const path = newest?.startsWith("file:") === true ? fileURLToPath(newest) : (newest ?? "");
    const undo = writeNewer(path);
    const [before, lines, runs] = [contentsOf(rig.storeFolder(jobId)), rig.lines(), activated(rig)];

    await rig.apply(rig.manifest({ ...suspending, restartNonce: "older" }));
    await toldTooNew(rig);
    assert.notEqual((await rig.condition("Ready"))?.status, "True");
    assert.deepEqual([contentsOf(rig.storeFolder(jobId)), rig.lines(), activated(rig)], [before, lines, runs]);

    undo();
    const { otherImage: image } = rig.cluster;
    await rig.apply(rig.manifest({ ...suspending, image, parallelism: 3, restartNonce: "newer" }));
    await rig.ready();
    const { active } = await rig.status();
    assert.ok(active !== undefined);
    assert.equal((await rig.checkpoints(active.incarnation)).latest.restored !== null, true, "it began anew");
    figure("P-30", "another version from a suspended job's checkpoint: refused, or exact");
    await rig.assertExact();
  }));

it("P-30 a savepoint that a newer version wrote is refused as a start, and the engine of a job is never changed", () =>
  withRig("s30-savepoint", {}, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    await rig.moreCheckpoints(1);
    await rig.apply(rig.manifest({ state: "suspended" }));
    await rig.phase("Suspended");
    const [folder] = await rig.savepoints();
    assert.ok(folder !== undefined);
    const undo = writeNewer(join(folder, "_metadata"));
    const runs = activated(rig);
    const later = (more: Partial<StreamJobSpec> = {}) =>
      rig.apply(rig.manifest({ restore: { path: folder }, ...more }, "later"));
    await later();
    await toldTooNew(rig, "later");
    assert.deepEqual(activated(rig), runs, "it was let run");
    await assert.rejects(later({ engine: "flink" }), /engine flink is not supported in this version/);
    undo();
    await later({ restartNonce: 1 });
    await rig.ready("later");
    assert.equal((await rig.api.list("StreamJob", { namespace: NAMESPACE })).items.length, 2);
    await rig.assertExact("later");
  }));
