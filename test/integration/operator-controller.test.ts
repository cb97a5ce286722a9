/**
 * The controller as a whole, on the API server in memory, with pods and JobManagers that are only pretended.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import {
  CLEANUP_FINALIZER,
  readStreamJobStatus,
  STREAM_JOB_API_VERSION,
  type StreamJob,
  type StreamJobSnapshot,
  type StreamJobStatus,
} from "../../crds/index.ts";
import { type Controller, type ControllerOptions, startController } from "../../operator/controller/index.ts";
import { nativeEngine } from "../../operator/engine-native/index.ts";
import { ApiError, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { InstantKubelet } from "../../embedded/kubelet/index.ts";
import { openLocalApiServer } from "../../embedded/api-server/index.ts";
import { StatefulSetController } from "../../embedded/workloads/index.ts";
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { ScriptedJobManagers } from "./scripted-jobmanagers.ts";
import { until } from "./until.ts";

const NAMESPACE = "shop";

type Cluster = {
  readonly api: KubernetesApi;
  readonly jobManagers: ScriptedJobManagers;
  /** Requests of the controllers that change something, as `verb kind name`, with who sent them. */
  readonly writes: string[];
  /** Every request of the controllers but watches. */
  requests: number;
  /** Why no pod is taken; null: each is. */
  podQuota: string | null;
  readonly start: (changes?: Partial<ControllerOptions>) => Promise<Controller>;
  readonly create: (name: string, changes?: { spec?: object; status?: object }) => Promise<void>;
  readonly status: (name: string) => Promise<StreamJobStatus>;
  readonly whenReady: (name: string, generation?: number) => Promise<StreamJobStatus>;
};

async function createCluster(): Promise<Cluster> {
  const [clock, random, log] = [systemClock, systemRandom, silentLog];
  const server = await openLocalApiServer({ clock, random });
  const api = server.as("test");
  const limited = (api: KubernetesApi): KubernetesApi => ({
    ...api,
    create: (kind, object, options) => {
      const { podQuota } = cluster;
      if (kind !== "Pod" || podQuota === null) return api.create(kind, object, options);
      return Promise.reject(new ApiError("Forbidden", `pods is forbidden: ${podQuota}`));
    },
  });
  const sets = new StatefulSetController({ api: limited(server.as("statefulset-controller")), clock, random, log });
  const kubelet = new InstantKubelet({ api: server.as("kubelet"), clock, random, log });
  await sets.start();
  await kubelet.start();
  const controllers: Controller[] = [];
  after(async () => {
    await Promise.all(controllers.map((controller) => controller.stop()));
    await kubelet.stop();
    await sets.stop();
    await server.close();
  });
  const status = async (name: string): Promise<StreamJobStatus> => {
    const job = await api.get("StreamJob", { namespace: NAMESPACE, name });
    const read = readStreamJobStatus(job?.status);
    assert(read.kind === "read", `the status of ${name} cannot be read`);
    return read.status;
  };
  const cluster: Cluster = {
    api,
    jobManagers: new ScriptedJobManagers(() => clock.nowMs()),
    writes: [],
    requests: 0,
    podQuota: null,
    async start(changes = {}) {
      const identity = changes.identity ?? "one";
      const controller = await startController({
        api: noting(limited(server.as("streamjob-operator")), identity, cluster),
        jobManagers: cluster.jobManagers,
        settings: { storageRoot: "memory:///store", defaultImage: "streamjob", engine: nativeEngine },
        clock,
        random,
        log,
        identity,
        election: null,
        endpoints: null,
        ...changes,
      });
      controllers.push(controller);
      return controller;
    },
    async create(name, { spec = {}, status: stored } = {}) {
      const created = await api.create("StreamJob", {
        apiVersion: STREAM_JOB_API_VERSION,
        kind: "StreamJob",
        metadata: { namespace: NAMESPACE, name },
        spec: { job: { module: "/job.ts" }, ...spec },
      });
      if (stored !== undefined) await api.updateStatus("StreamJob", { ...created, status: stored } as StreamJob);
    },
    status,
    async whenReady(name, generation = 1) {
      await until(async () => {
        const { conditions } = await status(name);
        const ready = conditions.find(({ type }) => type === "Ready");
        return ready?.status === "True" && ready.observedGeneration === generation;
      }, `${name} is ready`);
      return status(name);
    },
  };
  return cluster;
}

