import assert from "node:assert/strict";
import test from "node:test";
import { type StreamJob, type StreamJobSpec, withDefaults } from "../../crds/index.ts";
import { largePodConfigSchema, podConfigSchema } from "../../contract/index.ts";
import type { IncarnationChildren } from "../engine/index.ts";
import { incarnationChildren } from "./incarnation-children.ts";
import { nativeEngine } from "./native-engine.ts";

const CONFIG_MAP = "wc-3-c0ffee00";
const small: StreamJobSpec = { job: { module: "/job.ts" } };

const jobOf = (spec: StreamJobSpec): StreamJob => ({
  apiVersion: "streamjob.dev/v1alpha1",
  kind: "StreamJob",
  metadata: { name: "wc", namespace: "apps", uid: "u1" },
  spec,
});

function childrenOf(more: Partial<StreamJobSpec> = {}): IncarnationChildren {
  const job = jobOf({ ...small, ...more });
  return incarnationChildren({
    job,
    number: 3,
    spec: withDefaults(job.spec),
    jobId: "ab".repeat(16),
    storeUri: "/state/apps/ab",
    savepointDirectory: "/state/apps/savepoints/wc-u1",
    configMapName: CONFIG_MAP,
    defaultImage: "streamjob:1",
  });
}

const owner = {
  apiVersion: "streamjob.dev/v1alpha1",
  kind: "StreamJob",
  name: "wc",
  uid: "u1",
  controller: true,
  blockOwnerDeletion: true,
};
const labels = {
  "app.kubernetes.io/name": "streamjob",
  "app.kubernetes.io/instance": "wc",
  "app.kubernetes.io/managed-by": "streamjob-operator",
  "streamjob.dev/job": "wc",
  "streamjob.dev/incarnation": "3",
};
const config = {
  name: "STREAMJOB_CONFIG",
  valueFrom: { configMapKeyRef: { name: CONFIG_MAP, key: "config.json" } },
};
const restricted = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};
const ask = (path: string) => ({ httpGet: { path, port: "metrics" } });
const probes = {
  startupProbe: { ...ask("/livez"), periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 300 },
  livenessProbe: { ...ask("/livez"), periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 18 },
  readinessProbe: { ...ask("/readyz"), periodSeconds: 5, timeoutSeconds: 5 },
};
const tmpMount = { name: "streamjob-tmp", mountPath: "/tmp" };
const tmpVolume = { name: "streamjob-tmp", emptyDir: {} };
const podName = { name: "STREAMJOB_POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } };

test("golden: the JobManager's StatefulSet", () => {
  const selected = { ...labels, "app.kubernetes.io/component": "jobmanager" };
  assert.deepEqual(childrenOf().jobManagerSet, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "wc-3-jobmanager", namespace: "apps", labels: selected, ownerReferences: [owner] },
    spec: {
      replicas: 1,
      serviceName: "wc-3",
      podManagementPolicy: "Parallel",
      selector: { matchLabels: selected },
      updateStrategy: { type: "OnDelete" },
      template: {
        metadata: { labels: selected },
        spec: {
          automountServiceAccountToken: false,
          affinity: {
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                {
                  weight: 100,
                  podAffinityTerm: {
                    topologyKey: "kubernetes.io/hostname",
                    labelSelector: {
                      matchLabels: { "streamjob.dev/job": "wc", "app.kubernetes.io/component": "jobmanager" },
                    },
                  },
                },
              ],
            },
          },
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 60,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          volumes: [tmpVolume],
          containers: [
            {
              name: "jobmanager",
              image: "streamjob:1",
              args: ["jobmanager"],
              terminationMessagePolicy: "FallbackToLogsOnError",
              securityContext: restricted,
              ...probes,
              volumeMounts: [tmpMount],
              env: [
                config,
                podName,
                { name: "STREAMJOB_RPC_LISTEN", value: "0.0.0.0:6123" },
                { name: "STREAMJOB_REST_LISTEN", value: "0.0.0.0:8081" },
                { name: "STREAMJOB_LOG_FACTS", value: '{"namespace":"apps","job":"apps/wc","incarnation":3}' },
                { name: "STREAMJOB_METRICS_LISTEN", value: "0.0.0.0:9249" },
                { name: "STREAMJOB_GRACE_SECONDS", value: "60" },
              ],
              ports: [
                { name: "rpc", containerPort: 6123 },
                { name: "rest", containerPort: 8081 },
                { name: "metrics", containerPort: 9249 },
              ],
            },
          ],
        },
      },
    },
  });
});

