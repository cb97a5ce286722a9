/**
 * Owns: a second kube-apiserver before the etcd of a test cluster, which a test kills and starts again while the first one goes on.
 * Called by: tests of what clients do then.
 *
 * KSA1 It has the address of its first start at every start, and the authority, people and keys of the first server.
 * KSA2 It ends with the test's process, whatever becomes of that (ESU1).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { findBinary } from "../binary.ts";
import type { Supervised } from "../supervisor.ts";
import { type ApiServer, expectHealth } from "./api-server.ts";
import { apiServerArguments, auditPolicy } from "./arguments.ts";
import { apiServerBinary } from "./binaries.ts";
import { makeServerCertificate } from "./credentials.ts";
import type { Etcd } from "./etcd.ts";

const supervisorPath = fileURLToPath(new URL("../supervisor.ts", import.meta.url));
const READY_WITHIN_MS = 120_000;

export class SecondApiServer {
  readonly url: string;
  readonly auditLogPath: string;
  readonly #binary: string;
  readonly #folder: string;
  readonly #args: readonly string[];
  /** Of the authority that signed its certificate. */
  #ca: string;
  #supervisor: ChildProcess | null = null;
  #starts = 0;

  /** Use prepare. */
  private constructor(binary: string, folder: string, port: number, etcd: Etcd, { files, ca }: ApiServer) {
    this.#binary = binary;
    this.#folder = folder;
    this.#ca = ca;
    this.url = `https://127.0.0.1:${port}`;
    this.auditLogPath = join(folder, "audit.log");
    const auditPolicyPath = join(folder, "audit-policy.yaml");
    writeFileSync(auditPolicyPath, stringify(auditPolicy));
    mkdirSync(join(folder, "made-by-server"));
    copyFileSync(files.serverCertificate, this.#certificatePath);
    copyFileSync(files.serverKey, this.#keyPath);
    const place = {
      certificates: join(folder, "made-by-server"),
      auditLog: this.auditLogPath,
      auditPolicy: auditPolicyPath,
    };
    const own = { ...files, serverCertificate: this.#certificatePath, serverKey: this.#keyPath };
    this.#args = apiServerArguments(etcd.url, port, place, own);
  }

  static async prepare(first: ApiServer, etcd: Etcd): Promise<SecondApiServer> {
    const binary = await findBinary(apiServerBinary, (line) => process.stderr.write(`${line}\n`));
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { readonly port: number };
    server.close();
    return new SecondApiServer(binary, mkdtempSync(join(tmpdir(), "streamjob-second-apiserver-")), port, etcd, first);
  }

  get #certificatePath(): string {
    return join(this.#folder, "server.crt");
  }

  get #keyPath(): string {
    return join(this.#folder, "server.key");
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    this.#starts += 1;
    // The supervisor takes its folder away; what outlives a start lies beside it.
    const folder = join(this.#folder, `start-${this.#starts}`);
    mkdirSync(folder);
    const logPath = join(folder, "log");
    const spec: Supervised = { command: this.#binary, args: this.#args, env: {}, folder, logPath, hasLeash: true };
    const supervisor = spawn(process.execPath, [supervisorPath, JSON.stringify(spec)], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#supervisor = supervisor;
    const endMs = Date.now() + READY_WITHIN_MS;
    for (;;) {
      const error = await expectHealth(`${this.url}/readyz`, this.#ca).catch((cause: unknown) => cause);
      if (error === undefined) return;
      if (supervisor.exitCode !== null || Date.now() > endMs) {
        throw new Error(`the second kube-apiserver does not serve: ${readFileSync(logPath, "utf8").slice(-2000)}`, {
          cause: error,
        });
      }
      await wait(50);
    }
  }

  /** As a node that loses its power. */
  async kill(): Promise<void> {
    const supervisor = this.#supervisor;
    if (supervisor === null || supervisor.exitCode !== null) return;
    const { pid } = supervisor;
    const ended = once(supervisor, "exit");
    for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")) {
      process.kill(Number(child), "SIGKILL");
    }
    await ended;
    this.#supervisor = null;
  }

  /** Gives it a certificate of an authority that nobody knows yet; it takes that while it runs. Returns the authority's PEM. */
  async changeAuthority(): Promise<string> {
    const folder = join(this.#folder, "other-authority");
    const made = await makeServerCertificate(folder);
    this.#ca = readFileSync(made.authorityPath, "utf8");
    copyFileSync(made.keyPath, this.#keyPath);
    copyFileSync(made.certificatePath, this.#certificatePath);
    return this.#ca;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
