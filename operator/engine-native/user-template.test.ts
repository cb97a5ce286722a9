import assert from "node:assert/strict";
import test from "node:test";
import { parse } from "yaml";
import { type PodTemplate as UserTemplate, withDefaults } from "../../crds/index.ts";
import type { Container, PodTemplate } from "../kubernetes/api/index.ts";
import { incarnationChildren } from "./incarnation-children.ts";

/** The TaskManager's template with what a user wrote. */
function merged(yaml: string, configMap = false): PodTemplate {
  const podTemplate = parse(yaml) as UserTemplate;
  const job = configMap ? { configMap: { name: "code", key: "job.ts" } } : { module: "/job.ts" };
  const spec = { job, taskManager: { podTemplate, resources: { limits: { memory: "1Gi" } } } };
  return incarnationChildren({
    job: {
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: "wc", namespace: "apps", uid: "u" },
      spec,
    },
    number: 3,
    spec: withDefaults(spec),
    jobId: "ab".repeat(16),
    storeUri: "/state",
    savepointDirectory: "/state/savepoints",
    configMapName: "wc-3-c0ffee00",
    defaultImage: "streamjob:1",
  }).taskManagerSet.spec.template;
}

const plain = merged("{}");
const ours = (template: PodTemplate): Container => template.spec.containers[0] as Container;

test("UTP1: what the pods cannot do without stays, whatever a template says", () => {
  const template = merged(`
    metadata: {labels: {team: a, streamjob.dev/incarnation: "99"}, annotations: {note: b}}
    spec:
      automountServiceAccountToken: true
      containers:
      - name: taskmanager
        image: evil:1
        args: [other]
        resources: {limits: {memory: 9Gi, cpu: 2}}
        env:
        - {name: MORE, value: "1"}
        - {name: STREAMJOB_CONFIG, value: "{}"}
    `);
  assert.deepEqual(template.metadata, {
    labels: { team: "a", ...plain.metadata?.labels },
    annotations: { note: "b" },
  });
  const { image, args, env, resources } = ours(template);
  assert.deepEqual([image, args], ["streamjob:1", ["taskmanager"]]);
  assert.deepEqual(resources, { limits: { memory: "1Gi", cpu: 2 } });
  const withMore = [...(ours(plain).env ?? []), { name: "MORE", value: "1" }];
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  assert.deepEqual(env?.toSorted(byName), withMore.toSorted(byName));
  assert.equal(template.spec.automountServiceAccountToken, false);
});

test("UTP1: the defaults are a template's to change", () => {
  const { spec } = merged(`
    spec:
      terminationGracePeriodSeconds: 60
      enableServiceLinks: true
      nodeSelector: {disk: ssd}
      securityContext: {runAsUser: 4711}
      containers:
      - name: taskmanager
        securityContext: {readOnlyRootFilesystem: false, capabilities: {add: [NET_BIND_SERVICE]}}
    `);
  assert.equal(spec.terminationGracePeriodSeconds, 60);
  assert.equal(spec.enableServiceLinks, true);
  assert.deepEqual((spec as { nodeSelector?: object }).nodeSelector, { disk: "ssd" });
  assert.deepEqual(spec.securityContext, {
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
    runAsUser: 4711,
  });
  assert.deepEqual(spec.containers[0]?.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: false,
    capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
  });
});

test("UTP2: our container is the first, and sidecars come after it", () => {
  const { spec } = merged("spec: {containers: [{name: side, image: 'side:1'}, {name: taskmanager, tty: true}]}");
  assert.deepEqual(
    spec.containers.map(({ name }) => name),
    ["taskmanager", "side"],
  );
  assert.equal((spec.containers[0] as { tty?: boolean }).tty, true);
});

test("UTP3: a volume has one source: a template's takes the place of the default one, and ours of a template's", () => {
  const { spec } = merged(
    `
    spec:
      volumes:
      - {name: streamjob-tmp, persistentVolumeClaim: {claimName: scratch}}
      - {name: job, emptyDir: {}}
      - {name: more, emptyDir: {medium: Memory}}
      containers:
      - name: taskmanager
        volumeMounts: [{name: more, mountPath: /tmp, subPath: t}, {name: more, mountPath: /opt/streamjob/job}]
    `,
    true,
  );
  const volumes = new Map(spec.volumes?.map(({ name, ...source }) => [name, source]));
  assert.deepEqual(Object.fromEntries(volumes), {
    "streamjob-tmp": { persistentVolumeClaim: { claimName: "scratch" } },
    job: { configMap: { name: "wc-3-c0ffee00" } },
    more: { emptyDir: { medium: "Memory" } },
  });
  const mounts = new Map(spec.containers[0]?.volumeMounts?.map((mount) => [mount.mountPath, mount]));
  assert.deepEqual(mounts.get("/tmp"), { name: "more", mountPath: "/tmp", subPath: "t" });
  assert.deepEqual(mounts.get("/opt/streamjob/job"), { name: "job", mountPath: "/opt/streamjob/job", readOnly: true });
});

test("a template's claim is written to by a process that is not root, unless the template chooses its group", () => {
  const claim = "volumes: [{name: store, persistentVolumeClaim: {claimName: c}}]";
  const group = (yaml: string): unknown => (merged(yaml).spec.securityContext as { fsGroup?: number }).fsGroup;
  assert.equal(group(`spec: {${claim}}`), 65_532);
  assert.equal(group(`spec: {${claim}, securityContext: {fsGroup: 5}}`), 5);
  assert.equal(group(`spec: {${claim}, securityContext: {fsGroup: null}}`), undefined);
  assert.equal(group("spec: {volumes: [{name: a, emptyDir: {}}]}"), undefined);
});

test("what a template takes away is gone, as far as it is a default", () => {
  const { spec } = merged(`
    spec:
      containers:
      - name: taskmanager
        securityContext: {$patch: replace, runAsUser: 1}
        volumeMounts: [{name: streamjob-tmp, mountPath: /tmp, $patch: delete}]
      volumes: [{name: streamjob-tmp, $patch: delete}]
    `);
  assert.deepEqual(spec.containers[0]?.securityContext, { runAsUser: 1 });
  assert.deepEqual([spec.volumes, spec.containers[0]?.volumeMounts], [[], []]);
});

test("a template that takes our container away does not get it", () => {
  const { containers } = merged("spec: {containers: [{name: taskmanager, $patch: delete}]}").spec;
  assert.equal(containers[0]?.name, "taskmanager");
  assert.equal(containers[0]?.image, "streamjob:1");
});
