import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { serveHttp } from "../../embedded/api-server/index.ts";
import { sleep, systemClock } from "../../base/index.ts";
import { takeEndpoint } from "../../main/control-plane/index.ts";
import { homeFolder } from "../jobs/home-folder.ts";
import { activeOf, AT, type CommandRig, createRig, manifest, statusWith } from "./command-rig.test-support.ts";
import { Signals } from "../terminal/signals.ts";
import { ManifestRun, runManifestsCommand } from "./run-command.ts";
import { readManifestSet } from "./manifest-set.ts";
import { readSources } from "./manifest-sources.ts";
import { savepointOfAny } from "./savepoint-command.ts";

const folder = mkdtempSync(join(tmpdir(), "run-command-"));
after(() => rmSync(folder, { recursive: true }));

const key = { namespace: "default", name: "wc" };

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 60_000;
  while (!(await holds())) {
    assert.ok(systemClock.monotonicMs() < deadlineMs, `in 60 s not: ${what}`);
    await sleep(systemClock, 20);
  }
}

/** A control plane of this process that only serves its API: what `run` finds and joins. */
async function withPlane(
  name: string,
  test: (rig: CommandRig, home: ReturnType<typeof homeFolder>) => Promise<void>,
): Promise<void> {
  const rig = await createRig();
  const home = homeFolder(join(folder, name));
  mkdirSync(home.controlPlane, { recursive: true });
  const http = await serveHttp({ api: rig.server, token: "t", clock: systemClock });
  await takeEndpoint(home.controlPlane);
  await takeEndpoint(home.controlPlane, { url: http.url, token: "t" });
  try {
    await test(rig, home);
  } finally {
    process.emit("SIGINT"); // a run that a failed test left behind ends
    await http.close();
    await rig.server.close();
  }
}

describe("run <manifest>", () => {
  it("applies each save, bears a broken one, deletes nothing, and ends when its jobs have ended", () =>
    withPlane("story", async (rig, home) => {
      const file = join(folder, "wc.json");
      const saidAll = (): string => rig.said.join("\n");
      writeFileSync(file, `${manifest()}\n---\n${manifest("other")}`);
      const ran = runManifestsCommand(home, rig.terminal, {
        kind: "runManifests",
        sources: [file],
        namespace: "default",
      });
      await until("both are there", async () => (await rig.api.get("StreamJob", { ...key, name: "other" })) !== null);
      await until("it said so", () => /other created/.test(saidAll()));

      writeFileSync(file, manifest("wc", { paralelism: 2 }));
      await until("the mistake is said", () =>
        /wc\.json:1:\d+ spec\.paralelism: .*did you mean[^]*Nothing was applied/.test(saidAll()),
      );
      assert.equal((await rig.get("wc")).metadata.generation, 1);

      writeFileSync(`${file}~`, manifest("wc", { parallelism: 2 }));
      renameSync(`${file}~`, file);
      await until("the next save is applied", async () => (await rig.get("wc")).spec.parallelism === 2);
      await until("what is no longer written is told", () =>
        /other is no longer in .*`streamjob delete other`/.test(saidAll()),
      );
      assert.ok(await rig.get("other"), "and is still there (RM2)");

      const finished = { status: "FINISHED" as const, at: AT, savepoint: null, message: "the job is FINISHED" };
      await rig.writeStatus("wc", statusWith(2, { active: activeOf("wc-1", { ended: finished }) }, "Ready"));
      await rig.api.delete("StreamJob", { ...key, name: "other" });
      assert.equal(await ran, 0);
      assert.match(saidAll(), /wc: FINISHED[^]*2 jobs ended\./);
    }));

  it("ends with 1 when a job FAILED with nobody to start it again (RM4)", () =>
    withPlane("failed", async (rig, home) => {
      const file = join(folder, "failing.json");
      writeFileSync(file, manifest());
      const ran = runManifestsCommand(home, rig.terminal, {
        kind: "runManifests",
        sources: [file],
        namespace: "default",
      });
      await until("it is there", async () => (await rig.api.get("StreamJob", key)) !== null);
      const failed = { status: "FAILED" as const, at: AT, savepoint: null, message: "boom" };
      await rig.writeStatus(
        "wc",
        statusWith(1, { active: activeOf("wc-1", { ended: failed }) }, [
          "Stalled",
          "JobFailed",
          "the job FAILED: boom",
        ]),
      );
      assert.equal(await ran, 1);
      assert.match(rig.said.join("\n"), /the job FAILED: boom[^]*1 of them FAILED/);
    }));
});

