/** Commands for a cluster that a kubeconfig names, with the API server in memory behind its HTTP face. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { seededRandom, systemClock } from "../../base/index.ts";
import {
  type HttpServer,
  type LocalApiServer,
  openLocalApiServer,
  serveHttp,
} from "../../embedded/api-server/index.ts";
import { homeFolder } from "../jobs/home-folder.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import { executeManifestCommand } from "./execute.ts";
import type { ClusterChoice, ManifestCommand } from "./manifest-command.ts";
import { savepointOfAny } from "./savepoint-command.ts";
import { testTerminal } from "../terminal/terminal.test-support.ts";

const TOKEN = "secret";

describe("commands for a cluster", () => {
  const folder = mkdtempSync(join(tmpdir(), "cluster-commands-"));
  const kubeconfig = join(folder, "kubeconfig");
  const cluster: ClusterChoice = { kubeconfig, context: null, isNamespaceGiven: false };
  let server: LocalApiServer;
  let http: HttpServer;

  before(async () => {
    const parts = { clock: systemClock, random: seededRandom(7) };
    server = await openLocalApiServer(parts);
    http = await serveHttp({ ...parts, api: server, token: TOKEN });
    const config = {
      clusters: [{ name: "c", cluster: { server: http.url } }],
      users: [{ name: "u", user: { token: TOKEN } }],
      contexts: [
        { name: "shop", context: { cluster: "c", user: "u", namespace: "shop" } },
        { name: "none", context: { cluster: "c", user: "u" } },
      ],
      "current-context": "shop",
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
  });
  after(async () => {
    await http.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });

  /** There is no control plane on this home folder. */
  const home = homeFolder(join(folder, "home"));
  const terminalTo = (lines: string[]): Terminal => testTerminal(lines, lines, { random: seededRandom(8) });
  async function run(
    command: ManifestCommand,
    choice: ClusterChoice | null = cluster,
  ): Promise<{ lines: string[]; code: ExitCode }> {
    const lines: string[] = [];
    const code = await executeManifestCommand(home, terminalTo(lines), command, choice);
    return { lines, code };
  }
  const get = { kind: "get", what: "jobs", name: null, namespace: "default", output: "table", watch: false } as const;

  it("are about the namespace of the context, unless another is given", async () => {
    const path = join(folder, "wc.yaml");
    const spec = { job: { module: "wc.ts" }, parallelism: 1 };
    writeFileSync(
      path,
      JSON.stringify({ apiVersion: "streamjob.dev/v1alpha1", kind: "StreamJob", metadata: { name: "wc" }, spec }),
    );
    assert.equal((await run({ kind: "apply", sources: [path], namespace: "default", waitMs: null })).code, 0);
    const stored = await server.get("StreamJob", { namespace: "shop", name: "wc" });
    // A path of the pods, not of this machine.
    assert.equal(stored?.spec.job?.module, "wc.ts");
    assert.match((await run(get)).lines.join("\n"), /^wc /m);
    const given = { ...cluster, isNamespaceGiven: true };
    assert.match((await run(get, given)).lines.join("\n"), /No StreamJobs in namespace default/);
    const other = { ...cluster, context: "none" };
    assert.match((await run(get, other)).lines.join("\n"), /No StreamJobs in namespace default/);
    assert.match((await run({ ...get, namespace: null })).lines.join("\n"), /shop +wc/);
    assert.equal((await run({ kind: "describe", job: "wc", namespace: "default", output: "text" })).code, 0);
  });

  it("take savepoints of StreamJobs there alone", async () => {
    const request = { job: "nobody", directory: null, namespace: null, timeoutMs: 1000, cluster };
    await assert.rejects(savepointOfAny(home, terminalTo([]), request), { code: "OBJECT_NOT_FOUND" });
    await assert.rejects(savepointOfAny(home, terminalTo([]), { ...request, job: "wc" }), {
      code: "JOB_STATE_CONFLICT",
    });
  });

  it("say which kubeconfig cannot be used; without a cluster the control plane of this machine is meant", async () => {
    await assert.rejects(run(get, { ...cluster, context: "prod" }), { code: "KUBECONFIG_INVALID" });
    await assert.rejects(run(get, null), { code: "CONTROL_PLANE_UNAVAILABLE" });
  });
});