function noting(api: KubernetesApi, who: string, cluster: Cluster): KubernetesApi {
  const note = (verb: string, kind: string, name: string): void => {
    cluster.requests += 1;
    cluster.writes.push(`${who}: ${verb} ${kind} ${name}`);
  };
  return {
    ...api,
    get: (kind, key, options) => {
      cluster.requests += 1;
      return api.get(kind, key, options);
    },
    list: (kind, options) => {
      cluster.requests += 1;
      return api.list(kind, options);
    },
    create: (kind, object, options) => {
      note("create", kind, object.metadata.name);
      return api.create(kind, object, options);
    },
    update: (kind, object, options) => {
      note("update", kind, object.metadata.name);
      return api.update(kind, object, options);
    },
    updateStatus: (kind, object, options) => {
      note("updateStatus", kind, object.metadata.name);
      return api.updateStatus(kind, object, options);
    },
    patch: (kind, key, patch, options) => {
      note("patch", kind, key.name);
      return api.patch(kind, key, patch, options);
    },
    apply: (kind, object, options) => {
      note("apply", kind, object.metadata.name);
      return api.apply(kind, object, options);
    },
    delete: (kind, key, options) => {
      note("delete", kind, key.name);
      return api.delete(kind, key, options);
    },
  };
}

const namesOf = async (api: KubernetesApi, kind: "Pod" | "StatefulSet" | "StreamJobSnapshot"): Promise<string[]> =>
  (await api.list(kind)).items.map(({ metadata }) => metadata.name).sort();

describe("the controller", () => {
  it("deploys a StreamJob, upgrades it by its savepoint, and deletes it with all that it had", async () => {
    const cluster = await createCluster();
    const controller = await cluster.start();
    await cluster.create("wc");
    await controller.whenSynced();
    const deployed = await cluster.whenReady("wc");
    assert.equal(deployed.incarnation, 1);
    const key = { namespace: NAMESPACE, name: "wc" };
    await cluster.api.patch("StreamJob", key, { spec: { job: { args: ["--new"] } } });
    const upgraded = await cluster.whenReady("wc", 2);
    assert.equal(upgraded.incarnation, 2);
    assert.deepEqual(cluster.jobManagers.calls, ["activate wc-1", "savepoint wc-1", "activate wc-2"]);
    await until(
      async () => (await namesOf(cluster.api, "Pod")).every((name) => name.startsWith("wc-2-")),
      "old pods go",
    );
    await cluster.api.delete("StreamJob", key);
    await until(async () => (await cluster.api.get("StreamJob", key)) === null, "the StreamJob goes");
    await until(async () => (await namesOf(cluster.api, "StatefulSet")).length === 0, "its StatefulSets go");
  });

  it("has a job start that waits for another's snapshot as soon as that is completed", async () => {
    const cluster = await createCluster();
    await cluster.start();
    await cluster.create("copy", { spec: { restore: { snapshot: "snap" } } });
    await cluster.create("wc");
    await cluster.whenReady("wc");
    await cluster.api.create("StreamJobSnapshot", {
      apiVersion: STREAM_JOB_API_VERSION,
      kind: "StreamJobSnapshot",
      metadata: { namespace: NAMESPACE, name: "snap" },
      spec: { jobRef: { name: "wc" } },
    });
    await cluster.whenReady("copy");
    assert.ok(cluster.jobManagers.calls.includes("activate copy-1"));
  });

  it("P-37: says why the API server refuses a pod, of which a StatefulSet tells nothing, and goes on when it is allowed", async () => {
    const cluster = await createCluster();
    await cluster.start();
    cluster.podQuota = "exceeded quota: compute";
    await cluster.create("wc");
    const messageOf = async (type: string): Promise<string> => {
      const condition = (await cluster.status("wc")).conditions.find((each) => each.type === type);
      return condition?.status === "True" ? (condition.message ?? "") : "";
    };
    const told = "creating Pod wc-1-jobmanager-0 failed: pods is forbidden: exceeded quota: compute";
    await until(async () => (await messageOf("Stalled")).startsWith(told), "the status says why");
    assert.match(await messageOf("UpgradeBlocked"), /exceeded quota: compute/);
    assert.deepEqual((await cluster.api.list("Pod")).items, [], "nothing was made to find that out");
    cluster.podQuota = null;
    await cluster.whenReady("wc");
    assert.equal(await messageOf("Stalled"), "");
  });

  it("sends no request while nothing changes (CT2), and decides nothing (SLK1)", async () => {
    const cluster = await createCluster();
    const controller = await cluster.start();
    await cluster.create("wc");
    await cluster.whenReady("wc");
    // The looks that its own last writes brought are over when the second poll has come.
    const polls = (count: number): Promise<void> => {
      const from = cluster.jobManagers.callCount;
      return until(() => cluster.jobManagers.callCount >= from + count, `${count} polls`);
    };
    await polls(2);
    const before = cluster.requests;
    await polls(2);
    assert.equal(cluster.requests, before, cluster.writes.slice(-3).join("; "));
    await until(
      async () => /reconcile_seconds_count\{outcome="unchanged"\} [1-9]/.test(await controller.registry.metrics()),
      "a look after which nothing is decided",
    );
  });
});

