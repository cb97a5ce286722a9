/**
 * Owns: the operator as a process of its own, as its pod runs it; its memory and its requests, as it tells them itself.
 *
 * OPP1 V8 may use what it chooses in a container with the chart's limit of 512 MiB: a process without one fills more.
 * OPP2 Node has the options that the chart gives it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../test/environment/environment.ts";
import { operatorNodeOptions } from "../../test/environment/index.ts";
import { endWithThisProcess } from "../measure/scratch.ts";

const OPERATOR = fileURLToPath(new URL("../../main/operator-main.ts", import.meta.url));
const POD_NAMES = new URL("./pod-names.mjs", import.meta.url).href;
/** OPP1: a quarter of the limit, twice over on 64 bits. */
const HEAP_FLAG = "--max-old-space-size=256";
const MUTATING = new Set(["create", "update", "updateStatus", "patch", "apply", "delete"]);
const SYNC_TRIES_MAX = 600;

export type OperatorOptions = {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly podAddress: string;
  readonly folder: string;
  /** More flags of Node, such as those of a profiler. */
  readonly flags: readonly string[];
};

/** Requests to the API server since its start, by what they were; leases apart. */
export type Requests = {
  readonly reads: number;
  readonly writes: number;
  readonly byKind: ReadonlyMap<string, number>;
};

export class OperatorProcess {
  readonly #child: ChildProcess;
  readonly #metricsUrl: string;
  readonly #log: string;

  private constructor(child: ChildProcess, port: number, log: string) {
    this.#child = child;
    this.#metricsUrl = `http://127.0.0.1:${port}`;
    this.#log = log;
  }

  /** Resolves when its caches are full. */
  static async start(options: OperatorOptions): Promise<OperatorProcess> {
    const { kubeconfig, namespace, podAddress, folder, flags } = options;
    const port = await freePort();
    const log = join(folder, "operator.log");
    const settings = {
      storageRoot: "s3://bench/jobs",
      defaultImage: "bench",
      namespaces: [namespace],
      election: { lease: { namespace, name: "streamjob-operator" } },
      rootSecret: { namespace, name: "streamjob-operator-root" },
      endpoints: { port },
    };
    const output = openSync(log, "a");
    const child = spawn(process.execPath, [HEAP_FLAG, ...flags, `--import=${POD_NAMES}`, OPERATOR], {
      stdio: ["ignore", output, output],
      cwd: folder,
      env: {
        ...process.env,
        KUBECONFIG: kubeconfig,
        NODE_OPTIONS: operatorNodeOptions(), // OPP2
        BENCH_POD_ADDRESS: podAddress,
        STREAMJOB_OPERATOR: JSON.stringify(settings),
        LOG_LEVEL: "warn",
      },
    });
    child.once(
      "exit",
      endWithThisProcess(() => void child.kill("SIGKILL")),
    );
    const operator = new OperatorProcess(child, port, log);
    await operator.#synced();
    return operator;
  }

  /** Bytes: now, and at most so far. Linux only. */
  memory(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    const bytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
    return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
  }

  /** User and system seconds so far. Linux only. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async requests(): Promise<Requests> {
    const text = await (await fetch(`${this.#metricsUrl}/metrics`)).text();
    const byKind = new Map<string, number>();
    let [reads, writes] = [0, 0];
    for (const [, verb = "", kind = "", count] of text.matchAll(
      /^streamjob_operator_api_requests_total\{verb="(\w+)",kind="(\w+)".*\} (\d+)$/gm,
    )) {
      if (kind === "Lease") continue;
      if (MUTATING.has(verb)) writes += Number(count);
      else reads += Number(count);
      byKind.set(`${verb} ${kind}`, (byKind.get(`${verb} ${kind}`) ?? 0) + Number(count));
    }
    return { reads, writes, byKind };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }

  async #synced(): Promise<void> {
    for (let tries = 0; tries < SYNC_TRIES_MAX; tries++) {
      if (this.#child.exitCode !== null) break;
      const answer = await fetch(`${this.#metricsUrl}/readyz`).catch(() => null);
      if (answer?.status === 200 && (await answer.text()).includes("leading")) return;
      await sleep(100);
    }
    throw new Error(
      `the operator does not lead; the end of what it said:\n${readFileSync(this.#log, "utf8").slice(-4000)}`,
    );
  }
}
