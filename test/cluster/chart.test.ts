/**
 * The chart on nodes: the operator as the pods that `helm install --wait` waits for, a job in a chart of a team's own, upgrades of both while
 * the job runs, an uninstall that leaves it running, and one that is refused because it would take it away.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stringify } from "yaml";
import type { StreamJob } from "../../crds/index.ts";
import type { Secret } from "../../operator/kubernetes/api/index.ts";
import { imageArchive } from "../../tools/image.ts";
import { helm4Binary, minioPart, testBinary, testCluster, testPart } from "../environment/index.ts";
import { chartFolder, type HelmAnswer, runHelm } from "../helm/chart.ts";
import { newBucket } from "../s3/buckets.ts";
import { findTokens, findWords, wordsOf } from "../security/secret-words.ts";
import { everythingSaid } from "./everything-said.ts";
import { openToPods, type StoreForPods } from "./store-for-pods.ts";
import { until } from "../kubernetes/until.ts";

const testing = await testCluster({ needs: "failures" });
const minio = await testPart(minioPart);
const helm4 = await testBinary(helm4Binary);
const skip = [testing, minio, helm4].find((one) => one.skip !== false)?.skip ?? false;
const RELEASE = "streams";
const TIMEOUT = "4m";

/** Counts without end, one in each second and word. */
const moduleText = `
import { job, t } from "streamjob";
import { discardSink, generatorSource } from "streamjob/connectors/basic";
export default job((env) => {
  env
    .fromSource(generatorSource({ generate: (index) => "w" + (index % 7), type: t.string, ratePerSecond: 50 }), { uid: "words" })
    .map((word) => ({ word, count: 1 }), { uid: "ones", type: t.record({ word: t.string, count: t.int64 }) })
    .keyBy("word")
    .reduce((sum, one) => ({ word: sum.word, count: sum.count + one.count }), { uid: "counts" })
    .sinkTo(discardSink(), { uid: "nowhere" });
});
`;

type PodList = {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly uid: string };
    readonly status: { readonly phase: string };
  }[];
};

type SecretList = { readonly items: readonly Secret[] };