const finished = { status: "FINISHED" as const, at: AT, savepoint: null, message: "the job is FINISHED" };

/** A `run` whose control plane is in this process, as far as it can tell. */
function startOwnRun(rig: CommandRig, file: string, isAlive: () => boolean = () => true) {
  const signalled = new Signals(systemClock);
  let isStopped = false;
  const stop = async (): Promise<void> => void (isStopped = true);
  const plane = { api: rig.api, isOwn: true, pid: process.pid, isAlive, stop, kill: stop };
  const command = { kind: "runManifests" as const, sources: [file], namespace: "default" };
  const run = new ManifestRun({ terminal: rig.terminal, command, plane, signalled, home: "/the/home" });
  const ran = run.run(readManifestSet(readSources([file], Buffer.alloc(0)), "default")).finally(() => signalled.stop());
  return { ran, isStopped: () => isStopped, saidAll: () => rig.said.join("\n") };
}

describe("a run that brought the control plane", () => {
  it("stays for the jobs of others, says so before and when its own have ended, and ends with the last (RM5)", () =>
    withPlane("others", async (rig) => {
      const file = join(folder, "short.json");
      writeFileSync(file, manifest());
      const { ran, isStopped, saidAll } = startOwnRun(rig, file);
      await until("it is there", async () => (await rig.api.get("StreamJob", key)) !== null);
      assert.match(saidAll(), /until its jobs have ended; `streamjob up` starts one that keeps running/);
      await rig.api.create("StreamJob", { ...JSON.parse(manifest("other")), metadata: { ...key, name: "other" } });
      await until("the other is said", () =>
        /other also runs in this control plane, which keeps running/.test(saidAll()),
      );

      await rig.writeStatus("wc", statusWith(1, { active: activeOf("wc-1", { ended: finished }) }, "Ready"));
      await until("that it stays is said", () =>
        /The jobs of this command have ended; the control plane keeps running for other/.test(saidAll()),
      );
      assert.equal(isStopped(), false);

      await rig.writeStatus("other", statusWith(1, { active: activeOf("other-1", { ended: finished }) }, "Ready"));
      assert.equal(await ran, 0);
      assert.equal(isStopped(), true);
      assert.match(saidAll(), /1 job ended\./);
    }));

  it("does not stay for a job that is suspended, or that waits for a person", () =>
    withPlane("waiting", async (rig) => {
      const file = join(folder, "short2.json");
      writeFileSync(file, manifest());
      for (const [name, spec] of [
        ["asleep", { state: "suspended" }],
        ["stuck", {}],
      ] as const) {
        await rig.api.create("StreamJob", { ...JSON.parse(manifest(name, spec)), metadata: { ...key, name } });
      }
      await rig.writeStatus("asleep", statusWith(1, {}));
      await rig.writeStatus("stuck", statusWith(1, {}, ["Stalled", "InvalidSpec", "no such module"]));
      const { ran } = startOwnRun(rig, file);
      await until("it is there", async () => (await rig.api.get("StreamJob", key)) !== null);
      await rig.writeStatus("wc", statusWith(1, { active: activeOf("wc-1", { ended: finished }) }, "Ready"));
      assert.equal(await ran, 0);
    }));

  it("ends when its home folder has gone, and touches nothing in it any more (JP2)", () =>
    withPlane("gone", async (rig) => {
      const file = join(folder, "gone.json");
      writeFileSync(file, manifest());
      let isAlive = true;
      const { ran, isStopped, saidAll } = startOwnRun(rig, file, () => isAlive);
      await until("it is there", async () => (await rig.api.get("StreamJob", key)) !== null);
      isAlive = false;
      assert.equal(await ran, 1);
      assert.match(saidAll(), /The home folder \/the\/home was removed/);
      assert.equal(isStopped(), false);
    }));

  it("answers each save of a set that is still broken, and applies nothing (RM6)", () =>
    withPlane("broken", async (rig) => {
      const [a, b] = [join(folder, "a.json"), join(folder, "b.json")];
      writeFileSync(a, manifest());
      writeFileSync(b, manifest("b"));
      const ran = runManifestsCommand(homeFolder(join(folder, "broken")), rig.terminal, {
        kind: "runManifests",
        sources: [a, b],
        namespace: "default",
      });
      const answers = (): number => rig.said.filter((line) => /Nothing was applied/.test(line)).length;
      await until("both are there", async () => (await rig.api.get("StreamJob", { ...key, name: "b" })) !== null);
      writeFileSync(b, manifest("b", { paralelism: 2 }));
      await until("the mistake is said", () => answers() === 1);
      writeFileSync(a, manifest("wc", { parallelism: 2 }));
      await until("it is said again", () => answers() === 2);
      assert.equal((await rig.get("wc")).metadata.generation, 1);
      process.emit("SIGINT");
      assert.equal(await ran, 0);
    }));
});

