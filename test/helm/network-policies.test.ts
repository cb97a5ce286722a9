/**
 * SEC-6: the chart's NetworkPolicies, evaluated against the pods that there are: the operator's as the chart makes it, those of jobs as the
 * operator makes them. What is not in the table is denied.
 */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type StreamJob, withDefaults } from "../../crds/index.ts";
import { REST_PORT, RPC_PORT } from "../../operator/engine/index.ts";
import { nativeEngine } from "../../operator/engine-native/index.ts";
import { helm4Binary, testBinary } from "../environment/index.ts";
import { oneOf, renderChart } from "./chart.ts";
import { type Endpoint, mayConnect, type NetworkPolicy } from "./network-policies.ts";

const helm = await testBinary(helm4Binary);
const METRICS_PORT = 9249;
/** Of the operator, for people. */
const PEOPLE_PORT = 8443;
/** A TaskManager chooses its own for records. */
const DATA_PORT = 40_123;
const ports = [REST_PORT, RPC_PORT, METRICS_PORT, PEOPLE_PORT, DATA_PORT];

function podOf(namespace: string, component: "jobManagerSet" | "taskManagerSet"): Endpoint {
  const job: StreamJob = {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "wc", namespace, uid: "u1" },
    spec: { job: { module: "/job.ts" } },
  };
  const children = nativeEngine.children({
    job,
    number: 1,
    spec: withDefaults(job.spec),
    jobId: "ab".repeat(16),
    storeUri: "s3://bucket/streamjob/ab",
    savepointDirectory: "s3://bucket/streamjob/savepoints",
    configMapName: "wc-1-c0ffee00",
    defaultImage: "streamjob:1",
  });
  return { namespace, labels: children[component].spec.template.metadata?.labels ?? {} };
}

const stranger = (namespace: string, labels: Endpoint["labels"] = {}): Endpoint => ({ namespace, labels });

describe("SEC-6: the chart's NetworkPolicies", { skip: helm.skip }, () => {
  let policies: readonly NetworkPolicy[];
  let pods: Readonly<Record<string, Endpoint>>;

  before(async () => {
    const prometheus = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }];
    const people = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "people" } } }];
    const values = {
      storageRoot: "s3://bucket/streamjob",
      watchNamespaces: ["shop", "games"],
      rest: { enabled: true },
      networkPolicy: {
        operator: { metricsFrom: prometheus, restFrom: people },
        jobs: { enabled: true, metricsFrom: prometheus, egress: [{ ports: [{ port: 9000 }] }] },
      },
    };
    const objects = await renderChart(helm.path(), { name: "sj", namespace: "ops", values });
    policies = objects.filter(({ kind }) => kind === "NetworkPolicy") as unknown as readonly NetworkPolicy[];
    const { spec } = oneOf(objects, "Deployment") as unknown as {
      readonly spec: { readonly template: { readonly metadata: { readonly labels: Endpoint["labels"] } } };
    };
    pods = {
      operator: { namespace: "ops", labels: spec.template.metadata.labels },
      jobManager: podOf("shop", "jobManagerSet"),
      taskManager: podOf("shop", "taskManagerSet"),
      otherJobManager: podOf("games", "jobManagerSet"),
      otherTaskManager: podOf("games", "taskManagerSet"),
      neighbour: stranger("shop", { app: "web" }),
      pretender: stranger("default", {
        "app.kubernetes.io/name": "streamjob-operator",
        "app.kubernetes.io/instance": "sj",
      }),
      prometheus: stranger("monitoring"),
      people: stranger("people"),
      store: stranger("minio"),
    };
  });

  it("let through what a job and its operator need, and nothing else", () => {
    const allowed: string[] = [];
    const ours = ["operator", "jobManager", "taskManager"];
    for (const [from, fromPod] of Object.entries(pods)) {
      for (const [to, toPod] of Object.entries(pods)) {
        if (from === to && from !== "taskManager") continue;
        if (!ours.includes(to)) continue;
        const open = ports.filter((port) => mayConnect(policies, fromPod, toPod, port));
        if (open.length > 0) allowed.push(`${from} → ${to}: ${open.join(" ")}`);
      }
    }
    assert.deepEqual(allowed.toSorted(), [
      "operator → jobManager: 8081",
      "people → operator: 8443",
      "prometheus → jobManager: 9249",
      "prometheus → operator: 9249",
      "prometheus → taskManager: 9249",
      "taskManager → jobManager: 6123",
      "taskManager → taskManager: 8081 6123 9249 8443 40123",
    ]);
  });

  it("let jobs out to what egress lists, and nowhere else", () => {
    const { jobManager, taskManager, operator, store } = pods as Record<string, Endpoint>;
    assert.ok(jobManager && taskManager && operator && store);
    for (const pod of [jobManager, taskManager]) {
      assert.equal(mayConnect(policies, pod, store, 9000), true);
      assert.equal(mayConnect(policies, pod, store, 443), false);
      assert.equal(mayConnect(policies, pod, stranger("kube-system"), 53), true);
      assert.equal(mayConnect(policies, pod, stranger("default"), 53), false);
    }
    // The API server has no labels to go by.
    assert.equal(mayConnect(policies, operator, stranger("anywhere"), 6443), true);
    assert.equal(mayConnect(policies, operator, store, 9000), false);
  });
});
