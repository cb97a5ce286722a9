/**
 * Owns: an operator in a process of its own, that a test kills, stops and wakes.
 *
 * OR1 It ends with the test, by its pid.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { OperatorFailpointName } from "../../operator/apply/index.ts";
import { type OperatorSettings, operatorVariables } from "../../main/control-plane/index.ts";
import { operatorNodeOptions } from "../environment/index.ts";
import type { RigCluster } from "./rig-cluster.ts";

const PROGRAM = fileURLToPath(new URL("../../main/operator-main.ts", import.meta.url));

export type OperatorRunOptions = {
  /** It dies there, at the hit-th time, by SIGKILL. */
  readonly dieAt?: { readonly name: OperatorFailpointName; readonly hit: number };
  readonly settings?: Partial<OperatorSettings>;
  /** Where it finds the API server. Default: at the server itself. */
  readonly apiUrl?: string;
};

export class OperatorRun {
  readonly #child: ChildProcess;
  readonly #log: string;
  /** The signal that ended it; null: it ended by itself. */
  readonly ended: Promise<NodeJS.Signals | null>;
  #isOver = false;

  /** `log`: file for its lines. */
  constructor(cluster: RigCluster, log: string, options: OperatorRunOptions = {}) {
    const { dieAt, settings } = options;
    const { variables, settings: given } = cluster.operatorEnvironment(`${log}.kubeconfig`, options.apiUrl);
    const all: OperatorSettings = { ...given, ...settings };
    const file = openSync(log, "a");
    this.#log = log;
    this.#child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM], {
      stdio: ["ignore", file, file],
      env: {
        ...process.env,
        ...variables,
        // As in the chart (SEC-13).
        NODE_OPTIONS: operatorNodeOptions(),
        [operatorVariables.settings]: JSON.stringify(all),
        STREAMJOB_FAILPOINTS: dieAt === undefined ? "" : `${dieAt.name}=kill@${dieAt.hit}`,
      },
    });
    closeSync(file);
    this.ended = new Promise((resolve) => {
      this.#child.once("exit", (_code, signal) => {
        this.#isOver = true;
        resolve(signal);
      });
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What it has said so far. */
  said(): string {
    return readFileSync(this.#log, "utf8");
  }

  signal(signal: NodeJS.Signals): void {
    assert.ok(!this.#isOver, `the operator has ended: ${this.said().slice(-2000)}`);
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (!this.#isOver) this.#child.kill("SIGKILL");
    await this.ended;
  }

  /** SIGTERM and its end. */
  async stop(): Promise<void> {
    if (!this.#isOver) this.#child.kill("SIGTERM");
    await this.ended;
  }
}
