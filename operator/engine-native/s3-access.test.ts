import assert from "node:assert/strict";
import test from "node:test";
import { type StreamJobSpec, validateStreamJob, withDefaults } from "../../crds/index.ts";
import { incarnationChildren } from "./incarnation-children.ts";

const childrenOf = (spec: StreamJobSpec) => {
  const job = {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "wc", namespace: "apps", uid: "u1" },
    spec,
  } as const;
  const validated = validateStreamJob(job);
  assert.equal(validated.kind, "valid", JSON.stringify(validated));
  return incarnationChildren({
    job,
    number: 1,
    spec: withDefaults(spec),
    jobId: "ab".repeat(16),
    storeUri: "s3://bucket/apps/ab",
    savepointDirectory: "s3://bucket/apps/savepoints",
    configMapName: "wc-3-c0ffee00",
    defaultImage: "streamjob:1",
  });
};

const s3 = {
  endpoint: "https://minio.example.com:9000",
  region: "eu-central-1",
  pathStyleAccess: true,
  credentials: { secretName: "wc-s3", secretAccessKey: "password", sessionToken: "token" },
  encryption: { algorithm: "SSE-KMS", key: "arn:key" },
  ca: { configMapName: "our-ca" },
} as const;

test("S3AC1 the pods of a job in S3 get credentials by the kubelet, and all else as options", () => {
  const children = childrenOf({
    job: { module: "/job.ts", env: [{ name: "AWS_ACCESS_KEY_ID", value: "of the job's own" }] },
    checkpoints: { storage: { path: "s3://bucket", s3 } },
  });
  for (const set of [children.jobManagerSet, children.taskManagerSet]) {
    const { spec } = set.spec.template;
    const [container] = spec.containers;
    const aws = (container?.env ?? []).filter(({ name }) => name.startsWith("AWS_"));
    assert.deepEqual(aws, [
      { name: "AWS_ACCESS_KEY_ID", valueFrom: { secretKeyRef: { name: "wc-s3", key: "accessKeyId" } } },
      { name: "AWS_SECRET_ACCESS_KEY", valueFrom: { secretKeyRef: { name: "wc-s3", key: "password" } } },
      { name: "AWS_SESSION_TOKEN", valueFrom: { secretKeyRef: { name: "wc-s3", key: "token" } } },
      { name: "AWS_CA_BUNDLE", value: "/etc/streamjob/s3-ca/ca.crt" },
    ]);
    const ours = (name: string): boolean => name !== "streamjob-tmp";
    assert.deepEqual(
      container?.volumeMounts?.filter(({ name }) => ours(name)),
      [{ name: "streamjob-s3-ca", mountPath: "/etc/streamjob/s3-ca", readOnly: true }],
    );
    assert.deepEqual(
      spec.volumes?.filter(({ name }) => ours(name)),
      [{ name: "streamjob-s3-ca", configMap: { name: "our-ca", items: [{ key: "ca.crt", path: "ca.crt" }] } }],
    );
  }
  const { options } = JSON.parse(children.configMap.data?.["config.json"] ?? "") as {
    readonly options: Record<string, string>;
  };
  const told = Object.entries(options).filter(([name]) => name.startsWith("s3."));
  assert.deepEqual(Object.fromEntries(told), {
    "s3.endpoint": "https://minio.example.com:9000",
    "s3.endpoint.region": "eu-central-1",
    "s3.path.style.access": "true",
    "s3.encryption.algorithm": "SSE-KMS",
    "s3.encryption.key": "arn:key",
  });
});

test("a job that says nothing of S3 has pods as before, with the environment's own way in", () => {
  const { jobManagerSet, configMap } = childrenOf({ job: { module: "/job.ts" } });
  assert.doesNotMatch(JSON.stringify([jobManagerSet, configMap]), /AWS_|"s3\./);
});

test("keys written into a manifest are refused: whoever may read the job could read them", () => {
  const job = { module: "/job.ts" };
  for (const option of ["s3.secret-key", "s3.access.key", "s3.endpoint"]) {
    const validated = validateStreamJob({
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: "wc", namespace: "apps" },
      spec: { job, config: { [option]: "https://x" } },
    });
    assert.equal(validated.kind, "invalid", option);
    assert.match(JSON.stringify(validated), /set the field/);
  }
});
