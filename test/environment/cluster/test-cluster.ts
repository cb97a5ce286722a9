/**
 * Owns: the cluster that a test file uses, and what is said where there is none.
 *
 *   const cluster = await testCluster();                      // at the top of a test file
 *   describe("…", { skip: cluster.skip }, () => { … cluster.gives().kubectl("get", "nodes") … });
 *
 * It is, in this order: a person's (STREAMJOB_E2E=kubeconfig: the current context of $KUBECONFIG; STREAMJOB_E2E=kind: the one of
 * `kind create cluster`, $STREAMJOB_KIND its name); the one of this test run (test/cluster/setup.ts); the one of `npm run env -- up
 * cluster`; one that is started for this file and ends with it. A person's takes busybox from a registry ($STREAMJOB_BUSYBOX_IMAGE).
 *
 * ECT1 A KUBECONFIG alone is never taken: it may lead to a cluster where people work.
 * ECT2 What cannot be had is an error in CI; for a person the tests are skipped, and one line says which and how to get them (ETP1).
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { promisify } from "node:util";
import { findBinary } from "../binary.ts";
import { isInCi } from "../ci.ts";
import { Environment } from "../environment.ts";
import { kubectlBinary } from "../kubernetes/binaries.ts";
import type { TestPart } from "../test-part.ts";
import { Cluster } from "./cluster.ts";
import { prepareCluster, startCluster } from "./start-cluster.ts";

/** Why the setup of this test run has no cluster: then its files do not try again. */
export const CLUSTER_MISSING = "STREAMJOB_TEST_CLUSTER_MISSING";

const run = promisify(execFile);
const tell = (line: string): void => void process.stderr.write(`environment: ${line}\n`);

type Needs = {
  /** `failures`: only a cluster of ours will do. */
  readonly needs?: "failures";
  /** One that no other file uses, since this one breaks it. It ends with the file. */
  readonly isOwn?: boolean;
};

/** Errors, in CI: there is none (ECT2). */
export async function testCluster({ needs, isOwn = false }: Needs = {}): Promise<TestPart<Cluster>> {
  try {
    if (needs === "failures" || isOwn) refusePersonsCluster();
    const cluster = (await personsCluster()) ?? (await ourCluster(isOwn));
    return { skip: false, gives: () => cluster };
  } catch (error) {
    return {
      skip: leftOut(error),
      gives: () => {
        throw error;
      },
    };
  }
}

/** For a file that starts a cluster by itself: has the programs of one, and gives what `skip` of node:test takes. */
export async function skipWithoutCluster(): Promise<false | string> {
  try {
    refusePersonsCluster();
    refuseMissing();
    await prepareCluster(new Environment({ tell }), tell);
    return false;
  } catch (error) {
    return leftOut(error);
  }
}

/** ECT2 */
function leftOut(error: unknown): string {
  if (isInCi()) throw error;
  const skip = `no cluster: ${String(error instanceof Error ? error.message : error).split("\n")[0]}`;
  process.stderr.write(`tests left out: ${process.argv[1] ?? "these"}: ${skip}. ${HOW}\n`);
  return skip;
}

function refusePersonsCluster(): void {
  if ((process.env["STREAMJOB_E2E"] ?? "") === "") return;
  throw new Error("these tests break servers and nodes, and do that to a cluster of ours only: unset STREAMJOB_E2E");
}

function refuseMissing(): void {
  const missing = process.env[CLUSTER_MISSING];
  if (missing !== undefined && missing !== "") throw new Error(missing);
}

const HOW =
  "Run them as root on Debian or Ubuntu with Go, or with a cluster of yours: STREAMJOB_E2E=kind, or STREAMJOB_E2E=kubeconfig with KUBECONFIG";

/** Null: none is named. */
async function personsCluster(): Promise<Cluster | null> {
  const which = process.env["STREAMJOB_E2E"] ?? "";
  if (which === "") return null;
  const kubectl = await findBinary({ ...kubectlBinary, mayBeOnPath: true }, tell);
  const { STREAMJOB_BUSYBOX_IMAGE: busyboxImage = "docker.io/library/busybox:1.36" } = process.env;
  const common = { kubectl, busyboxImage, machineAddress: null, nameImage: null, failures: null };
  if (which === "kubeconfig") {
    const { KUBECONFIG: kubeconfig = "" } = process.env;
    if (kubeconfig === "") throw new Error("STREAMJOB_E2E is kubeconfig, and KUBECONFIG is not set");
    return new Cluster({ ...common, kubeconfig, loadImage: null });
  }
  if (which !== "kind") throw new Error(`STREAMJOB_E2E is "${which}"; it can be kind or kubeconfig`);
  const name = process.env["STREAMJOB_KIND"] ?? "kind";
  const folder = await mkdtemp(join(tmpdir(), "streamjob-kind-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const kubeconfig = join(folder, "kubeconfig");
  const { stdout } = await run("kind", ["get", "kubeconfig", "--name", name]);
  await writeFile(kubeconfig, stdout, { mode: 0o600 });
  const loadImage = async (path: string): Promise<void> =>
    void (await run("kind", ["load", "image-archive", path, "--name", name]));
  return new Cluster({ ...common, kubeconfig, loadImage });
}

async function ourCluster(isOwn: boolean): Promise<Cluster> {
  refuseMissing();
  const environment = new Environment({ tell, isAlone: isOwn });
  after(() => environment.stop());
  const cluster = await startCluster(environment, tell);
  // Parts that the file takes beside it, such as Flux, belong to this API server.
  if (!isOwn) after(await environment.share());
  return cluster;
}
