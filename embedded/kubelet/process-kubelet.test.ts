import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { isApiError, type LogOptions } from "../../operator/kubernetes/api/index.ts";
import type { ProcessKubeletOptions } from "./process-kubelet.ts";
import { imageTable } from "./programs.ts";
import {
  buildPod,
  buildSet,
  type Cluster,
  containerOf,
  isReady,
  keyOf,
  logWith,
  NAMESPACE,
  patient,
  podWhen,
  script,
  shell,
  startCluster,
  until,
  waitingReason,
} from "./cluster-rig.test-support.ts";

const SERVER = `
const [host, port] = process.env.LISTEN.split(":");
require("node:http").createServer((_, response) => response.end("ok", () => console.log("asked"))).listen(port, host, () => console.log("listening"));
process.stdin.resume().on("end", () => process.exit());
`;

const missingImages = new Set(["wrong"]);
const programs = {
  patient,
  server: script(SERVER),
  environment: shell("env; cat $FILE; echo args $0 $@; echo done; exec sleep 600"),
  crash: shell("echo going down; echo at line 7 >&2; exit 3"),
  nothing: { command: "/no/such/program", args: [] },
};

const output: string[] = [];
let cluster: Cluster;
before(async () => {
  const onOutput: ProcessKubeletOptions["onOutput"] = (pod, stream, piece) =>
    output.push(`${pod.name} ${stream} ${piece.toString()}`);
  const backoff = { firstMs: 60, factor: 2, maxMs: 500, resetAfterMs: 60_000 };
  cluster = await startCluster({ images: imageTable({ programs, missingImages }), backoff, onOutput });
});
after(() => cluster.stop());

