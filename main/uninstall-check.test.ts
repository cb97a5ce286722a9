import assert from "node:assert/strict";
import { it } from "node:test";
import { systemClock, systemRandom } from "../base/index.ts";
import { openLocalApiServer } from "../embedded/api-server/index.ts";
import { ApiError, type KubernetesApi } from "../operator/kubernetes/api/index.ts";
import { objectsLeft, refusalOf } from "./uninstall-check.ts";

const release = { name: "streams", namespace: "ops", revision: "3" };

it("names every StreamJob and snapshot of all namespaces, and what to do (UNC1)", async () => {
  const api = await openLocalApiServer({ clock: systemClock, random: systemRandom });
  try {
    assert.deepEqual(await objectsLeft(api), []);
    const apiVersion = "streamjob.dev/v1alpha1";
    for (const namespace of ["shop", "games"]) {
      const spec = { job: { module: "/job.ts" } };
      await api.create("StreamJob", { apiVersion, kind: "StreamJob", metadata: { name: "wc", namespace }, spec });
    }
    const metadata = { name: "last", namespace: "shop" };
    const spec = { jobRef: { name: "wc" } };
    await api.create("StreamJobSnapshot", { apiVersion, kind: "StreamJobSnapshot", metadata, spec });
    const left = await objectsLeft(api);
    assert.deepEqual(left.toSorted(), ["StreamJob games/wc", "StreamJob shop/wc", "StreamJobSnapshot shop/last"]);
    const said = refusalOf(left, release);
    assert.match(said, /StreamJob games\/wc\n[^]*kubectl delete streamjobs,streamjobsnapshots --all/);
    assert.match(said, /helm rollback --namespace ops streams 3/);
  } finally {
    await api.close();
  }
});

it("refuses what it cannot see; without definitions there is nothing (UNC2)", async () => {
  const answering = (reason: "NotFound" | "Forbidden"): KubernetesApi =>
    ({ list: () => Promise.reject(new ApiError(reason, reason)) }) as unknown as KubernetesApi;
  assert.deepEqual(await objectsLeft(answering("NotFound")), []);
  await assert.rejects(objectsLeft(answering("Forbidden")), /Forbidden/);
});

it("names twenty, and how many more there are", () => {
  const left = Array.from({ length: 23 }, (_, index) => `StreamJob shop/wc-${index}`);
  const lines = refusalOf(left, release).split("\n");
  assert.equal(lines.filter((line) => line.startsWith("  StreamJob")).length, 20);
  assert.ok(lines.includes("  … and 3 more"));
});
