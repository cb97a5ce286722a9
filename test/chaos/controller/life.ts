/**
 * Owns: the life of a StreamJob that every fault is put into: deploy, rescale, upgrade, a bad version that is rolled back, suspend,
 * resume, end of the data, deletion. And what it leaves, to be compared with a calm run.
 *
 * LFE1 Each stage is waited for by what a person sees: the status and the sink, not the operator's steps.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Rig } from "../../promises/rig.ts";

const BROKEN = fileURLToPath(new URL("./broken-words.ts", import.meta.url));
const LINES = 20;
/** A stage may go through several crashes. */
const PATIENCE_MS = 120_000;
/** Of a whole life: deployed, rescaled, upgraded, the bad version, the one that it is rolled back to, resumed. */
export const INCARNATIONS = 6;
/** The one that is waited for until it is stable: the bad version is rolled back to it. */
export const STABLE_INCARNATION = 3;

/** What is left of a life, without what differs from run to run. */
export type Remains = {
  /** How often an object of a kind was made and taken away. */
  readonly made: Readonly<Record<string, number>>;
  readonly deleted: Readonly<Record<string, number>>;
  /** `what` of each line of the status's history. */
  readonly history: readonly string[];
  /** Incarnations that there were. */
  readonly incarnations: number;
  /** Complete savepoints on disk. */
  readonly savepoints: number;
};

/** Lives it; the sink was exact, or this throws. */
export async function live(rig: Rig): Promise<Remains> {
  const counts = await countObjects(rig);
  await rig.apply(rig.manifest());
  await rig.ready("wc", PATIENCE_MS);
  await rig.moreLines(LINES);

  await rig.apply(rig.manifest({ parallelism: 3 }));
  await rig.ready("wc", PATIENCE_MS);
  await rig.moreLines(LINES);

  const upgraded = rig.manifest({ parallelism: 3, config: { "execution.buffer-timeout": "20 ms" } });
  await rig.apply(upgraded);
  await rig.ready("wc", PATIENCE_MS);
  await rig.until(
    "the version to be stable",
    async () => typeof (await rig.status()).active?.stableAt === "string",
    PATIENCE_MS,
  );

  const job = { module: BROKEN, args: rig.args() };
  await rig.apply({ ...upgraded, spec: { ...upgraded.spec, job } });
  await rig.until(
    "the rollback",
    async () => {
      const { failed, operation, active } = await rig.status();
      return failed !== undefined && operation === undefined && typeof active?.firstCheckpointAt === "string";
    },
    PATIENCE_MS,
  );
  await rig.apply(upgraded);
  await rig.ready("wc", PATIENCE_MS);
  await rig.moreLines(LINES);

  await rig.apply({ ...upgraded, spec: { ...upgraded.spec, state: "suspended" } });
  await rig.phase("Suspended", "wc", PATIENCE_MS);
  assert.deepEqual(await rig.pods(), [], "a suspended job has pods");
  rig.assertUnbroken();
  await rig.apply({ ...upgraded, spec: { ...upgraded.spec, state: "running" } });
  await rig.ready("wc", PATIENCE_MS);

  await rig.assertExact();
  const { history, incarnations } = await rig.status();
  assert.ok(
    history.some(({ what }) => what === "rolled back"),
    "the bad version was not rolled back",
  );
  const savepoints = (await rig.savepoints()).length;
  await rig.api.delete("StreamJob", { namespace: "default", name: "wc" });
  await rig.until("the deletion", async () => (await left(rig)).length === 0, PATIENCE_MS);
  const { made, deleted } = await counts.end();
  return { made, deleted, history: history.map(({ what }) => what), incarnations, savepoints };
}

const ownKinds = ["Pod", "StatefulSet", "Service", "ConfigMap", "ControllerRevision"] as const;

/** Whatever of the job is still there. Snapshots stay: they are the person's. */
async function left(rig: Rig): Promise<readonly string[]> {
  const lists = await Promise.all(ownKinds.map((kind) => rig.api.list(kind, { namespace: "default" })));
  const job = await rig.api.get("StreamJob", { namespace: "default", name: "wc" });
  const names = lists.flatMap(({ items }) => items.map((item) => `${item.kind} ${item.metadata.name}`));
  return job === null ? names : [...names, "StreamJob wc"];
}

type Counting = {
  end(): Promise<{ readonly made: Record<string, number>; readonly deleted: Record<string, number> }>;
};

async function countObjects(rig: Rig): Promise<Counting> {
  const made: Record<string, number> = {};
  const deleted: Record<string, number> = {};
  const stop = new AbortController();
  const watches = ([...ownKinds, "StreamJobSnapshot"] as const).map(async (kind) => {
    const { resourceVersion } = await rig.api.list(kind);
    return rig.api.watch(kind, { resourceVersion, signal: stop.signal }, ({ type }) => {
      if (type === "ADDED") made[kind] = (made[kind] ?? 0) + 1;
      if (type === "DELETED") deleted[kind] = (deleted[kind] ?? 0) + 1;
    });
  });
  return {
    end: async () => {
      await rig.until("the last deletions to be seen", () =>
        ownKinds.every((kind) => (made[kind] ?? 0) === (deleted[kind] ?? 0)),
      );
      stop.abort(new Error("counted"));
      await Promise.all(watches);
      return { made, deleted };
    },
  };
}
