import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { serveHttp } from "../../../operator/local/index.ts";
import { sleep, systemClock } from "../../base/index.ts";
import { takeEndpoint } from "../control-plane/endpoint.ts";
import { homeFolder } from "../home-folder.ts";
import { activeOf, AT, type CommandRig, createRig, manifest, statusWith } from "./command-rig.test-support.ts";
import { runManifestsCommand } from "./run-command.ts";
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
