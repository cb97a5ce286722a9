/**
 * Owns: a cluster with nodes as tests use it: kubectl, images, namespaces; and, of one of ours, its failures (cluster-failures.ts).
 * Does not own: starting one (start-cluster.ts), whose it is (test-cluster.ts).
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { ClusterFailures } from "./cluster-failures.ts";
import { untilEstablished } from "../kubernetes/established.ts";
import { relayTcp, type TcpRelay } from "./tcp-relay.ts";

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export type ClusterAccess = {
  /** Path of the kubeconfig of someone who may do everything. */
  readonly kubeconfig: string;
  /** Path of the program. */
  readonly kubectl: string;
  /** Image for small tests: sh, httpd, nslookup, nc, wget (without -T: it crashes). */
  readonly busyboxImage: string;
  /** Has the images of a docker-archive on each node; null: this cluster takes images from registries only. `reference`: as `loadImage`. */
  readonly loadImage: ((archivePath: string, reference?: string) => Promise<void>) | null;
  /** Gives an image of the nodes another name there; null: this cluster takes images from registries only. */
  readonly nameImage: ((image: string, name: string) => Promise<void>) | null;
  /** This machine's address for pods; null: they may not reach it. */
  readonly machineAddress: string | null;
  /** Null: it is a person's, and nothing of it is broken by tests. */
  readonly failures: ClusterFailures | null;
};

export class Cluster {
  readonly access: ClusterAccess;

  constructor(access: ClusterAccess) {
    this.access = access;
  }

  get busyboxImage(): string {
    return this.access.busyboxImage;
  }

  /** Only of a cluster of ours (`testCluster({ needs: "failures" })`). */
  get failures(): ClusterFailures {
    const { failures } = this.access;
    if (failures === null) throw new Error("this cluster is a person's: nothing of it may be broken");
    return failures;
  }

  /** What it printed. Errors: with what it said. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(this.access.kubectl, args, {
      env: { ...process.env, KUBECONFIG: this.access.kubeconfig },
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    return stdout;
  }

  /** Objects as they are, by server-side apply. */
  async apply(...objects: readonly object[]): Promise<void> {
    const child = run(this.access.kubectl, ["apply", "--server-side", "--force-conflicts", "--filename=-"], {
      env: { ...process.env, KUBECONFIG: this.access.kubeconfig },
    });
    child.child.stdin?.end(JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    await child;
  }

  /** `kubectl get … --output=json`. */
  async get<Answer>(...args: readonly string[]): Promise<Answer> {
    return JSON.parse(await this.kubectl("get", ...args, "--output=json")) as Answer;
  }

  /** Waits until the API server serves StreamJobs, whose definition was just applied. Errors: with what kubectl said. */
  async whenStreamJobsAreServed(): Promise<void> {
    await untilEstablished((...args) => this.kubectl(...args), "streamjobs.streamjob.dev");
  }

  /** Where pods reach what listens on a port of 127.0.0.1 here, such as an S3 server of a test. Whoever asks closes it. */
  async publish(port: number): Promise<TcpRelay> {
    const { machineAddress } = this.access;
    if (machineAddress === null) throw new Error("pods of this cluster do not reach the machine of its tests");
    return relayTcp(machineAddress, 0, port);
  }

  /** A namespace that nothing else has; whoever makes it removes it. */
  async makeNamespace(prefix: string): Promise<string> {
    const name = `${prefix}-${randomBytes(3).toString("hex")}`;
    await this.kubectl("create", "namespace", name);
    return name;
  }

  /**
   * Has the images of a docker-archive on each node. `reference`: a name that says what is in it, as our own image's does: a node that
   * has it takes it no second time. Errors: this cluster takes none from a file.
   */
  async loadImage(archivePath: string, reference?: string): Promise<void> {
    const { loadImage } = this.access;
    if (loadImage === null) {
      throw new Error(`this cluster takes images from registries only: push those of ${archivePath} to one`);
    }
    await loadImage(archivePath, reference);
  }

  /** Gives an image of the nodes another name there. Errors: this cluster takes images from registries only. */
  async nameImage(image: string, name: string): Promise<void> {
    const { nameImage } = this.access;
    if (nameImage === null) throw new Error(`this cluster takes images from registries only: push ${name} to one`);
    await nameImage(image, name);
  }
}
