/**
 * The pages of docs/ about clusters: every command of theirs is run as it is written, by bash, in a copy of what a reader has, on a cluster
 * that had nothing before (PCM1). It is one of its own: the commands are about all namespaces, and take the definitions.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import type { StreamJob } from "../../crds/index.ts";
import { repositoryRoot } from "../../tools/find-node.mjs";
import { imageArchive } from "../../tools/image.ts";
import { type ClusterPage, clusterPages, onCluster } from "../docs/page-commands.ts";
import { helm4Binary, minioPart, testBinary, testCluster } from "../environment/index.ts";
import { writeMinioImage } from "./minio-image.ts";
import { retaggedImage } from "./retagged-image.ts";

const testing = await testCluster({ needs: "failures", isOwn: true });
const minio = await testBinary(minioPart.binary);
const helm4 = await testBinary(helm4Binary);
const skip = [testing, minio, helm4].find((one) => one.skip !== false)?.skip ?? false;
const tell = (line: string): void => void process.stderr.write(`${line}\n`);
const read = (path: string): Promise<string> => readFile(join(repositoryRoot, path), "utf8");

describe("the pages about clusters", { skip }, () => {
  let folder: string;
  let shell: NodeJS.ProcessEnv;
  const ran = new Set<string>();
  const cluster = (): ReturnType<typeof testing.gives> => testing.gives();
  const named = (page: ClusterPage, text: string): string => `${page}: ${text}`;

  const bash = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const script = `set -euo pipefail\n${text}`;
      execFile("bash", ["-c", script], { cwd: join(folder, "work"), env: shell }, (error, out, err) =>
        error === null ? resolve(out) : reject(new Error(`${text}\n${out}${err}`)),
      );
    });

  /** The commands of a page below these headings, all by default, in its order; gives what each printed. */
  async function run(page: ClusterPage, isWanted: (section: string) => boolean = () => true): Promise<string[]> {
    const outputs: string[] = [];
    for (const { section, text } of onCluster(page)) {
      if (!isWanted(section)) continue;
      outputs.push(await bash(text.replace(/\bNAME\b/, "words")));
      ran.add(named(page, text));
    }
    return outputs;
  }

  /** What a reader has, and the programs by the names that they have there. */
  async function writeFolder(): Promise<void> {
    const [work, programs] = [join(folder, "work"), join(folder, "programs")];
    await mkdir(work);
    await mkdir(programs);
    for (const name of ["helm", "examples", "crds"]) await symlink(join(repositoryRoot, name), join(work, name));
    await symlink(helm4.path(), join(programs, "helm"));
    await symlink(cluster().access.kubectl, join(programs, "kubectl"));
    const path = [programs, join(repositoryRoot, "bin"), dirname(process.execPath), process.env["PATH"] ?? ""];
    shell = { PATH: path.join(delimiter), HOME: folder, KUBECONFIG: cluster().access.kubeconfig };
  }

  async function loadImages(): Promise<void> {
    const { appVersion } = parse(await read("helm/streamjob-operator/Chart.yaml")) as { readonly appVersion: string };
    const { image } = parse(await read("helm/streamjob-operator/values.yaml")) as {
      readonly image: { readonly repository: string };
    };
    const { path } = await imageArchive(tell);
    await cluster().loadImage(await retaggedImage(folder, path, `${image.repository}:${appVersion}`));
    const objects = parseAllDocuments(await read("examples/11-kubernetes/minio.yaml"));
    const [name] = objects.flatMap((one) => one.getIn(["spec", "template", "spec", "containers", 0, "image"]) ?? []);
    await cluster().loadImage(await writeMinioImage(folder, minio.path(), name as string));
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "streamjob-pages-"));
    await writeFolder();
    await loadImages();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("install.md: from an empty cluster, for some namespaces, another version, and away again", async () => {
    const page = "docs/install.md";
    for (const name of ["shop", "games"]) await cluster().kubectl("create", "namespace", name);
    await run(page, (section) => section !== "Uninstall");
    const [patch, ...rest] = onCluster(page)
      .filter(({ section }) => section === "Uninstall")
      .toReversed();
    assert.match(patch?.text ?? "", /finalizers/);
    for (const { text } of rest.toReversed()) {
      await bash(text);
      ran.add(named(page, text));
    }
    // One that nobody is there for.
    const job = parse(await read("examples/11-kubernetes/words.yaml")) as StreamJob;
    await cluster().apply({
      ...job,
      metadata: { ...job.metadata, namespace: "default", finalizers: ["streamjob.dev/cleanup"] },
    });
    await cluster().kubectl("delete", "streamjob", "words", "--wait=false");
    await bash((patch?.text ?? "").replace("NAME", "words"));
    ran.add(named(page, patch?.text ?? ""));
    assert.equal(await cluster().kubectl("get", "streamjobs", "--output=name"), "");
  });

  it("first-job-on-kubernetes.md: to a job that was upgraded, and rolled back", async () => {
    const outputs = await run("docs/first-job-on-kubernetes.md", (section) => section !== "Clean up");
    const said = outputs.join("\n");
    assert.match(said, /^\w+ \d+$/m, "a count of the first version");
    assert.match(said, /^(\d> )?\w+: \d+$/m, "a count of the second version");
    assert.match(said, /is not valid JSON/, "what is wrong with the bad version");
  });

  it("upgrading.md: the job, with approval and a savepoint; the operator, and back; the runtime", async () => {
    await run("docs/upgrading.md");
  });

  it("gitops.md and the pages about laptops", async () => {
    await cluster().kubectl("create", "namespace", "argocd");
    await cluster().kubectl("create", "configmap", "argocd-cm", "--namespace", "argocd");
    for (const page of clusterPages)
      if (page !== "docs/install.md" && page !== "docs/upgrading.md" && page !== "docs/first-job-on-kubernetes.md")
        await run(page);
    const health = await cluster().kubectl("get", "configmap", "argocd-cm", "--namespace=argocd", "--output=yaml");
    assert.match(health, /resource\.customizations\.health\.streamjob\.dev_StreamJobSnapshot/);
  });

  it("first-job-on-kubernetes.md: cleaning up leaves no StreamJob, no snapshot and no pod", async () => {
    await run("docs/first-job-on-kubernetes.md", (section) => section === "Clean up");
    for (const kind of ["streamjobs", "streamjobsnapshots"])
      assert.equal(await cluster().kubectl("get", kind, "--all-namespaces", "--output=name"), "", kind);
    await cluster().kubectl("wait", "--for=delete", "pods", "--all", "--timeout=4m");
  });

  it("have no command that was not run", () => {
    const left = clusterPages.flatMap((page) => onCluster(page).map(({ text }) => named(page, text)));
    assert.deepEqual(
      left.filter((command) => !ran.has(command)),
      [],
    );
  });
});