describe("what a job's code writes", () => {
  it("is shown by run, line by line, without the engine's log (PO1)", () =>
    withPlane("output", async (rig) => {
      const file = join(folder, "output.json");
      writeFileSync(file, manifest());
      const engine = '{"level":30,"msg":"a task runs"}';
      let log = `${engine}\nhello\n${engine}\n`;
      rig.server.serveLogs(async (pod) => (pod.metadata.name.includes("jobmanager") ? "of the JobManager\n" : log));
      const { ran } = startOwnRun(rig, file);
      await until("it is there", async () => (await rig.api.get("StreamJob", key)) !== null);
      for (const [job, component] of [
        ["wc", "taskmanager"],
        ["wc", "jobmanager"],
        ["another", "taskmanager"],
      ] as const) {
        await rig.api.create("Pod", {
          apiVersion: "v1",
          kind: "Pod",
          metadata: {
            namespace: "default",
            name: `${job}-1-${component}-0`,
            labels: { "streamjob.dev/job": job, "app.kubernetes.io/component": component },
          },
          spec: { containers: [{ name: component, image: "streamjob:local" }] },
        });
      }
      await until("the first line is shown", () => rig.out.length > 0);
      log += "hello\n";
      // The last look is made when the job has ended.
      await rig.writeStatus("wc", statusWith(1, { active: activeOf("wc-1", { ended: finished }) }, "Ready"));
      assert.equal(await ran, 0);
      assert.deepEqual(rig.out, ["hello", "hello"]);
    }));
});

describe("savepoint", () => {
  it("of a StreamJob makes a snapshot and waits for it", () =>
    withPlane("savepoint", async (rig, home) => {
      await rig.api.create("StreamJob", { ...JSON.parse(manifest()), metadata: key });
      const request = { job: "wc", directory: "/s", namespace: null, timeoutMs: 10_000 };
      await assert.rejects(savepointOfAny(home, rig.terminal, request), /does not run, so no savepoint can be taken/);
      await rig.writeStatus("wc", statusWith(1, { active: activeOf("wc-1") }, "Ready"));
      const taken = savepointOfAny(home, rig.terminal, request);
      const snapshots = async () => (await rig.api.list("StreamJobSnapshot")).items;
      await until("the snapshot is there", async () => (await snapshots()).length === 1);
      const [snapshot] = await snapshots();
      assert.ok(snapshot !== undefined);
      assert.equal(snapshot.spec.path, `/s/${snapshot.metadata.name}`);
      await rig.api.updateStatus("StreamJobSnapshot", {
        ...snapshot,
        status: { phase: "Completed", location: "file:///s/x" },
      });
      assert.equal(await taken, 0);
      assert.deepEqual(rig.out, ["Savepoint completed. Path: file:///s/x"]);
    }));
});
