/**
 * Owns: a real Kubernetes with two nodes for the upgrade bench: the operator as its chart installs it, the product's image on the
 * nodes, MinIO for checkpoints. It is the one of `npm run env -- up cluster` where that is up, else one that ends with the bench.
 *
 * CLS1 Images are on the nodes before anything is measured: pulling them is no part of an upgrade's downtime, but of its start.
 * CLS2 What was installed is taken away again, also of a cluster that stands.
 */
import type { S3Client } from "@aws-sdk/client-s3";
import { connectKubernetes } from "../../operator/kubernetes/client/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { systemClock } from "../../base/index.ts";
import { type Cluster, Environment, helm4Binary, minioPart, startCluster } from "../../test/environment/index.ts";
import { findBinary } from "../../test/environment/binary.ts";
import { chartFolder, runHelm } from "../../test/helm/chart.ts";
import { clientOf, newBucket } from "../../test/s3/buckets.ts";
import { imageArchive } from "../../tools/image.ts";

export type ClusterStage = {
  readonly cluster: Cluster;
  readonly api: KubernetesApi;
  /** Where StreamJobs are looked after. */
  readonly namespace: string;
  /** As pods have to name it. */
  readonly s3Endpoint: string;
  /** Name of a Secret in the namespace. */
  readonly s3Secret: string;
  /** For this process. */
  readonly s3: S3Client;
  /** Of all checkpoints and savepoints. */
  readonly bucket: string;
};

const RELEASE = "bench";
const S3_SECRET = "store";
const tell = (line: string): void => void process.stderr.write(`  ${line}\n`);

/** Errors: no cluster can be had here (root on Debian or Ubuntu, with Go), and what Helm says. */
export async function withClusterStage<T>(use: (stage: ClusterStage) => Promise<T>): Promise<T> {
  const environment = new Environment({ tell });
  const ends: (() => Promise<unknown>)[] = [() => environment.stop()];
  try {
    const cluster = await startCluster(environment, tell);
    const minio = await environment.start(minioPart);
    const { path, reference } = await imageArchive(tell);
    await cluster.loadImage(path);
    const own = await cluster.makeNamespace("bench-operator");
    ends.unshift(() => cluster.kubectl("delete", "namespace", own, "--wait=false"));
    const namespace = await cluster.makeNamespace("bench-jobs");
    ends.unshift(() => cluster.kubectl("delete", "namespace", namespace, "--wait=false"));
    const relay = await cluster.publish(Number(new URL(minio.endpoint).port));
    ends.unshift(() => relay.close());
    const { accessKey, secretKey } = minio;
    await cluster.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: S3_SECRET, namespace },
      stringData: { accessKeyId: accessKey, secretAccessKey: secretKey },
    });
    const connection = await connectKubernetes({
      clock: systemClock,
      kubeconfig: cluster.access.kubeconfig,
      fieldManager: "bench",
      namespace,
    });
    ends.unshift(async () => connection.close());
    const helm = await findBinary(helm4Binary, tell);
    const [repository, tag] = reference.split(/:(?=[^:]*$)/);
    const [s3, bucket] = [clientOf(minio), await newBucket(minio)];
    ends.unshift(async () => s3.destroy());
    const values = {
      storageRoot: `s3://${bucket}/jobs`,
      watchNamespaces: [namespace],
      image: { repository, tag },
      // The sink's folder on this machine is mounted into pods, which the policy does not let people do.
      podTemplatePolicy: { enabled: false },
    };
    const access = ["--namespace", own, "--kubeconfig", cluster.access.kubeconfig, "--wait", "--timeout", "3m"];
    const owning = ["--take-ownership", "--force-conflicts"];
    ends.unshift(() => runHelm(helm, ["uninstall", RELEASE, ...access]));
    const { code, stderr } = await runHelm(helm, ["install", RELEASE, chartFolder, ...access, ...owning], values);
    if (code !== 0) throw new Error(`the operator's chart could not be installed: ${stderr}`);
    const s3Endpoint = `http://${relay.address}:${relay.port}`;
    return await use({ cluster, api: connection.api, namespace, s3Endpoint, s3Secret: S3_SECRET, s3, bucket });
  } finally {
    for (const end of ends) await end();
  }
}
