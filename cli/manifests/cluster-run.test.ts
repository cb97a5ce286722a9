/** `run` on a cluster: an API server that outlives it, here the one in memory. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { sleep, systemClock } from "../../base/index.ts";
import { ApiError, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import type { JobManagerApi } from "../../operator/engine/index.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import { type CommandRig, createRig, manifest } from "./command-rig.test-support.ts";
import type { JobCommand } from "./manifest-command.ts";
import { runInCluster } from "./run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "cluster-run-"));
after(() => rmSync(folder, { recursive: true }));
const CODE = 'import { job } from "streamjob";\nexport default job(() => {});\n';
const shop = { namespace: "shop", name: "words" };

describe("run in a cluster", () => {
  let rig: CommandRig;
  beforeEach(async () => {
    rig = await createRig();
  });
  afterEach(async () => {
    process.emit("SIGINT", "SIGINT"); // a run that a failed test left behind ends
    await rig.server.close();
  });

  async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + 60_000;
    while (!(await holds())) {
      assert.ok(systemClock.monotonicMs() < deadlineMs, `in 60 s not: ${what}: ${rig.said.join("; ")}`);
      await sleep(systemClock, 20);
    }
  }
  const saidAll = (): string => rig.said.join("\n");

  function start(command: Partial<JobCommand<"runManifests">>, api: KubernetesApi = rig.api): Promise<ExitCode> {
    const opened = {
      api,
      jobManagers: rig.jobManagers as JobManagerApi,
      connect: rig.connect,
      namespace: "shop",
      isLocal: false,
      isAlive: () => true,
      close: () => undefined,
    };
    return runInCluster(opened, rig.terminal, { kind: "runManifests", sources: [], namespace: "shop", ...command });
  }

  const inlineOf = (module: string) => ({ module, name: null, image: null, args: [], options: {} });

  it("a module becomes a StreamJob, each save is applied, Ctrl-C leaves it and says how it is deleted (RM7)", async () => {
    const module = join(folder, "words.ts");
    writeFileSync(module, CODE);
    const ran = start({ sources: [module], inline: inlineOf(module) });
    const inline = async () => (await rig.api.get("StreamJob", shop))?.spec.job?.inline;
    await until("it is there", async () => (await inline()) === CODE);
    await until("it is said", () => /streamjob\/words \(namespace shop\) created/.test(saidAll()));
    writeFileSync(module, `import "./other.ts";\n${CODE}`);
    await until("what the cluster has not got is told", () =>
      /words\.ts: imports \.\/other\.ts,[^]*Nothing was applied/.test(saidAll()),
    );
    writeFileSync(module, `${CODE}// longer\n`);
    await until("the next save is applied", async () => (await inline()) === `${CODE}// longer\n`);
    process.emit("SIGINT", "SIGINT");
    assert.equal(await ran, 0);
    assert.match(saidAll(), /SIGINT: the jobs keep running in the cluster\./);
    assert.match(saidAll(), /words stays: `streamjob delete words -n shop` deletes it/);
    assert.notEqual(await inline(), undefined);
  });

  it("with --rm it deletes what it created, and nothing that was there (RM7)", async () => {
    const file = join(folder, "two.json");
    const place = { ...shop, name: "old" };
    await rig.api.create("StreamJob", { ...JSON.parse(manifest("old")), metadata: place });
    writeFileSync(file, `${manifest("old", { parallelism: 2 })}\n---\n${manifest("words")}`);
    const ran = start({ sources: [file], removes: true });
    await until("both are applied", async () => (await rig.api.get("StreamJob", shop)) !== null);
    await until("it is said", () => /words \(namespace shop\) created/.test(saidAll()));
    process.emit("SIGINT", "SIGINT");
    assert.equal(await ran, 0);
    assert.equal(await rig.api.get("StreamJob", shop), null);
    assert.equal((await rig.api.get("StreamJob", place))?.spec.parallelism, 2);
    assert.match(saidAll(), /What this command created is deleted/);
  });

  it("what would be of another namespace is not followed, and not applied", async () => {
    const file = join(folder, "one.json");
    writeFileSync(file, `${manifest("words")}\n`);
    const ran = start({ sources: [file] });
    await until("it is there", () => /words \(namespace shop\) created/.test(saidAll()));
    const other = manifest("other").replace('"name":"other"', '"name":"other","namespace":"bank"');
    writeFileSync(file, `${manifest("words")}\n---\n${other}\n`);
    await until("it is said", () =>
      /metadata\.namespace: is of namespace bank, and this command follows shop/.test(saidAll()),
    );
    assert.equal(await rig.api.get("StreamJob", { namespace: "bank", name: "other" }), null);
    process.emit("SIGINT", "SIGINT");
    assert.equal(await ran, 0);
  });

  it("who may not watch is told so, and nothing is sent", async () => {
    const file = join(folder, "refused.json");
    writeFileSync(file, manifest("words"));
    const list: KubernetesApi["list"] = async (kind, options) => {
      if (kind === "Event") throw new ApiError("Forbidden", "you may not list events");
      return rig.api.list(kind, options);
    };
    const api = new Proxy(rig.api, {
      get: (target, name) => {
        if (name === "list") return list;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    await assert.rejects(start({ sources: [file] }, api), { reason: "Forbidden" });
    assert.equal(await rig.api.get("StreamJob", shop), null);
  });
});
