/**
 * Owns: the two ways in which the word count is upgraded on Apache Flink (../flink/src/main/java/Upgrade.java): by stop-with-savepoint
 * and restore, into the same running cluster or into that of a new JVM.
 *
 * FLS1 Nothing stands between the savepoint and the restore but Flink: a new JVM is started in the moment in which the old one has said
 *     where the savepoint is, and the old one is gone by then.
 * FLS2 A version runs about as long before it is replaced as StreamJob's, so that its code is as warm: its first record is waited for,
 *     then the time that StreamJob takes to call a version Ready.
 * FLS3 A process that ends unasked fails the round with the last part of what it said.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { buildFlink, type FlinkBuild, type FlinkMissing } from "../flink/build.ts";
import { endWithThisProcess } from "../measure/scratch.ts";
import {
  firstRecords,
  type RunningSystem,
  timesFolder,
  type UpgradedSystem,
  type UpgradePlan,
} from "./upgraded-system.ts";

const CHECKPOINT_MS = 1000;
/** FLS2 */
const SETTLE_MS = 3000;
const OUTPUT_CHARS_MAX = 8000;

export type FlinkSystems = { readonly oneCluster: UpgradedSystem; readonly newProcess: UpgradedSystem };

/** Builds the peer where that was not done yet. A machine without Java or Maven has none, which is no error. */
export async function findFlinkSystems(): Promise<FlinkSystems | FlinkMissing> {
  const built = await buildFlink();
  if ("missing" in built) return built;
  return {
    oneCluster: { name: "flink, one cluster", start: (plan, folder) => startOneCluster(built, plan, folder) },
    newProcess: { name: "flink, new process", start: (plan, folder) => startNewProcesses(built, plan, folder) },
  };
}

async function startOneCluster(built: FlinkBuild, plan: UpgradePlan, folder: string): Promise<RunningSystem> {
  const flink = new FlinkProcess(built, plan, { folder, version: 0 });
  await flink.settle(0);
  return {
    upgrade: async (version) => {
      flink.order(`upgrade v${version}`);
      await flink.settle(version);
      return new Map();
    },
    stop: () => flink.end(),
  };
}

async function startNewProcesses(built: FlinkBuild, plan: UpgradePlan, folder: string): Promise<RunningSystem> {
  let flink = new FlinkProcess(built, plan, { folder, version: 0 });
  await flink.settle(0);
  return {
    upgrade: async (version) => {
      const savepoint = await flink.stop();
      flink = new FlinkProcess(built, plan, { folder, version, savepoint });
      await flink.settle(version);
      return new Map();
    },
    stop: () => flink.end(),
  };
}

type Start = { readonly folder: string; readonly version: number; readonly savepoint?: string };

/** One JVM with one cluster. */
class FlinkProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #times: string;
  readonly #ended: Promise<void>;
  #failure: Error | undefined;
  #said: string | undefined;
  #isAsked = false;
  #errors = "";

  constructor(built: FlinkBuild, { rate, parallelism }: UpgradePlan, { folder, version, savepoint }: Start) {
    this.#times = timesFolder(folder);
    const temporary = join(folder, "java");
    mkdirSync(temporary, { recursive: true });
    const jvm = ["-Xmx4g", `-Djava.io.tmpdir=${temporary}`, "-cp", built.classpath];
    const args = [folder, this.#times, String(rate), String(parallelism), String(CHECKPOINT_MS), `v${version}`];
    this.#child = spawn(built.java, [...jvm, "Upgrade", ...args, ...(savepoint === undefined ? [] : [savepoint])], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    // At once: a JVM that shuts down in its own way still writes while the bench removes its folder (SCR1).
    this.#child.once(
      "exit",
      endWithThisProcess(() => void this.#child.kill("SIGKILL")),
    );
    createInterface({ input: this.#child.stdout }).on("line", (line) => (this.#said = line));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-OUTPUT_CHARS_MAX);
    });
    // An order to a process that has ended: what matters is that it has, and why.
    this.#child.stdin.on("error", () => {});
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#failure ??= error;
        resolve();
      });
      this.#child.once("close", (exitCode) => {
        if (!this.#isAsked || exitCode !== 0)
          this.#failure ??= new Error(`Flink's process ended with ${exitCode}:\n${this.#errors}`);
        resolve();
      });
    });
  }

  order(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** FLS2 */
  async settle(version: number): Promise<void> {
    await firstRecords(this.#times, version, () => this.#check());
    await sleep(SETTLE_MS);
    this.#check();
  }

  /** Resolves with the savepoint's path once the process has ended (FLS1). */
  async stop(): Promise<string> {
    this.#isAsked = true;
    this.order("stop");
    await this.#ended;
    this.#check();
    const savepoint = this.#said;
    if (savepoint === undefined) throw new Error(`Flink's process ended without a savepoint:\n${this.#errors}`);
    return savepoint;
  }

  /** Without a savepoint. */
  async end(): Promise<void> {
    this.#isAsked = true;
    this.#child.stdin.end();
    await this.#ended;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
