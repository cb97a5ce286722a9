/** The files of a job's ConfigMap in the one of its incarnation: copied once, against the API server in memory. */
import assert from "node:assert/strict";
import { after, it } from "node:test";
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { STREAM_JOB_API_VERSION } from "../../crds/index.ts";
import { openLocalApiServer } from "../../embedded/api-server/index.ts";
import { type ApplyOutcome, apply, type WrittenCaches } from "../../operator/apply/index.ts";
import { jobLabels, ownedBy } from "../../operator/engine/index.ts";
import type { ConfigMap } from "../../operator/kubernetes/api/index.ts";
import { WatchCache } from "../../operator/kubernetes/machinery/index.ts";
import type { Action, Observed } from "../../operator/reconcile/index.ts";
import { ScriptedJobManagers } from "./scripted-jobmanagers.ts";

const namespace = "shop";
const ports = { clock: systemClock, random: systemRandom, log: silentLog };

it("a ConfigMap gets the files of a user's once, when it is made, and says what it cannot take (CAC3)", async () => {
  const server = await openLocalApiServer(ports);
  const api = server.as("streamjob-operator");
  const caches = {
    StreamJob: new WatchCache(api, "StreamJob", ports),
    ConfigMap: new WatchCache(api, "ConfigMap", ports),
  };
  after(async () => {
    await Promise.all(Object.values(caches).map((cache) => cache.stop()));
    await server.close();
  });
  const spec = { job: { configMap: { name: "code", key: "job.ts" } } };
  const job = await api.create("StreamJob", {
    apiVersion: STREAM_JOB_API_VERSION,
    kind: "StreamJob",
    metadata: { namespace, name: "wc" },
    spec,
  });
  for (const cache of Object.values(caches)) cache.start();
  await Promise.all(Object.values(caches).map((cache) => cache.whenSynced()));
  const object: ConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name: "wc-1", labels: jobLabels("wc"), ownerReferences: [ownedBy(job)] },
    data: { "config.json": "1" },
  };
  const action: Action = {
    kind: "applyChild",
    object,
    why: "it is missing",
    filesOf: { configMap: "code", keys: null },
  };
  const carryOut = (planned: Action = action): Promise<ApplyOutcome> =>
    apply(
      { status: null, actions: [planned], events: [], wakeAfterMs: null, dueAfterMs: null },
      { job } as Observed,
      {
        ...ports,
        api,
        caches: caches as unknown as WrittenCaches,
        jobManagers: new ScriptedJobManagers(() => systemClock.nowMs()),
        gate: { ask: () => ({ kind: "open" }) },
        onEvent: () => {},
        reach: () => {},
      },
      new AbortController().signal,
    );
  const refusal = async (planned?: Action): Promise<string> => {
    const outcome = await carryOut(planned);
    return outcome.kind === "refused" ? outcome.reason : outcome.kind;
  };
  assert.match(await refusal(), /ConfigMap code, which spec.job.configMap names, does not exist/);
  const code = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: "code" } } as const;
  await api.create("ConfigMap", { ...code, data: { "config.json": "theirs" } });
  assert.match(await refusal(), /ConfigMap code, .*has the key config.json, which is reserved/);
  const change = (data: object): Promise<unknown> => api.patch("ConfigMap", { namespace, name: "code" }, { data });
  await change({ "config.json": null, "job.ts": "first" });
  for (const text of ["second", "third"]) {
    assert.equal((await carryOut()).kind, "done");
    await change({ "job.ts": text });
  }
  const made = await api.get("ConfigMap", { namespace, name: "wc-1" });
  assert.deepEqual(made?.data, { "config.json": "1", "job.ts": "first" });

  const second = { ...object, metadata: { ...object.metadata, name: "wc-2" } };
  const chosen = (...keys: string[]): Action => ({
    ...action,
    object: second,
    filesOf: { configMap: "code", keys },
  });
  await change({ "notes.md": "not of the job" });
  assert.match(
    await refusal(chosen("job.ts", "parse.ts")),
    /has no key parse.ts, which spec.job.configMap.items names/,
  );
  assert.equal((await carryOut(chosen("job.ts"))).kind, "done");
  const ofItems = await api.get("ConfigMap", { namespace, name: "wc-2" });
  assert.deepEqual(ofItems?.data, { "config.json": "1", "job.ts": "third" });
});
