/**
 * RN1 Each time that a snapshot's object goes, its files are looked for in the same turn: they have to be gone already.
 */
import assert from "node:assert/strict";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import type { StreamJobSnapshot } from "../../crds/index.ts";
import { figure } from "./figures.ts";
import { followWatch } from "./follow-watch.ts";
import type { Verdict } from "./jobmanager-relay.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";
import { troubled } from "./troubles.ts";

const folderOf = (snapshot: StreamJobSnapshot): string => fileURLToPath(snapshot.status?.location ?? "");
const hasData = (folder: string): boolean => existsSync(join(folder, "_metadata"));

async function snapshots(rig: Rig): Promise<readonly StreamJobSnapshot[]> {
  return (await rig.api.list("StreamJobSnapshot", { namespace: NAMESPACE })).items;
}

const snapshot = (rig: Rig, name: string): Promise<StreamJobSnapshot | null> =>
  rig.api.get("StreamJobSnapshot", { namespace: NAMESPACE, name });

/** RN1. Ends when the body has, and that many deletions have been seen. */
async function watchingDeletions(rig: Rig, deletions: number, body: () => Promise<void>): Promise<number> {
  const early: string[] = [];
  let gone = 0;
  const end = new AbortController();
  const { resourceVersion } = await rig.api.list("StreamJobSnapshot", { namespace: NAMESPACE });
  const watch = followWatch(
    rig,
    "StreamJobSnapshot",
    { namespace: NAMESPACE, resourceVersion, signal: end.signal },
    (event) => {
      if (event.type !== "DELETED") return;
      gone++;
      if (hasData(folderOf(event.object))) early.push(event.object.metadata.name);
    },
  );
  try {
    await body();
    await rig.until(`${deletions} deletions to be seen`, () => gone >= deletions);
  } finally {
    end.abort(new Error("seen enough"));
    await watch;
  }
  assert.deepEqual(early, [], "snapshots whose objects went before their files");
  return gone;
}

async function takeSnapshot(rig: Rig, name: string): Promise<StreamJobSnapshot> {
  await rig.api.create("StreamJobSnapshot", {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJobSnapshot",
    metadata: { name, namespace: NAMESPACE },
    spec: { jobRef: { name: "wc" } },
  });
  await rig.until(`${name} to be completed`, async () => (await snapshot(rig, name))?.status?.phase === "Completed");
  const taken = await snapshot(rig, name);
  assert.ok(taken !== null && hasData(folderOf(taken)));
  return taken;
}

/** The running job does not restart from a savepoint that is about to go. */
async function ask(rig: Rig, taken: StreamJobSnapshot): Promise<void> {
  await rig.moreCheckpoints(2);
  await rig.api.delete("StreamJobSnapshot", taken.metadata as { namespace: string; name: string });
}

