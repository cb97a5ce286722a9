/**
 * Several namespaces watched side by side; over an API that answers for each as the test wants.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { STREAM_JOB_API_VERSION, type StreamJob } from "../../crds/index.ts";
import { seededRandom, silentLog, systemClock } from "../../base/index.ts";
import {
  ApiError,
  type Kind,
  type Kinds,
  type KubernetesApi,
  type ListOptions,
  type ListPage,
} from "../kubernetes/api/index.ts";
import { JobLinks } from "../observe/index.ts";
import { WatchedNamespaces } from "./watched-namespaces.ts";

const job = (namespace: string): StreamJob => ({
  apiVersion: STREAM_JOB_API_VERSION,
  kind: "StreamJob",
  metadata: { name: "wc", namespace, uid: `${namespace}-wc`, resourceVersion: "1" },
  spec: { job: { module: "/job.ts" } },
});

/** Each namespace has one StreamJob; of `forbidden` no pods may be listed. What is asked of all namespaces is refused. */
function createApi(forbidden: string): KubernetesApi {
  const no = (): Promise<never> => Promise.reject(new Error("only lists and watches are expected"));
  async function list<K extends Kind>(kind: K, options?: ListOptions): Promise<ListPage<K>> {
    const namespace = options?.namespace ?? null;
    if (namespace === null || (namespace === forbidden && kind === "Pod"))
      throw new ApiError("Forbidden", `${kind} of ${namespace} may not be listed`);
    const items = (kind === "StreamJob" ? [job(namespace)] : []) as unknown as readonly Kinds[K][];
    return { items, resourceVersion: "1", continue: null };
  }
  return {
    list,
    watch: (_kind, { signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve({ kind: "closed" }))),
    get: no,
    create: no,
    update: no,
    updateStatus: no,
    patch: no,
    apply: no,
    delete: no,
    logs: no,
  };
}

it("a namespace that cannot be read holds up its own StreamJobs alone, and is named (WNS1, WNS2)", async () => {
  const looks: string[] = [];
  const seen = Promise.withResolvers<void>();
  const watched = new WatchedNamespaces({
    api: createApi("closed"),
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    namespaces: ["shop", "closed", "games"],
    links: new JobLinks(),
    look: (key) => {
      looks.push(key);
      if (looks.length === 2) seen.resolve();
    },
  });
  const started = watched.start();
  started.catch(() => {});
  await seen.promise;
  assert.deepEqual(looks.toSorted(), ["games/wc", "shop/wc"]);
  assert.deepEqual(watched.missing(), ["Pod in namespace closed"]);
  const { StreamJob: jobs } = watched.objects;
  assert.equal(jobs.figures().objects, 3);
  assert.equal(jobs.get({ namespace: "shop", name: "wc" })?.metadata.uid, "shop-wc");
  assert.equal(jobs.get({ namespace: "elsewhere", name: "wc" }), null);
  jobs.noteDelete({ namespace: "games", name: "wc" }, "games-wc");
  assert.notEqual(jobs.get({ namespace: "games", name: "wc" })?.metadata.deletionTimestamp, undefined);
  assert.deepEqual(looks.slice(2), ["games/wc"]);
  await watched.stop();
  await assert.rejects(started, /stopped/);
});
