import assert from "node:assert/strict";
import test from "node:test";
import { storageTaskSchema } from "../../contract/index.ts";
import { type StreamJobSpec, withDefaults } from "../../crds/index.ts";
import { storagePod } from "./storage-pod.ts";

const podFor = (spec: StreamJobSpec) =>
  storagePod({
    job: {
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: "wc", namespace: "apps", uid: "u1" },
      spec,
    },
    spec: withDefaults(spec),
    defaultImage: "streamjob:1",
    name: "wc-storage-abc",
    task: { kind: "dispose", location: "s3://bucket/sp" },
  });

const user: StreamJobSpec = {
  image: "words:2",
  serviceAccountName: "words",
  job: {
    configMap: { name: "code", key: "job.ts" },
    args: ["--secret-of-the-job"],
    env: [{ name: "HTTPS_PROXY", value: "http://proxy" }],
  },
  config: { "s3.attempts.maximum": "7", "pipeline.max-parallelism": "12" },
  checkpoints: {
    storage: {
      path: "s3://bucket",
      s3: { endpoint: "https://minio", credentials: { secretName: "keys" }, ca: { configMapName: "ca" } },
    },
  },
  jobManager: {
    podTemplate: {
      metadata: { annotations: { "example.org/team": "words" } },
      spec: {
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: "state" } }],
        containers: [
          { name: "jobmanager", volumeMounts: [{ name: "data", mountPath: "/data" }] },
          { name: "sidecar", image: "runs-for-ever" },
        ],
      },
    },
  },
};

test("SPO1 a clean-up pod has the image, account, credentials and volumes of the job's JobManager, and its task", () => {
  const { metadata, spec } = podFor(user);
  assert.deepEqual(metadata.annotations, { "example.org/team": "words" });
  assert.equal(metadata.labels?.["app.kubernetes.io/component"], "storage");
  assert.equal(metadata.labels?.["streamjob.dev/incarnation"], undefined, "it is of no incarnation");
  assert.equal(metadata.ownerReferences?.[0]?.uid, "u1");
  assert.equal(spec.serviceAccountName, "words");
  assert.deepEqual(
    spec.containers.map(({ name }) => name),
    ["storage"],
    "a sidecar would keep it from ending",
  );
  const [container] = spec.containers;
  assert.equal(container?.image, "words:2");
  const env = new Map(container?.env?.map((variable) => [variable.name, variable]));
  assert.equal(env.get("HTTPS_PROXY")?.value, "http://proxy");
  assert.equal(env.get("AWS_ACCESS_KEY_ID")?.valueFrom?.secretKeyRef?.name, "keys");
  assert.equal(env.get("AWS_CA_BUNDLE")?.value, "/etc/streamjob/s3-ca/ca.crt");
  const mounts = container?.volumeMounts?.map(({ name }) => name).toSorted();
  assert.deepEqual(mounts, ["data", "streamjob-s3-ca", "streamjob-tmp"]);
  assert.deepEqual(spec.volumes?.map(({ name }) => name).toSorted(), mounts);
  assert.deepEqual(storageTaskSchema.parse(JSON.parse(env.get("STREAMJOB_STORAGE_TASK")?.value ?? "")), {
    version: 1,
    options: { "s3.endpoint": "https://minio", "s3.attempts.maximum": "7" },
    task: { kind: "dispose", location: "s3://bucket/sp" },
  });
});

test("SPO2 it serves nothing, runs nothing of the job's, and is not started again", () => {
  const { spec } = podFor(user);
  const [container] = spec.containers;
  assert.equal(spec.restartPolicy, "Never");
  assert.deepEqual(container?.args, ["storage"]);
  assert.deepEqual(
    [container?.ports, container?.readinessProbe, container?.livenessProbe],
    [undefined, undefined, undefined],
  );
  assert.doesNotMatch(JSON.stringify(spec), /secret-of-the-job|STREAMJOB_CONFIG|"code"/);
  assert.equal(
    (spec.securityContext as { readonly runAsNonRoot?: boolean }).runAsNonRoot,
    true,
    "restricted, as all pods",
  );
});