describe("a snapshot whose StreamJob is not there (RETE3)", () => {
  const snapshot = (name: string, status?: object): StreamJobSnapshot => ({
    apiVersion: STREAM_JOB_API_VERSION,
    kind: "StreamJobSnapshot",
    metadata: { namespace: NAMESPACE, name, finalizers: [CLEANUP_FINALIZER] },
    spec: { jobRef: { name: "never" } },
    ...(status === undefined ? {} : { status }),
  });

  it("goes when it is deleted, whether the controller is there then or comes later, and an Event says where its files are", async () => {
    const cluster = await createCluster();
    const { api } = cluster;
    for (const name of ["before", "after", "empty"]) {
      const made = await api.create("StreamJobSnapshot", snapshot(name));
      const status = { phase: "Completed", location: `memory:///${name}`, observedGeneration: 1 } as const;
      if (name !== "empty") await api.updateStatus("StreamJobSnapshot", { ...made, status });
    }
    await api.delete("StreamJobSnapshot", { namespace: NAMESPACE, name: "before" });
    const controller = await cluster.start();
    await controller.whenSynced();
    await until(async () => !(await namesOf(api, "StreamJobSnapshot")).includes("before"), "the first goes");
    for (const name of ["after", "empty"]) await api.delete("StreamJobSnapshot", { namespace: NAMESPACE, name });
    await until(async () => (await namesOf(api, "StreamJobSnapshot")).length === 0, "all of them go");
    const told = async (): Promise<string[]> =>
      (await api.list("Event")).items
        .filter(({ reason }) => reason === "SavepointKept")
        .map(({ regarding, note }) => `${regarding.kind} ${regarding.name}: ${/memory:\S+(?=:)/.exec(note)?.[0]}`)
        .sort();
    await until(async () => (await told()).length === 2, "Events tell it");
    assert.deepEqual(await told(), [
      "StreamJobSnapshot after: memory:///after",
      "StreamJobSnapshot before: memory:///before",
    ]);
  });

  it("is not let go while there is one, though the cache has not seen it yet (OR1)", async () => {
    const cluster = await createCluster();
    const { api } = cluster;
    await api.create("StreamJobSnapshot", snapshot("snap"));
    let isHidden = true;
    const blind: KubernetesApi = {
      ...api,
      list: async (kind, options) => {
        const page = await api.list(kind, options);
        return kind === "StreamJob" && isHidden ? { ...page, items: [] } : page;
      },
    };
    await cluster.create("never");
    const controller = await cluster.start({ api: noting(blind, "one", cluster) });
    await controller.whenSynced();
    const before = cluster.requests;
    await api.delete("StreamJobSnapshot", { namespace: NAMESPACE, name: "snap" });
    await until(() => cluster.requests >= before + 3, "it asks for the StreamJob");
    assert.deepEqual(await namesOf(api, "StreamJobSnapshot"), ["snap"]);
    isHidden = false;
    await api.delete("StreamJob", { namespace: NAMESPACE, name: "never" });
    await until(async () => (await namesOf(api, "StreamJobSnapshot")).length === 0, "it goes");
  });
});