test("golden: a TaskManager's container, with the job of a ConfigMap, an environment and resources", () => {
  const { taskManagerSet } = childrenOf({
    image: "mine:2",
    imagePullPolicy: "Always",
    job: { configMap: { name: "code", key: "job.ts" }, env: [{ name: "LEVEL", value: "debug" }] },
    taskManager: { replicas: 2, slots: 3, resources: { limits: { cpu: "1" } } },
  });
  assert.equal(taskManagerSet.spec.replicas, 2);
  assert.deepEqual(taskManagerSet.spec.template.spec.volumes, [
    { name: "job", configMap: { name: CONFIG_MAP } },
    tmpVolume,
  ]);
  assert.deepEqual(taskManagerSet.spec.template.spec.containers, [
    {
      name: "taskmanager",
      image: "mine:2",
      imagePullPolicy: "Always",
      args: ["taskmanager"],
      terminationMessagePolicy: "FallbackToLogsOnError",
      securityContext: restricted,
      ...probes,
      env: [
        { name: "LEVEL", value: "debug" },
        {
          name: "STREAMJOB_CONFIG",
          valueFrom: { configMapKeyRef: { name: CONFIG_MAP, key: "streamjob-config.json" } },
        },
        podName,
        { name: "STREAMJOB_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "STREAMJOB_JOBMANAGER", value: "wc-3-jobmanager-0.wc-3.apps.svc:6123" },
        { name: "STREAMJOB_LOG_FACTS", value: '{"namespace":"apps","job":"apps/wc","incarnation":3}' },
        { name: "STREAMJOB_METRICS_LISTEN", value: "0.0.0.0:9249" },
        { name: "STREAMJOB_GRACE_SECONDS", value: "60" },
      ],
      ports: [{ name: "metrics", containerPort: 9249 }],
      resources: { limits: { cpu: "1" } },
      volumeMounts: [{ name: "job", mountPath: "/opt/streamjob/job", readOnly: true }, tmpMount],
    },
  ]);
});

test("SEC-11 the places that an operator restricts savepoints to reach the pods, and nothing does when it restricts none", () => {
  const job = jobOf(small);
  const input = {
    job,
    number: 3,
    spec: withDefaults(job.spec),
    jobId: "ab".repeat(16),
    storeUri: "/state/apps/ab",
    savepointDirectory: "/state/apps/savepoints/wc-u1",
    configMapName: CONFIG_MAP,
    defaultImage: "streamjob:1",
  };
  const configOf = (more: object): object =>
    podConfigSchema.parse(JSON.parse(incarnationChildren({ ...input, ...more }).configMap.data?.["config.json"] ?? ""));
  assert.ok(!("savepointPrefixes" in configOf({})));
  const savepointPrefixes = ["/state/apps/savepoints", "s3://bucket/saves"];
  assert.deepEqual(configOf({ savepointPrefixes }), { ...configOf({}), savepointPrefixes });
});

test("PCN2 a pod's process knows the grace that the pod has, also when a user's template sets it", () => {
  const { taskManagerSet } = childrenOf({
    taskManager: { podTemplate: { spec: { terminationGracePeriodSeconds: 600 } } },
  });
  const { spec } = taskManagerSet.spec.template;
  assert.equal(spec.terminationGracePeriodSeconds, 600);
  const variable = spec.containers[0]?.env?.find(({ name }) => name === "STREAMJOB_GRACE_SECONDS");
  assert.equal(variable?.value, "600");
});

test("PG1 arguments that are too large for a variable come in a file that the pods mount, and no variable is near the limit", () => {
  const args = Array.from({ length: 200 }, () => "€".repeat(1000));
  const { configMap, jobManagerSet, taskManagerSet } = childrenOf({ job: { module: "/job.ts", args } });
  const read = podConfigSchema.parse(JSON.parse(configMap.data?.["config.json"] ?? ""));
  assert.deepEqual([read.args, read.options, read.storeUri], [[], {}, "/state/apps/ab"]);
  const large = largePodConfigSchema.parse(JSON.parse(configMap.data?.["large.json"] ?? ""));
  assert.deepEqual(large.args, args);
  assert.equal(large.options["execution.checkpointing.interval"], "10000 ms");
  for (const { spec } of [jobManagerSet, taskManagerSet]) {
    const [container] = spec.template.spec.containers;
    assert.deepEqual(spec.template.spec.volumes, [
      { name: "streamjob-config", configMap: { name: CONFIG_MAP } },
      tmpVolume,
    ]);
    assert.deepEqual(container?.volumeMounts, [
      { name: "streamjob-config", mountPath: "/etc/streamjob/config", readOnly: true },
      tmpMount,
    ]);
    const variable = container?.env?.find(({ name }) => name === "STREAMJOB_LARGE_CONFIG");
    assert.equal(variable?.value, "/etc/streamjob/config/large.json");
  }
  // The largest that stays in the variable.
  const most = childrenOf({ job: { module: "/job.ts", args: Array.from({ length: 38 }, () => "€".repeat(1000)) } });
  assert.deepEqual(Object.keys(most.configMap.data ?? {}), ["config.json"]);
  assert.ok(Buffer.byteLength(most.configMap.data?.["config.json"] ?? "") < 128 * 1024);
});

test("golden: ConfigMap and headless Service; the configuration is one that a pod's program reads", () => {
  const { configMap, service } = childrenOf({ parallelism: 4, taskManager: { replicas: 2 }, config: { "a.b": "c" } });
  assert.deepEqual(configMap.metadata, { name: CONFIG_MAP, namespace: "apps", labels, ownerReferences: [owner] });
  assert.equal(configMap.immutable, true);
  const read = podConfigSchema.parse(JSON.parse(configMap.data?.["config.json"] ?? ""));
  assert.equal(read.options["a.b"], "c");
  assert.equal(read.options["execution.checkpointing.interval"], "10000 ms");
  const { options: _, ...rest } = read;
  assert.deepEqual(rest, {
    version: 1,
    jobId: "ab".repeat(16),
    jobName: "wc",
    program: { kind: "module", path: "/job.ts" },
    args: [],
    storeUri: "/state/apps/ab",
    savepointDirectory: "/state/apps/savepoints/wc-u1",
    parallelism: 4,
    maxParallelism: null,
    taskManagers: 2,
    slots: 2,
  });
  assert.deepEqual(service.spec, {
    clusterIP: "None",
    publishNotReadyAddresses: true,
    selector: { ...labels, "app.kubernetes.io/component": "jobmanager" },
    ports: [
      { name: "rpc", port: 6123, targetPort: 6123 },
      { name: "rest", port: 8081, targetPort: 8081 },
    ],
  });
});

test("INC1: the same input makes the same objects, byte for byte", () => {
  assert.equal(JSON.stringify(childrenOf()), JSON.stringify(childrenOf()));
});

test("PTM4: TaskManagers are spread over nodes and zones where that is possible; a template changes it, or takes it away", () => {
  const constraintsOf = (podSpec: Readonly<Record<string, unknown>>): unknown => {
    const podTemplate = { spec: podSpec };
    return childrenOf({ taskManager: { podTemplate } }).taskManagerSet.spec.template.spec.topologySpreadConstraints;
  };
  const matchLabels = { ...labels, "app.kubernetes.io/component": "taskmanager" };
  const wish = { maxSkew: 1, whenUnsatisfiable: "ScheduleAnyway", labelSelector: { matchLabels } };
  const node = { topologyKey: "kubernetes.io/hostname", ...wish };
  const zone = { topologyKey: "topology.kubernetes.io/zone", ...wish };
  assert.deepEqual(constraintsOf({}), [node, zone]);
  const strict = { topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "DoNotSchedule" };
  assert.deepEqual(constraintsOf({ topologySpreadConstraints: [strict] }), [node, { ...zone, ...strict }]);
  assert.equal(constraintsOf({ topologySpreadConstraints: null }), undefined);
});

for (const [kind, file, text] of [
  ["inline", "job.ts", 'import { job } from "streamjob";\nexport default job(() => {});\n'],
  ["sql", "job.sql", "INSERT INTO totals SELECT user_id, SUM(amount) FROM orders GROUP BY user_id;\n"],
] as const)
  test(`PGF1 the text of a job is in the ConfigMap of its incarnation, and its pods mount it and nothing else of it: ${kind}`, () => {
    const { configMap, jobManagerSet, taskManagerSet } = childrenOf({ job: { [kind]: text } });
    assert.equal(configMap.data?.[file], text);
    assert.equal(configMap.immutable, true);
    const { program } = podConfigSchema.parse(JSON.parse(configMap.data?.["config.json"] ?? ""));
    assert.deepEqual(program, { kind, path: `/opt/streamjob/job/${file}` });
    for (const { spec } of [jobManagerSet.spec.template, taskManagerSet.spec.template]) {
      const items = [{ key: file, path: file }];
      const volume = spec.volumes?.find(({ name }) => name === "job");
      assert.deepEqual(volume, { name: "job", configMap: { name: CONFIG_MAP, items } });
      const mount = { name: "job", mountPath: "/opt/streamjob/job", readOnly: true };
      assert.deepEqual(
        spec.containers[0]?.volumeMounts?.find(({ name }) => name === "job"),
        mount,
      );
    }
  });

test("PGF2 beside files of a user's ConfigMap the configuration has names of its own, and what it says is read there", () => {
  const { configMap, filesOf } = childrenOf({ job: { configMap: { name: "code", key: "job.ts" } } });
  assert.deepEqual(filesOf, { configMap: "code", keys: null });
  assert.deepEqual(Object.keys(configMap.data ?? {}), ["streamjob-config.json"]);
  const data = { ...configMap.data, "config.json": '{ "storeUri": "file:///theirs" }', "job.ts": "" };
  assert.equal(nativeEngine.storeUriIn({ ...configMap, data }), "/state/apps/ab");
  for (const job of [{ module: "/job.ts" }, { inline: "export {};" }])
    assert.equal(nativeEngine.storeUriIn(childrenOf({ job }).configMap), "/state/apps/ab");
  assert.equal(childrenOf().filesOf, null);
});

test("PGF1 of a ConfigMap with items only those are copied, and they lie where the items say", () => {
  const items = [
    { key: "job", path: "job.ts" },
    { key: "parse", path: "lib/parse.ts" },
  ];
  const children = childrenOf({ job: { configMap: { name: "code", key: "job", items } } });
  assert.deepEqual(children.filesOf, { configMap: "code", keys: ["job", "parse"] });
  for (const { spec } of [children.jobManagerSet.spec.template, children.taskManagerSet.spec.template]) {
    const volume = spec.volumes?.find(({ name }) => name === "job");
    assert.deepEqual(volume, { name: "job", configMap: { name: CONFIG_MAP, items } });
  }
  const config = JSON.parse(children.configMap.data?.["streamjob-config.json"] ?? "") as { program: object };
  const path = "/opt/streamjob/job/job.ts";
  assert.deepEqual(config.program, { kind: "configMap", name: "code", key: "job", path });
});