test("a StatefulSet's pods run within milliseconds and say so", async () => {
  await cluster.api.create("StatefulSet", buildSet("quick", 2));
  for (const name of ["quick-0", "quick-1"]) {
    const pod = await podWhen(cluster, name, "ready", isReady);
    assert.equal(pod.status?.phase, "Running");
    assert.equal(pod.status.podIP, "127.0.0.1");
    assert.deepEqual(
      pod.status.conditions?.map(({ type, status }) => `${type}=${status}`),
      ["PodScheduled=True", "ContainersReady=True", "Ready=True"],
    );
    assert.equal(containerOf(pod)?.restartCount, 0);
    assert.match(containerOf(pod)?.state?.running?.startedAt ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.notEqual(cluster.kubelet.pidOf(keyOf(name)), null);
  }
  await until(
    "the set's status",
    async () => (await cluster.api.get("StatefulSet", keyOf("quick")))?.status?.readyReplicas === 2,
  );
});

test("a container sees its ConfigMap, its pod, its files and the addresses of others", async () => {
  const data = { config: "from the map: 0.0.0.0:7000", file: "from the volume" };
  await cluster.api.create("ConfigMap", {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: keyOf("settings"),
    data,
  });
  const env = [
    { name: "CONFIG", valueFrom: { configMapKeyRef: { name: "settings", key: "config" } } },
    { name: "OPTIONAL", valueFrom: { configMapKeyRef: { name: "nowhere", key: "k", optional: true } } },
    { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: "COMPONENT", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
    { name: "PEER", value: `other-0.peers.${NAMESPACE}.svc:6123` },
    { name: "BOTH", value: "$(POD) $$(POD) $(UNKNOWN)" },
    { name: "FILE", value: "/opt/files/file" },
  ];
  const container = {
    args: ["environment", "/opt/files/x", "--name=$(POD)"],
    env,
    volumeMounts: [{ name: "files", mountPath: "/opt/files" }],
  };
  const volumes = [{ name: "files", configMap: { name: "settings" } }];
  await cluster.api.create("StatefulSet", buildSet("env", 1, { container, volumes }));
  const log = await logWith(cluster, "env-0", "done");
  const own = await cluster.kubelet.addressOf(NAMESPACE, "env-0.peers", 7000);
  const peer = await cluster.kubelet.addressOf(NAMESPACE, `other-0.peers.${NAMESPACE}.svc`, 6123);
  for (const line of [
    `CONFIG=from the map: ${own}`,
    "POD=env-0",
    "IP=127.0.0.1",
    "COMPONENT=env",
    `PEER=${peer}`,
    "BOTH=env-0 $(POD) $(UNKNOWN)",
    "STREAMJOB_LEASH=stdin",
    "from the volume",
  ]) {
    assert.ok(log.includes(line), `${line} in\n${log}`);
  }
  assert.match(log, /args \/.*\/volumes\/files\/x --name=env-0/);
  assert.doesNotMatch(log, /OPTIONAL/);
  assert.notEqual(own, peer);
});

test("a probed container is ready when it answers, and comes back at once on the same port when it is killed", async () => {
  const container = {
    args: ["server"],
    env: [{ name: "LISTEN", value: "0.0.0.0:8081" }],
    ports: [{ name: "rest", containerPort: 8081 }],
    readinessProbe: { httpGet: { path: "/", port: "rest" }, periodSeconds: 10 },
  };
  await cluster.api.create("StatefulSet", buildSet("web", 1, { container }));
  await cluster.api.create("Service", {
    apiVersion: "v1",
    kind: "Service",
    metadata: keyOf("web-rest"),
    spec: { selector: { app: "web" }, ports: [{ name: "rest", port: 80, targetPort: "rest" }] },
  });
  await podWhen(cluster, "web-0", "ready", isReady);
  const address = await cluster.kubelet.addressOf(NAMESPACE, "web-0.peers", 8081);
  assert.equal(await (await fetch(`http://${address}/`)).text(), "ok");
  const throughService = () => cluster.kubelet.addressOf(NAMESPACE, "web-rest", 80);
  await until("the Service leads there", async () => (await throughService()) === address);

  const pid = cluster.kubelet.pidOf(keyOf("web-0"));
  assert.ok(pid !== null);
  process.kill(pid, "SIGKILL");
  const pod = await podWhen(
    cluster,
    "web-0",
    "ready again",
    (each) => containerOf(each)?.restartCount === 1 && isReady(each),
  );
  assert.equal(containerOf(pod)?.lastState?.terminated?.exitCode, 137);
  assert.equal(await cluster.kubelet.addressOf(NAMESPACE, "web-0.peers", 8081), address);
  assert.equal(await (await fetch(`http://${address}/`)).text(), "ok");
  assert.equal(await cluster.kubelet.addressOf(NAMESPACE, "web-0.peers", 9999), null);
  assert.equal(await cluster.kubelet.addressOf(NAMESPACE, "no-service", 80), null);
});

test("a container that crashes is started again, later and later, and says why", async () => {
  await cluster.api.create("Pod", buildPod({ name: "crashing", program: "crash" }));
  const pod = await podWhen(
    cluster,
    "crashing",
    "third restart",
    (each) => waitingReason(each) === "CrashLoopBackOff" && (containerOf(each)?.restartCount ?? 0) >= 3,
  );
  assert.equal(pod.status?.phase, "Running");
  assert.ok(!isReady(pod));
  assert.deepEqual(
    { ...containerOf(pod)?.lastState?.terminated, finishedAt: "" },
    { exitCode: 3, reason: "Error", message: "going down\nat line 7", finishedAt: "" },
  );
  assert.match(containerOf(pod)?.state?.waiting?.message ?? "", /exit code 3/);
  // It is started again meanwhile: a new instance has written nothing yet, and for a moment there is none before it.
  const log = async (options: LogOptions): Promise<string | null> => {
    try {
      return await cluster.api.logs(keyOf("crashing"), options);
    } catch (error) {
      if (isApiError(error, "BadRequest")) return null;
      throw error;
    }
  };
  await until("the previous log", async () => (await log({ previous: true })) === "going down\nat line 7\n");
  await until("the end of the log", async () => (await log({ tailLines: 1 })) === "at line 7\n");
  assert.ok(output.includes("crashing stdout going down\n") && output.includes("crashing stderr at line 7\n"));
});

test("an image that is not there is said so, and is found when it comes", async () => {
  await cluster.api.create("Pod", buildPod({ name: "imageless", container: { image: "wrong" } }));
  await podWhen(cluster, "imageless", "ErrImagePull", (pod) => waitingReason(pod) === "ErrImagePull");
  const pod = await podWhen(cluster, "imageless", "back-off", (each) => waitingReason(each) === "ImagePullBackOff");
  assert.equal(pod.status?.phase, "Pending");
  assert.match(containerOf(pod)?.state?.waiting?.message ?? "", /image "wrong" is not known/);
  missingImages.delete("wrong");
  assert.equal(containerOf(await podWhen(cluster, "imageless", "ready", isReady))?.restartCount, 0);
});

for (const [what, options, reason, message] of [
  [
    "a program that is not there",
    { program: "nothing" },
    "CreateContainerError",
    /\/no\/such\/program cannot be started/,
  ],
  [
    "an unknown program",
    { program: "other" },
    "CreateContainerError",
    /first argument is "other".*has patient, server/,
  ],
  [
    "an environment that is too large",
    { container: { env: [{ name: "X", value: "x".repeat(200_000) }] } },
    "CreateContainerError",
    /E2BIG/,
  ],
  [
    "a secret",
    { container: { env: [{ name: "KEY", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] } },
    "CreateContainerConfigError",
    /variable KEY is of secret "s"/,
  ],
  [
    "two containers",
    {
      containers: [
        { name: "a", image: "v1" },
        { name: "b", image: "v1" },
      ],
    },
    "CreateContainerConfigError",
    /pods of one container; this one has 2/,
  ],
  ["a command", { container: { command: ["sh"] } }, "CreateContainerConfigError", /`command` cannot be given/],
] as const) {
  test(`what cannot run is refused with its reason: ${what}`, async () => {
    const name = `refused-${what.replace(/\W+/g, "-")}`;
    await cluster.api.create("Pod", buildPod({ name, ...options }));
    const pod = await podWhen(cluster, name, reason, (each) => waitingReason(each) === reason);
    assert.equal(pod.status?.phase, "Pending");
    assert.match(pod.status.message ?? "", message);
    await cluster.api.delete("Pod", keyOf(name));
    await until("it goes all the same", async () => (await cluster.api.get("Pod", keyOf(name))) === null);
  });
}

test("a missing ConfigMap is waited for, and a changed one reaches the files", async () => {
  const volumes = [{ name: "files", configMap: { name: "late" } }];
  const container = {
    args: ["environment"],
    env: [{ name: "FILE", value: "/f/text" }],
    volumeMounts: [{ name: "files", mountPath: "/f" }],
  };
  await cluster.api.create("Pod", buildPod({ name: "late", volumes, container }));
  await podWhen(cluster, "late", "waiting", (pod) => waitingReason(pod) === "CreateContainerConfigError");
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: keyOf("late"), data: { text: "first" } } as const;
  await cluster.api.create("ConfigMap", map);
  const log = await logWith(cluster, "late", "done");
  const file = /FILE=(.*)/.exec(log)?.[1] ?? "";
  assert.equal(readFileSync(file, "utf8"), "first");
  await cluster.api.update("ConfigMap", { ...map, data: { text: "second" } });
  await until("the file is the new one", async () => readFileSync(file, "utf8") === "second");
});

test("a liveness probe that fails after a success has the container restarted", async () => {
  const probe = { httpGet: { path: "/", port: 8081 }, periodSeconds: 0.05, timeoutSeconds: 2, failureThreshold: 2 };
  const container = { args: ["server"], env: [{ name: "LISTEN", value: "0.0.0.0:8081" }], livenessProbe: probe };
  await cluster.api.create("Pod", buildPod({ name: "alive", container, terminationGracePeriodSeconds: 0 }));
  // A container that was never good is not called bad, and that it was asked does not tell that its answer came in time. It is
  // asked the third time when the first two answers have come, or have not: both would have to be too late.
  await logWith(cluster, "alive", "asked\nasked\nasked");
  const pid = cluster.kubelet.pidOf(keyOf("alive"));
  assert.ok(pid !== null);
  process.kill(pid, "SIGSTOP");
  await podWhen(cluster, "alive", "restarted", (pod) => (containerOf(pod)?.restartCount ?? 0) >= 1);
});

test("a start and a quiet life cost few writes", async () => {
  const events: string[] = [];
  const watching = new AbortController();
  const { resourceVersion } = await cluster.api.list("Pod");
  void cluster.api.watch("Pod", { resourceVersion, signal: watching.signal }, (event) => {
    if (event.type !== "BOOKMARK" && event.object.metadata.name === "few") events.push(event.type);
  });
  await cluster.api.create("Pod", buildPod({ name: "few" }));
  await podWhen(cluster, "few", "ready", isReady);
  await cluster.api.delete("Pod", keyOf("few"), { gracePeriodSeconds: 1 });
  await until("gone", async () => events.includes("DELETED"));
  watching.abort();
  assert.ok(events.length <= 5, events.join(" "));
});
