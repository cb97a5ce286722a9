/**
 * What a team does with a StreamJob on a cluster with nodes, with the manifests of examples/: by kubectl, in a chart of its own, by Flux from
 * Git. Its checkpoints are in MinIO. Each story ends with every count of the sink: each once, none missing.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { parseAllDocuments, stringify } from "yaml";
import { STORAGE_ANNOTATION, type StreamJob, type StreamJobSpec } from "../../crds/index.ts";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { repositoryRoot } from "../../tools/find-node.mjs";
import { imageArchive } from "../../tools/image.ts";
import {
  helm4Binary,
  kustomizeControllerPart,
  minioPart,
  sourceControllerPart,
  testBinary,
  testCluster,
  testPart,
} from "../environment/index.ts";
import { FluxRepository } from "../gitops/flux-repository.ts";
import { type GitServer, startGitServer } from "../gitops/git-server.ts";
import { chartFolder, runHelm } from "../helm/chart.ts";
import { until } from "../kubernetes/until.ts";
import { writeMinioImage } from "./minio-image.ts";
import { kubeconfigOfPerson } from "./person.ts";
import { WordCounts } from "./word-counts.ts";

const testing = await testCluster({ needs: "failures" });
const minio = await testBinary(minioPart.binary);
const helm4 = await testBinary(helm4Binary);
// After the cluster, to whose API server they belong.
const flux = [await testPart(sourceControllerPart), await testPart(kustomizeControllerPart)];
const skip = [testing, minio, helm4, ...flux].find((one) => one.skip !== false)?.skip ?? false;
const RELEASE = "acceptance";
const TIMEOUT = "4m";
const NEW_TEXT = ["`${word} ${count}`", "`${word}: ${count}`"] as const;
const OF_NEW_TEXT = /: /;
const main = join(repositoryRoot, "cli/main.ts");
const run = promisify(execFile);
type Item = { readonly uri: string; readonly what: string; readonly removed: boolean };
const tell = (line: string): void => void process.stderr.write(`${line}\n`);

describe("a StreamJob of a team, on nodes", { skip }, () => {
  let own: string;
  let jobs: string;
  let folder: string;
  let counts: WordCounts;
  const cluster = (): ReturnType<typeof testing.gives> => testing.gives();
  const inJobs = (...args: readonly string[]): Promise<string> => cluster().kubectl("--namespace", jobs, ...args);
  const jobNow = (): Promise<StreamJob> => cluster().get<StreamJob>("streamjob", "words", "--namespace", jobs);
  const untilReady = (): Promise<string> =>
    inJobs("wait", "--for=condition=Ready", `--timeout=${TIMEOUT}`, "streamjob/words");
  const conditionOf = ({ status }: StreamJob, type: string): string | undefined =>
    status?.conditions?.find((one) => one.type === type)?.status;

  async function helm(args: readonly string[], values?: object): Promise<void> {
    const more = ["--kubeconfig", cluster().access.kubeconfig, "--timeout", TIMEOUT, "--wait"];
    const { code, stdout, stderr } = await runHelm(helm4.path(), [...args, ...more], values);
    assert.equal(code, 0, `helm ${args.join(" ")}: ${stdout}${stderr}`);
  }

  async function apply(manifest: string): Promise<void> {
    const path = join(folder, "words.yaml");
    await writeFile(path, manifest);
    await inJobs("apply", "--filename", path);
  }

  /** The next story has the same names. */
  async function begin(): Promise<void> {
    counts = await WordCounts.open();
  }
  async function end(): Promise<void> {
    await inJobs("delete", "streamjob", "words", "--ignore-not-found", `--timeout=${TIMEOUT}`);
    await counts.remove();
  }

  async function loadImages(): Promise<{ readonly repository: string; readonly tag: string }> {
    const { path, reference } = await imageArchive(tell);
    await cluster().loadImage(path);
    const objects = parseAllDocuments(
      await readFile(join(repositoryRoot, "examples/11-kubernetes/minio.yaml"), "utf8"),
    );
    const image = objects.map((one) => one.getIn(["spec", "template", "spec", "containers", 0, "image"])).find(Boolean);
    await cluster().loadImage(await writeMinioImage(folder, minio.path(), image as string));
    const [repository = "", tag = ""] = reference.split(/:(?=[^:]*$)/);
    return { repository, tag };
  }

  /** By a client, and without --server-side: the whole definition has to go into an annotation. */
  async function applyDefinitions(): Promise<void> {
    const apply = (): Promise<string> =>
      cluster().kubectl("apply", "--filename", join(repositoryRoot, "crds/generated"));
    await apply().catch((error: unknown) => {
      // Another file of the group has made them between kubectl's look and its own call.
      if (String(error).includes("(AlreadyExists)")) return apply();
      throw error;
    });
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "streamjob-acceptance-"));
    const image = await loadImages();
    own = await cluster().makeNamespace("ops");
    jobs = await cluster().makeNamespace("team");
    await applyDefinitions();
    await cluster().whenStreamJobsAreServed();
    await inJobs("apply", "--filename", join(repositoryRoot, "examples/11-kubernetes/minio.yaml"));
    const values = { storageRoot: "s3://streamjob/jobs", watchNamespaces: [jobs], image, crds: { install: false } };
    await helm(["install", RELEASE, chartFolder, "--namespace", own], values);
    await inJobs("rollout", "status", "deployment/minio", `--timeout=${TIMEOUT}`);
  });

  after(async () => {
    await cluster().kubectl("delete", "namespace", own, jobs, "--wait=false");
    await rm(folder, { recursive: true, force: true });
  });

  describe("by kubectl", () => {
    // So that the state of the version before is left, and the operator does not delete it meanwhile.
    const upgrade: StreamJobSpec["upgrade"] = { mode: "last-state", stability: { window: "10h" } };
    before(begin);
    after(end);

    it("is applied, edited and applied again, and its counts go on", async () => {
      await apply(counts.manifest({ upgrade }));
      await untilReady();
      await counts.goOn();
      await apply(counts.manifest({ job: counts.edited(...NEW_TEXT), parallelism: 2, upgrade }));
      await untilReady();
      await counts.goOn(OF_NEW_TEXT);
      const { metadata, status } = await jobNow();
      assert.equal(status?.observedGeneration, metadata.generation);
    });

    it("its stores are listed, and rid of what nothing can need, by whoever may change it and read logs; its counts go on", async () => {
      const kubeconfig = await kubeconfigOfPerson(cluster(), jobs, folder, [
        { apiGroups: ["streamjob.dev"], resources: ["streamjobs"], verbs: ["get", "patch"] },
        { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
      ]);
      const storage = async (...words: readonly string[]): Promise<string> =>
        (await run(process.execPath, [main, "--kubeconfig", kubeconfig, "storage", ...words, "--namespace", jobs]))
          .stdout;
      const gone = async (...flags: readonly string[]): Promise<readonly Item[]> =>
        (JSON.parse(await storage("gc", "words", "--output", "json", ...flags)) as { items: Item[] }).items;

      const listed = await storage("list", "words");
      const [first, second] = ["superseded", "in use"].map(
        (state) => new RegExp(`^${state} .* (s3://\\S+) `, "m").exec(listed)?.[1],
      );
      assert.ok(first !== undefined && second !== undefined, listed);
      await apply(counts.manifest({ job: counts.edited(...NEW_TEXT), parallelism: 2, upgrade, state: "suspended" }));
      await inJobs("wait", "--for=jsonpath={.status.phase}=Suspended", `--timeout=${TIMEOUT}`, "streamjob/words");
      assert.deepEqual(
        (await gone("--yes")).map(({ uri, what, removed }) => [uri, what, removed]),
        [[first, "state", true]],
      );
      assert.deepEqual(await gone("--dry-run"), []);
      await until("nothing is left of the request", async () => {
        const { metadata, status } = await jobNow();
        const isAnnotated = Object.keys(metadata.annotations ?? {}).includes(STORAGE_ANNOTATION);
        const pods = await inJobs("get", "pods", "--output", "name");
        return !isAnnotated && status?.storageRequest === undefined && !pods.includes("words-storage-");
      });
      await apply(counts.manifest({ job: counts.edited(...NEW_TEXT), parallelism: 2, upgrade }));
      await untilReady();
      await counts.goOn(OF_NEW_TEXT);
    });
  });

  it("is installed and upgraded in a chart, and its counts go on", async () => {
    await begin();
    const chart = join(folder, "chart");
    await mkdir(join(chart, "templates"), { recursive: true });
    await writeFile(join(chart, "Chart.yaml"), stringify({ apiVersion: "v2", name: "words", version: "1.0.0" }));
    const write = (manifest: string): Promise<void> => writeFile(join(chart, "templates", "words.yaml"), manifest);
    await write(counts.manifest());
    await helm(["install", "words", chart, "--namespace", jobs]);
    await counts.goOn();
    await write(counts.manifest({ job: counts.edited(...NEW_TEXT) }));
    await helm(["upgrade", "words", chart, "--namespace", jobs]);
    await counts.goOn(OF_NEW_TEXT);
    await helm(["uninstall", "words", "--namespace", jobs]);
    await end();
  });

  describe("from Git, by Flux", () => {
    let admin: ClusterAdmin;
    let git: GitServer;
    let repository: FluxRepository;
    const push = async (manifest: string): Promise<void> => {
      await git.commit({ "jobs/words.yaml": manifest });
      await repository.reconcile();
    };

    before(async () => {
      await begin();
      const { url, ca, tokens } = cluster().failures.server;
      admin = new ClusterAdmin({ url, ca, token: tokens.admin });
      git = await startGitServer();
      repository = new FluxRepository(admin, { url: git.url, namespace: jobs });
    });
    after(async () => {
      await repository.remove();
      admin.close();
      await git.close();
      await end();
    });

    it("a commit deploys it, and the next upgrades it by savepoint", async () => {
      await push(counts.manifest());
      await repository.untilReadyIs("True", "ReconciliationSucceeded");
      await counts.goOn();
      await push(counts.manifest({ job: counts.edited(...NEW_TEXT) }));
      await repository.untilReadyIs("True", "ReconciliationSucceeded");
      await counts.goOn(OF_NEW_TEXT);
      assert.ok(((await jobNow()).status?.lastSavepoint?.path ?? "") !== "");
    });

    it("a commit that crashes is rolled back with the state and shows as failed; its revert heals", async () => {
      await until(
        "there is a version to go back to",
        async () => ((await jobNow()).status?.active?.stableAt ?? null) !== null,
      );
      await push(counts.manifest({ job: counts.edited('verse.split(" ")', "(JSON.parse(verse) as string[])") }));
      assert.match(await repository.untilReadyIs("False", "HealthCheckFailed"), /StreamJob\/.*words status: 'Failed'/);
      await until("the version before it runs", async () => conditionOf(await jobNow(), "RolledBack") === "True");
      await counts.goOn();
      await push(counts.manifest({ job: counts.edited(...NEW_TEXT) }));
      await repository.untilReadyIs("True", "ReconciliationSucceeded");
      await counts.goOn();
    });

    it("a commit with an image that is not there leaves the job running and shows as failed; its revert heals", async () => {
      const job = counts.edited(...NEW_TEXT);
      const upgrade = { deployTimeout: "10s" };
      await push(counts.manifest({ job, image: "localhost/not-there:1", upgrade }));
      assert.match(await repository.untilReadyIs("False", "HealthCheckFailed"), /StreamJob\/.*words status: 'Failed'/);
      await counts.goOn();
      await push(counts.manifest({ job }));
      await repository.untilReadyIs("True", "ReconciliationSucceeded");
      await counts.goOn();
    });
  });
});