describe("a poisoned StreamJob (P-33)", () => {
  it("whose JobManager hangs, or answers nonsense, stalls no other", async () => {
    const cluster = await createCluster();
    for (const name of ["hanging-a", "hanging-b", "hanging-c"]) cluster.jobManagers.misbehaviours.set(name, "hangs");
    cluster.jobManagers.misbehaviours.set("refusing", "refused");
    await cluster.start({ workers: 2, jobManagersDeadlineMs: 500 });
    for (const name of ["hanging-a", "hanging-b", "hanging-c", "refusing"]) await cluster.create(name);
    await until(async () => (await namesOf(cluster.api, "Pod")).length === 8, "all of them have pods");
    await cluster.create("wc");
    await cluster.whenReady("wc");
    assert.notEqual((await cluster.status("hanging-a")).phase, "Running");
  });

  it("whose status cannot be read is told to people, kept as it is, and stalls no other", async () => {
    const cluster = await createCluster();
    await cluster.create("broken");
    await cluster.start({ api: noting(withUnreadableStatus(cluster.api, "broken"), "one", cluster) });
    await cluster.create("wc");
    await cluster.whenReady("wc");
    const told = async (): Promise<boolean> => {
      const events = (await cluster.api.list("Event")).items;
      return events.some(({ reason, regarding }) => reason === "ReconcileFailed" && regarding.name === "broken");
    };
    await until(told, "an Event tells it");
    assert.deepEqual(
      cluster.writes.filter((write) => write.endsWith(" broken")),
      [],
    );
  });
});

/** As an operator of another version might have written it; our API server would refuse it. */
function withUnreadableStatus(api: KubernetesApi, name: string): KubernetesApi {
  const poison = <T extends { readonly metadata: { readonly name: string } }>(object: T): T =>
    object.metadata.name === name ? { ...object, status: { incarnations: 7, operation: { step: "Dancing" } } } : object;
  return {
    ...api,
    list: async (kind, options) => {
      const page = await api.list(kind, options);
      return kind === "StreamJob" ? { ...page, items: page.items.map(poison) } : page;
    },
    watch: (kind, options, onEvent) =>
      api.watch(kind, options, (event) =>
        onEvent(event.type === "BOOKMARK" || kind !== "StreamJob" ? event : { ...event, object: poison(event.object) }),
      ),
  };
}

describe("two controllers", () => {
  const election = {
    lease: { namespace: NAMESPACE, name: "operator" },
    leaseDurationMs: 1500,
    renewDeadlineMs: 1000,
    retryPeriodMs: 100,
  };

  it("one leads and works, the other waits; when the first stops the other goes on with its jobs", async () => {
    const cluster = await createCluster();
    const first = await cluster.start({ identity: "first", election });
    await first.whenSynced();
    const second = await cluster.start({ identity: "second", election, endpoints: { port: 0 } });
    await cluster.create("wc");
    await cluster.whenReady("wc");
    assert.deepEqual([first.isLeading, second.isLeading], [true, false]);
    assert.equal(second.readiness().isGood, true);
    assert.deepEqual(
      cluster.writes.filter((write) => write.startsWith("second")),
      [],
    );
    await first.stop();
    const afterStop = cluster.writes.filter((write) => write.startsWith("first")).length;
    await cluster.api.patch("StreamJob", { namespace: NAMESPACE, name: "wc" }, { spec: { job: { args: ["--new"] } } });
    await cluster.whenReady("wc", 2);
    assert.equal(second.isLeading, true);
    assert.equal(cluster.writes.filter((write) => write.startsWith("first")).length, afterStop);
    assert.deepEqual(cluster.jobManagers.calls, ["activate wc-1", "savepoint wc-1", "activate wc-2"]);
  });

  it("the lease taken from it by force, the first writes nothing more, and stands again", async () => {
    const cluster = await createCluster();
    const controller = await cluster.start({ identity: "first", election });
    await controller.whenSynced();
    await cluster.create("wc");
    await cluster.whenReady("wc");
    const { lease } = election;
    await until(async () => {
      const held = await cluster.api.get("Lease", lease);
      if (held === null) return false;
      const spec = { ...held.spec, holderIdentity: "thief", leaseDurationSeconds: 2 };
      return cluster.api.update("Lease", { ...held, spec }).then(
        () => true,
        () => false,
      );
    }, "the lease is stolen");
    await until(() => !controller.isLeading, "the first notices");
    const before = cluster.writes.filter((write) => !write.includes("Lease")).length;
    await cluster.create("late");
    await until(() => controller.isLeading, "the thief's time is over");
    assert.equal(cluster.writes.filter((write) => !write.includes("Lease") && !write.includes("late")).length, before);
    await cluster.whenReady("late");
  });
});