it("P-28 retention never removes a savepoint that is still named: by the status, a rollback, or another job", () =>
  withRig("s28-retention", {}, async (rig) => {
    const spec = { savepoints: { retain: { count: 1 } } };
    const upgrade = async (nonce: string): Promise<string> => {
      await rig.apply(rig.manifest({ ...spec, restartNonce: nonce }));
      await rig.ready();
      await rig.until(
        "the version to be stable",
        async () => typeof (await rig.status()).active?.stableAt === "string",
      );
      return (await rig.status()).lastSavepoint?.name ?? "";
    };
    await upgrade("0");
    const gone = await watchingDeletions(rig, 3, async () => {
      const manual = await takeSnapshot(rig, "by-hand");
      const first = await upgrade("1");
      await rig.apply({
        ...rig.manifest({ state: "suspended", restore: { snapshot: first } }, "other"),
      });
      await rig.until("the other job to name it", async () => (await rig.status("other")).resume?.kind === "path");
      const second = await upgrade("2");
      const third = await upgrade("3");
      await rig.until(`${second} to be removed`, async () => (await snapshot(rig, second)) === null);
      const names = (await snapshots(rig)).map(({ metadata }) => metadata.name).sort();
      assert.deepEqual(names, [first, third, "by-hand"].sort());
      for (const kept of await snapshots(rig)) {
        assert.ok(hasData(folderOf(kept)), `files of ${kept.metadata.name}`);
        assert.equal(kept.metadata.deletionTimestamp, undefined, `${kept.metadata.name} is to be deleted`);
      }

      // A version that completes no checkpoint: what it was started from is what the way back needs.
      await rig.apply(rig.manifest({ ...spec, ...troubled(rig, "at-once") }));
      await rig.until("the rollback", async () => {
        const { operation, failed } = await rig.status();
        return operation === undefined && failed !== undefined;
      });
      const { lastSavepoint } = await rig.status();
      assert.notEqual(lastSavepoint?.name, third);

      await rig.api.delete("StreamJob", { namespace: NAMESPACE, name: "other" });
      for (const name of [first, third]) {
        await rig.until(`${name} to be removed`, async () => (await snapshot(rig, name)) === null);
      }
      const left = await snapshots(rig);
      assert.deepEqual(left.map(({ metadata }) => metadata.name).sort(), ["by-hand", lastSavepoint?.name ?? ""].sort());
      assert.ok(hasData(folderOf(manual)), "what people asked for is theirs");
    });
    assert.equal(gone, 3);
    assert.equal((await rig.savepoints()).length, 2, "files without an object");
    await rig.apply(rig.manifest({ ...spec, restartNonce: "4" }));
    await rig.ready();
    await rig.assertExact();
  }));

it("P-28 a snapshot's object goes only after its files, however often deleting them fails", () =>
  withRig("s28-disposal", {}, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    const asked = (): number =>
      rig.relay.calls.filter(({ method, path }) => method === "POST" && path.endsWith("/savepoint-disposal")).length;
    await watchingDeletions(rig, 3, async () => {
      // A folder that is not to be deleted: what is in it is no savepoint's.
      const stuck = await takeSnapshot(rig, "stuck");
      const metadata = join(folderOf(stuck), "_metadata");
      const aside = rig.workspace.path("aside");
      renameSync(metadata, aside);
      writeFileSync(metadata, "damaged");
      await ask(rig, stuck);
      await rig.until("two failed tries", () => asked() >= 2);
      assert.notEqual(await snapshot(rig, "stuck"), null);
      assert.ok(hasData(folderOf(stuck)));
      renameSync(aside, metadata);
      await rig.until("its object to go", async () => (await snapshot(rig, "stuck")) === null);

      // Nobody is there to delete them.
      const waiting = await takeSnapshot(rig, "waiting");
      await rig.moreCheckpoints(2);
      const pid = await rig.pid("jobmanager-0");
      assert.ok(pid !== null);
      process.kill(pid, "SIGSTOP");
      await rig.api.delete("StreamJobSnapshot", { namespace: NAMESPACE, name: "waiting" });
      await rig.until("the operator to find nobody", async () => {
        return (await rig.condition("JobRunning"))?.status === "Unknown";
      });
      assert.notEqual(await snapshot(rig, "waiting"), null);
      assert.ok(hasData(folderOf(waiting)));
      process.kill(pid, "SIGCONT");
      await rig.until("its object to go", async () => (await snapshot(rig, "waiting")) === null);

      // They are deleted, and who deleted them dies before it could say so.
      const forgotten = await takeSnapshot(rig, "forgotten");
      let isKilled = false;
      rig.relay.onAnswer(async (call): Promise<Verdict> => {
        if (isKilled || call.method !== "POST" || !call.path.endsWith("/savepoint-disposal")) return "pass";
        isKilled = true;
        await rig.until("the files to go", () => !hasData(folderOf(forgotten)));
        await rig.kill("jobmanager-0");
        return "lose";
      });
      await ask(rig, forgotten);
      await rig.until("its object to go", async () => (await snapshot(rig, "forgotten")) === null);
      assert.ok(isKilled);
    });
    assert.equal((await rig.savepoints()).length, 0);
    figure("P-28", "7 snapshots removed, 0 objects before their files");
    await rig.assertExact();
  }));
