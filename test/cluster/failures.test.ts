/**
 * What tests can do to a cluster: its servers end and come back, a node falls silent or is drained, and in the end nothing is left of it.
 * The cluster here belongs to another process, which is killed.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  type Cluster,
  clusterOf,
  machineSettings,
  type RunningPart,
  skipWithoutCluster,
  untilNothingIsLeft,
} from "../environment/index.ts";
import { requestsOf } from "../kubernetes/audit-log.ts";
import { webPod } from "./pods-on-nodes.ts";
import { until } from "../kubernetes/until.ts";

const skip = await skipWithoutCluster();

type StoredNode = { readonly status: { readonly conditions: readonly { type: string; status: string }[] } };

describe("failures of a cluster", { skip }, () => {
  let owner: ChildProcess;
  let running: Readonly<Record<string, RunningPart>>;
  let cluster: Cluster;
  let settings: Awaited<ReturnType<typeof machineSettings>>;
  let namespace: string;

  const isReady = async (node: string): Promise<boolean> => {
    const { status } = await cluster.get<StoredNode>("node", node);
    return status.conditions.some(({ type, status: is }) => type === "Ready" && is === "True");
  };
  const within = (pod: string, ...command: readonly string[]): Promise<boolean> =>
    cluster.kubectl("exec", "--namespace", namespace, pod, "--", ...command).then(
      () => true,
      () => false,
    );
  /** A container that was started again has no mark: its files are new. */
  const mark = async (pod: string): Promise<void> => assert.ok(await within(pod, "touch", "/tmp/mark"));
  const isMarked = async (pod: string): Promise<boolean> => {
    const args = ["exec", "--namespace", namespace, pod, "--", "ls", "/tmp"];
    return (await cluster.kubectl(...args)).split("\n").includes("mark");
  };
  /** A kubelet or containerd that is back needs a moment to know its pods again. */
  const untilAnswering = (pod: string): Promise<void> =>
    until(`${pod} answers`, () => within(pod, "timeout", "10", "wget", "-qO-", "http://localhost:8080"));

  before(async () => {
    settings = await machineSettings();
    owner = spawn(process.execPath, [fileURLToPath(new URL("./cluster-process.ts", import.meta.url))], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface({ input: owner.stdout as NodeJS.ReadableStream }), "line")) as [string];
    running = JSON.parse(line) as typeof running;
    cluster = await clusterOf(running);
    namespace = await cluster.makeNamespace("failures");
    const image = cluster.busyboxImage;
    await cluster.apply(...["node-a", "node-b"].map((node) => webPod({ name: `on-${node}`, namespace, image, node })));
    await cluster.kubectl("wait", "--namespace", namespace, "--for=condition=Ready", "pods", "--all", "--timeout=120s");
  });
  after(async () => {
    owner.kill("SIGKILL");
  });

  it("a node whose kubelet has stopped is not Ready, its pod lives, and it comes back", async () => {
    await mark("on-node-b");
    await cluster.failures.stop("kubelet-node-b");
    await until("node-b is not Ready", async () => !(await isReady("node-b")));
    assert.ok(await isReady("node-a"));
    await cluster.failures.start("kubelet-node-b");
    await untilAnswering("on-node-b");
    assert.ok(await isMarked("on-node-b"));
  });

  it("a node that is cut off is not Ready, and comes back", async () => {
    await cluster.failures.cutNetwork("node-a");
    await until("node-a is not Ready", async () => !(await isReady("node-a")));
    await cluster.failures.mendNetwork("node-a");
    await until("node-a is Ready", () => isReady("node-a"));
    await untilAnswering("on-node-a");
  });

  it("a node that crashes takes its pods with it, and runs them again once it has booted", async () => {
    await mark("on-node-b");
    await cluster.failures.crashNode("node-b");
    await until("node-b is not Ready", async () => !(await isReady("node-b")));
    await cluster.failures.bootNode("node-b");
    await until("node-b is Ready", () => isReady("node-b"));
    await untilAnswering("on-node-b");
    assert.equal(await isMarked("on-node-b"), false);
  });

  it("the API server and etcd are killed and come back with what they knew", async () => {
    await cluster.failures.stop("kube-apiserver", "SIGKILL");
    await assert.rejects(cluster.kubectl("get", "nodes"));
    await cluster.failures.restart("etcd");
    await cluster.failures.start("kube-apiserver");
    await until("node-a is Ready", () => isReady("node-a"));
    await untilAnswering("on-node-a");
  });

  it("a server that is frozen answers nothing until it is thawed", async () => {
    await cluster.failures.freeze("kube-apiserver");
    await assert.rejects(cluster.kubectl("get", "nodes", "--request-timeout=2s"));
    await cluster.failures.thaw("kube-apiserver");
    await cluster.failures.untilServing("kube-apiserver");
  });

  it("containers live on without containerd, and are known to it when it is back", async () => {
    await mark("on-node-a");
    await cluster.failures.restart("containerd-node-a");
    await untilAnswering("on-node-a");
    assert.ok(await isMarked("on-node-a"));
  });

  it("a node is drained: its pods are evicted, and the audit log says so", async () => {
    await cluster.kubectl("drain", "node-a", "--ignore-daemonsets", "--force", "--timeout=120s");
    const { items } = await cluster.get<{ items: readonly { metadata: { name: string } }[] }>("pods", "-n", namespace);
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["on-node-b"],
    );
    const requests = await requestsOf("admin", cluster.failures.server.auditLogPath);
    assert.ok(
      requests.some(
        ({ verb, subresource, name, code }) =>
          verb === "create" && subresource === "eviction" && name === "on-node-a" && code === 201,
      ),
    );
    await cluster.kubectl("uncordon", "node-a");
  });

  it("nothing of the cluster is left on this machine when who started it is killed, pods running (ESU1, ECM1, ECM2)", async () => {
    owner.kill("SIGKILL");
    await untilNothingIsLeft(running, settings);
  });
});