describe("stopping", () => {
  it("waits for the write that was sent, and lets none follow", async () => {
    const cluster = await createCluster();
    const hold = Promise.withResolvers<void>();
    let isSent = false;
    const slow: KubernetesApi = {
      ...cluster.api,
      updateStatus: async (kind, object, options) => {
        isSent = true;
        await hold.promise;
        return cluster.api.updateStatus(kind, object, options);
      },
    };
    const controller = await cluster.start({ api: noting(slow, "one", cluster) });
    await controller.whenSynced();
    await cluster.create("wc");
    await until(() => isSent, "it writes");
    let hasStopped = false;
    const stopped = controller.stop().then(() => {
      hasStopped = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(hasStopped, false);
    hold.resolve();
    await stopped;
    assert.deepEqual(
      cluster.writes.filter((write) => !write.includes("Event")),
      ["one: updateStatus StreamJob wc"],
    );
    assert.equal((await cluster.status("wc")).phase, "Deploying");
  });

  it("ends without waiting for a JobManager and an API server that hang, and writes nothing after", async () => {
    const cluster = await createCluster();
    cluster.jobManagers.misbehaviours.set("wc", "hangs");
    let hanging: "no" | "wanted" | "yes" = "no";
    let ended: unknown = null;
    const api: KubernetesApi = {
      ...cluster.api,
      updateStatus: (kind, object, options) => {
        if (hanging === "no") return cluster.api.updateStatus(kind, object, options);
        hanging = "yes";
        options?.signal?.addEventListener("abort", () => (ended = options.signal?.reason));
        return new Promise(() => {});
      },
    };
    const controller = await cluster.start({ api: noting(api, "one", cluster) });
    await controller.whenSynced();
    await cluster.create("wc");
    await until(async () => (await namesOf(cluster.api, "Pod")).length === 2, "it has pods");
    hanging = "wanted";
    await cluster.create("other");
    await until(() => hanging === "yes", "a write hangs");
    await controller.stop();
    assert.match(String(ended), /the operator is stopping/, "it was waited for until its timeout");
    const { length } = cluster.writes;
    await cluster.create("late");
    await cluster.api.patch("StreamJob", { namespace: NAMESPACE, name: "wc" }, { spec: { parallelism: 2 } });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(cluster.writes.length, length);
  });

  it("before the first list has come rejects those who wait for it", async () => {
    const cluster = await createCluster();
    const controller = await cluster.start({ api: { ...cluster.api, list: () => new Promise(() => {}) } });
    assert.match(controller.readiness().reason, /waiting for the first list of StreamJob, /);
    const waiting = assert.rejects(controller.whenSynced(), /was stopped/);
    await controller.stop();
    await waiting;
  });
});

describe("metrics and health", () => {
  it("are served by HTTP", async () => {
    const cluster = await createCluster();
    const controller = await cluster.start({ endpoints: { port: 0 } });
    await cluster.create("wc");
    await cluster.whenReady("wc");
    const get = async (path: string, method = "GET"): Promise<[number, string]> => {
      const response = await fetch(`http://127.0.0.1:${controller.port}${path}`, { method });
      return [response.status, await response.text()];
    };
    assert.deepEqual(await get("/healthz"), [200, "ok\n"]);
    assert.deepEqual(await get("/readyz"), [200, "leading\n"]);
    assert.equal((await get("/metrics", "POST"))[0], 405);
    assert.equal((await get("/elsewhere"))[0], 404);
    const [status, text] = await get("/metrics");
    assert.equal(status, 200);
    for (const line of [
      /^streamjob_operator_jobs\{phase="Running"\} 1$/m,
      /^streamjob_operator_leader 1$/m,
      /^streamjob_operator_queue_depth 0$/m,
      /^streamjob_operator_reconcile_seconds_count\{outcome="done"\} [1-9]/m,
      /^streamjob_operator_actions_total\{action="activate",outcome="done"\} 1$/m,
      /^streamjob_operator_api_requests_total\{verb="updateStatus",kind="StreamJob",outcome="ok"\} [1-9]/m,
      /^streamjob_operator_jobmanager_calls_total\{call="activate",outcome="answer"\} 1$/m,
      /^streamjob_operator_operation_seconds_count\{kind="deploy"\} 1$/m,
    ]) {
      assert.match(text, line);
    }
  });

  it("a port that is taken is an error that says which", async () => {
    const cluster = await createCluster();
    const first = await cluster.start({ endpoints: { port: 0 } });
    const port = first.port ?? 0;
    await assert.rejects(cluster.start({ endpoints: { port } }), new RegExp(`port ${port} .*taken`));
  });
});
