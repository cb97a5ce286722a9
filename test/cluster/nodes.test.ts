/** A cluster with two nodes: pods on both, names and Services between them, logs, exec, port-forward, images from a file. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { testCluster } from "../environment/index.ts";
import { webPod, webService } from "./pods-on-nodes.ts";
import { loadableImage } from "./loadable-image.ts";
import { until } from "../kubernetes/until.ts";

const testing = await testCluster();

type NodeList = {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
    readonly spec: { readonly podCIDR?: string };
    readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
  }[];
};
type PodList = { readonly items: readonly { readonly spec: { readonly nodeName: string } }[] };

describe("a cluster with nodes", { skip: testing.skip }, () => {
  const cluster = (): ReturnType<typeof testing.gives> => testing.gives();
  let namespace: string;
  const inNamespace = (...args: readonly string[]): Promise<string> =>
    cluster().kubectl("--namespace", namespace, ...args);
  /** What a pod prints; lines. */
  const within = async (pod: string, script: string): Promise<string[]> =>
    (await inNamespace("exec", pod, "--", "sh", "-c", script)).trim().split("\n");

  before(async () => {
    namespace = await cluster().makeNamespace("nodes");
    const pods = ["web-0", "web-1"].map((name) => webPod({ name, namespace, image: cluster().busyboxImage }));
    // One on each node, whatever the nodes are called.
    const spread = pods.map((pod) => withSpread(pod));
    await cluster().apply(webService(namespace, "web", false), webService(namespace, "web-pods", true), ...spread);
    await inNamespace("wait", "--for=condition=Ready", "pods", "--all", "--timeout=120s");
  });
  after(() => cluster().kubectl("delete", "namespace", namespace, "--wait=false"));

  it("has Ready nodes that say their host name, zone and range of pods", async () => {
    const { items } = await cluster().get<NodeList>("nodes");
    assert.ok(items.length >= 2, `${items.length} nodes`);
    for (const { metadata, status } of items) {
      assert.equal(status.conditions.find(({ type }) => type === "Ready")?.status, "True");
      assert.equal(metadata.labels["kubernetes.io/hostname"], metadata.name);
    }
    if (cluster().access.failures === null) return;
    assert.equal(new Set(items.map(({ metadata }) => metadata.labels["topology.kubernetes.io/zone"])).size, 2);
    assert.equal(new Set(items.map(({ spec }) => spec.podCIDR)).size, 2);
  });

  it("schedules pods onto both nodes", async () => {
    const { items } = await cluster().get<PodList>("pods", "--namespace", namespace, "--selector=app=web");
    assert.equal(new Set(items.map(({ spec }) => spec.nodeName)).size, 2);
  });

  it("resolves names of Services, and a Service leads to pods of both nodes, from each", async () => {
    for (const pod of ["web-0", "web-1"]) {
      await until(`${pod} reaches both by the Service`, async () => {
        const answers = await within(pod, "for i in 1 2 3 4 5 6 7 8; do timeout 10 wget -qO- http://web; done");
        return new Set(answers).size === 2;
      });
    }
  });

  it("resolves a headless Service to the addresses of its pods, which are reached from each node", async () => {
    for (const pod of ["web-0", "web-1"]) {
      const answers = await within(
        pod,
        `for ip in $(nslookup web-pods.${namespace}.svc.cluster.local | grep -o 'Address: .*' | cut -d ' ' -f 2); do
           timeout 10 wget -qO- http://$ip:8080
         done`,
      );
      assert.deepEqual(answers.toSorted(), ["web-0", "web-1"]);
    }
  });

  it("gives pods the API server by its Service", async () => {
    await within("web-0", "nc -w 10 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT </dev/null");
  });

  it("lets pods reach a server of the test, once it is published", { skip: mayReach(testing.skip) }, async () => {
    const server = createServer((_, answer) => answer.end("here")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const relay = await cluster().publish((server.address() as AddressInfo).port);
    try {
      assert.deepEqual(await within("web-1", `timeout 10 wget -qO- http://${relay.address}:${relay.port}`), ["here"]);
    } finally {
      await relay.close();
      server.close();
    }
    await assert.rejects(within("web-1", `timeout 10 wget -qO- http://${relay.address}:${relay.port}`));
  });

  it("gives logs, and forwards a port", async () => {
    assert.match(await inNamespace("logs", "web-1"), /^started$/m);
    const { kubectl, kubeconfig } = cluster().access;
    const args = ["--namespace", namespace, "port-forward", "--address=127.0.0.1", "service/web", ":80"];
    const forwarding = spawn(kubectl, args, {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = (await once(createInterface({ input: forwarding.stdout }), "line")) as [string];
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      const response = await fetch(`http://127.0.0.1:${port}`);
      assert.match(await response.text(), /^web-[01]$/m);
    } finally {
      forwarding.kill();
    }
  });

  it("runs an image that is loaded from a file, on both nodes", { skip: mayLoad(testing.skip) }, async () => {
    const { archivePath, image, remove } = await loadableImage();
    try {
      await cluster().loadImage(archivePath);
    } finally {
      await remove();
    }
    const { items } = await cluster().get<NodeList>("nodes");
    const pods = items.map(({ metadata: { name: node } }) =>
      webPod({ name: `loaded-${node}`, namespace, image, node }),
    );
    await cluster().apply(...pods);
    await inNamespace("wait", "--for=condition=Ready", "pods", "--all", "--timeout=120s");
  });

  function mayLoad(skip: false | string): false | string {
    if (skip !== false) return skip;
    return cluster().access.loadImage === null ? "this cluster takes images from registries only" : false;
  }
  function mayReach(skip: false | string): false | string {
    if (skip !== false) return skip;
    return cluster().access.machineAddress === null ? "pods of this cluster do not reach this machine" : false;
  }
});

function withSpread(pod: object): object {
  const { spec, ...rest } = pod as { readonly spec: object };
  const spread = {
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: { matchLabels: { app: "web" } },
  };
  return { ...rest, spec: { ...spec, topologySpreadConstraints: [spread] } };
}