describe("the chart on nodes", { skip }, () => {
  let own: string;
  let jobs: string;
  let folder: string;
  let store: StoreForPods;
  let values: Readonly<Record<string, unknown>>;
  const cluster = (): ReturnType<typeof testing.gives> => testing.gives();

  const helm = (args: readonly string[], given?: object): Promise<HelmAnswer> =>
    runHelm(helm4.path(), [...args, "--kubeconfig", cluster().access.kubeconfig, "--timeout", TIMEOUT], given);

  async function mustHelm(args: readonly string[], given?: object): Promise<string> {
    const { code, stdout, stderr } = await helm(args, given);
    assert.equal(code, 0, `helm ${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  }

  const installOperator = (verb: "install" | "upgrade", more: object = {}): Promise<string> => {
    // Other files of this run install the definitions, too.
    const owning = ["--take-ownership", "--force-conflicts"];
    const args = [verb, RELEASE, chartFolder, "--namespace", own, "--wait", ...owning];
    return mustHelm(args, { ...values, ...more });
  };

  const jobNow = (): Promise<StreamJob> => cluster().get<StreamJob>("streamjob", "counts", "--namespace", jobs);
  const conditionOf = ({ status }: StreamJob, type: string): string | undefined =>
    status?.conditions?.find((one) => one.type === type)?.status;
  const podsOf = async (namespace: string): Promise<string[]> =>
    (await cluster().get<PodList>("pods", "--namespace", namespace)).items
      .map(({ metadata, status }) => `${metadata.name} ${metadata.uid} ${status.phase}`)
      .toSorted();

  /** A chart as a team has it: a job and its code. */
  async function writeTeamChart(parallelism: number): Promise<string> {
    const path = join(folder, "counts");
    await mkdir(join(path, "templates"), { recursive: true });
    await writeFile(join(path, "Chart.yaml"), stringify({ apiVersion: "v2", name: "counts", version: "1.0.0" }));
    const code = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "code" }, data: { "job.ts": moduleText } };
    const { accessKey, secretKey } = minio.gives();
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "store" },
      stringData: { accessKeyId: accessKey, secretAccessKey: secretKey },
    };
    const job = {
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: "counts" },
      spec: {
        job: { configMap: { name: "code", key: "job.ts" } },
        parallelism,
        checkpoints: {
          interval: "1s",
          storage: {
            s3: { endpoint: store.endpoint, pathStyleAccess: true, credentials: { secretName: "store" } },
          },
        },
      },
    };
    const text = [code, secret, job].map((object) => stringify(object)).join("---\n");
    await writeFile(join(path, "templates", "all.yaml"), text);
    return path;
  }

  before(async () => {
    const { path, reference } = await imageArchive((line) => void process.stderr.write(`${line}\n`));
    await cluster().loadImage(path);
    own = await cluster().makeNamespace("ops");
    await cluster().kubectl("label", "namespace", own, "pod-security.kubernetes.io/enforce=restricted");
    jobs = await cluster().makeNamespace("jobs");
    await cluster().kubectl("label", "namespace", jobs, "pod-security.kubernetes.io/enforce=restricted");
    store = await openToPods(cluster(), minio.gives());
    folder = await mkdtemp(join(tmpdir(), "streamjob-charts-"));
    const [repository, tag] = reference.split(/:(?=[^:]*$)/);
    values = {
      storageRoot: `s3://${await newBucket(minio.gives())}/jobs`,
      watchNamespaces: [jobs],
      image: { repository, tag },
    };
  });

  after(async () => {
    for (const namespace of [own, jobs]) await cluster().kubectl("delete", "namespace", namespace, "--wait=false");
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("helm install --wait returns with two ready operators, of which one leads", async () => {
    await installOperator("install");
    const deployment = await cluster().get<{ readonly status: { readonly readyReplicas?: number } }>(
      "deployment",
      `${RELEASE}-streamjob-operator`,
      "--namespace",
      own,
    );
    assert.equal(deployment.status.readyReplicas, 2);
    await until("one leads", async () => (await cluster().kubectl("get", "leases", "--namespace", own)) !== "");
  });

  it("helm install --wait of a team's chart returns when the job runs and has completed a checkpoint", async () => {
    await mustHelm(["install", "counts", await writeTeamChart(1), "--namespace", jobs, "--wait"]);
    const job = await jobNow();
    assert.equal(job.status?.phase, "Running");
    assert.equal(conditionOf(job, "Ready"), "True");
    assert.ok((job.status?.lastCheckpoint?.id ?? 0) > 0);
  });

  it("helm upgrade of the operator replaces its pods, and none of the job's", async () => {
    const [operators, pods] = [await podsOf(own), await podsOf(jobs)];
    await installOperator("upgrade", { logLevel: "debug" });
    await until("the old operators are gone", async () =>
      (await podsOf(own)).every((pod) => !operators.includes(pod) && pod.endsWith("Running")),
    );
    assert.deepEqual(await podsOf(jobs), pods);
  });

  it("helm upgrade --wait of the team's chart returns when the new version runs on the state of the old one", async () => {
    const { status: before } = await jobNow();
    await mustHelm(["upgrade", "counts", await writeTeamChart(2), "--namespace", jobs, "--wait"]);
    const job = await jobNow();
    assert.equal(conditionOf(job, "Ready"), "True");
    assert.equal(job.status?.observedGeneration, job.metadata.generation);
    assert.notEqual(job.status?.active?.incarnation, before?.active?.incarnation);
    assert.ok((job.status?.lastCheckpoint?.id ?? 0) > 0);
  });

  it("SEC-16: no word of a secret is in anything that operators, pods and objects say, also when a pod starts again", async () => {
    const { status } = await jobNow();
    await cluster().kubectl(
      "delete",
      "pod",
      `counts-${status?.active?.incarnation}-taskmanager-0`,
      "--namespace",
      jobs,
    );
    await until("the job runs again", async () => {
      const { metadata, status: now } = await jobNow();
      const isNewer = (now?.lastCheckpoint?.id ?? 0) > (status?.lastCheckpoint?.id ?? 0);
      return isNewer && conditionOf({ metadata, status: now } as StreamJob, "Ready") === "True";
    });
    const secrets = (
      await Promise.all([own, jobs].map((each) => cluster().get<SecretList>("secrets", "--namespace", each)))
    ).flatMap(({ items }) => items);
    const { accessKey, secretKey } = minio.gives();
    // Releases of Helm hold manifests, which is what they are for.
    const words = wordsOf(secrets.filter(({ type }) => type !== "helm.sh/release.v1"));
    assert.deepEqual([words.get("store/accessKeyId"), words.get("store/secretAccessKey")], [accessKey, secretKey]);
    for (const needed of [/-root\/root, as base64$/, /^counts-\d+-tls\/jobmanager\.key, as PEM$/]) {
      assert.ok(
        [...words.keys()].some((what) => needed.test(what)),
        `${needed}: not among ${[...words.keys()].join(", ")}`,
      );
    }
    const said = await everythingSaid(cluster(), [own, jobs]);
    const loud = [...said].filter(([, text]) => text.length > 200).map(([place]) => place);
    for (const needed of [
      /^log of streams-.*$/,
      /^log of counts-.*jobmanager/,
      /^metrics of streams-/,
      /^metrics of counts-/,
      /^streamjobs/,
      /^events/,
    ]) {
      assert.ok(
        loud.some((place) => needed.test(place)),
        `${needed}: only ${loud.join(", ")} say something`,
      );
    }
    assert.deepEqual(findWords(said, words), []);
    assert.deepEqual(findTokens(said), []);
  });

  it("helm uninstall of the operator leaves the job running, and the next install takes it over", async () => {
    const { status } = await jobNow();
    const ofActive = `counts-${status?.active?.incarnation}-`;
    await until("only the new version has pods", async () =>
      (await podsOf(jobs)).every((pod) => pod.startsWith(ofActive) && pod.endsWith("Running")),
    );
    const pods = await podsOf(jobs);
    await mustHelm(["uninstall", RELEASE, "--namespace", own, "--wait"]);
    await until("the operator is gone", async () => (await podsOf(own)).length === 0);
    assert.deepEqual(await podsOf(jobs), pods);
    await installOperator("install");
    await until("the job is looked after", async () => conditionOf(await jobNow(), "Ready") === "True");
    assert.deepEqual(await podsOf(jobs), pods);
  });

  it("helm uninstall is refused while it would take the job away, and says what to do", async () => {
    await installOperator("upgrade", { crds: { keep: false } });
    const { code, stdout, stderr } = await helm(["uninstall", RELEASE, "--namespace", own]);
    assert.notEqual(code, 0);
    const said = stdout + stderr;
    // In a cluster that stands other tests have StreamJobs of their own, and more than are named.
    assert.match(said, /StreamJob [\w-]+\/[\w-]+[^]*kubectl delete streamjobs/);
    const [, command = ""] = /(helm rollback [^"\\]*)/.exec(said) ?? [];
    assert.equal((await cluster().get<PodList>("deployments", "--namespace", own)).items.length, 1);
    await mustHelm(command.split(" ").slice(1));
    await installOperator("upgrade", { crds: { keep: true } });
  });

  it("helm uninstall of the team's chart ends the job, and nothing hangs", async () => {
    await mustHelm(["uninstall", "counts", "--namespace", jobs, "--wait"]);
    await until("no pod is left", async () => (await podsOf(jobs)).length === 0);
    await mustHelm(["uninstall", RELEASE, "--namespace", own, "--wait"]);
  });
});
