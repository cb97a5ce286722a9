/** The stores of a StreamJob, looked at and rid of what nothing can need by a pod, as in a cluster: `streamjob storage` with a job's name. */
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { RunningCommand, streamjob } from "./command.ts";
import { jobArgs } from "./job-args.ts";
import { assertRunningCounts, countedWord, readLines } from "./part-files.ts";
import { until } from "./until.ts";
import { inWorkspace, type Workspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("jobs/word-count.ts", import.meta.url));
/** More than any machine gets through while the test lasts. */
const COUNT = 10_000_000;
const WORDS = 20;

function writeManifest(workspace: Workspace, parallelism: number): void {
  const args = jobArgs({ count: COUNT, rate: 400, words: WORDS, output: workspace.path("out") });
  const spec = {
    job: { module: MODULE, args },
    parallelism,
    checkpoints: { interval: "300ms", storage: { path: workspace.path("stores") } },
    // So that the state of the one before is left, and the operator does not delete it meanwhile.
    upgrade: { mode: "last-state", stability: { window: "10h" } },
  };
  const object = { apiVersion: "streamjob.dev/v1alpha1", kind: "StreamJob", metadata: { name: "wc" }, spec };
  writeFileSync(workspace.path("wc.json"), JSON.stringify(object));
}

/** How many lines are in the sink: of each word every count once, up to the newest. */
function exactLines(folder: string): number {
  const lines = readLines(folder);
  assertRunningCounts(lines.map(countedWord));
  return lines.length;
}

type Item = { readonly uri: string; readonly what: string; readonly removed: boolean };

test("the stores of a StreamJob are listed, and rid of what nothing can need, by a pod: a person says yes first, and the job goes on exactly", () =>
  inWorkspace("storage", async (workspace) => {
    const done = async (...args: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await streamjob(workspace, ...args);
      assert.equal(exitCode, 0, `${args.join(" ")}\n${stdout}${stderr}`);
      return stdout;
    };
    const up = new RunningCommand(workspace, ["up"]);
    await up.until("it runs", () => /The control plane of .* runs/.test(up.stderr));
    writeManifest(workspace, 1);
    await done("apply", "wc.json", "--wait");
    writeManifest(workspace, 2);
    await done("apply", "wc.json", "--wait");

    const listed = await done("storage", "list", "wc");
    assert.match(listed, /^superseded .* wc .*kept: StreamJob default\/wc \(until incarnation 2 is stable\) needs/m);
    assert.match(
      listed,
      /^in use .* kept: the newest state .*named by StreamJob default\/wc \(the incarnation that runs\)/m,
    );
    await done("storage", "gc", "wc", "--yes");
    const folder = workspace.path("stores", "default");
    const keysOf = (id: string): readonly string[] => readdirSync(`${folder}/${id}`, { recursive: true }).map(String);
    const [store1 = "", store2 = ""] = ["superseded", "in use"].map(
      (state) => new RegExp(`^${state} .*/([0-9a-f]{32}) `, "m").exec(listed)?.[1] ?? "",
    );
    assert.ok(
      keysOf(store1).some((key) => key.startsWith("data/") && /[0-9a-f]{64}$/.test(key)),
      "it may be gone back to",
    );

    await done("suspend", "wc", "--wait");
    // As a TaskManager of an earlier epoch leaves it that was killed.
    const left = `${folder}/${store2}/data/0000000000-0000000001`;
    await mkdir(left, { recursive: true });
    await writeFile(`${left}/${"e".repeat(64)}`, "left");
    const going = async (...flags: string[]): Promise<readonly (readonly [string, string, boolean])[]> => {
      const { items } = JSON.parse(await done("storage", "gc", "wc", "-o", "json", ...flags)) as { items: Item[] };
      return items.map(({ uri, what, removed }) => [uri.slice(-32), what, removed]);
    };
    const wanted = [
      [store1, "state"],
      [store2, "leftovers"],
    ].toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
    assert.deepEqual(
      await going("--dry-run"),
      wanted.map((each) => [...each, false]),
    );
    const unsaid = await streamjob(workspace, "storage", "gc", "wc");
    assert.equal(unsaid.exitCode, 2);
    assert.match(unsaid.stderr, /CONFIRMATION_MISSING/);
    assert.deepEqual(
      await going("--yes"),
      wanted.map((each) => [...each, true]),
    );
    assert.deepEqual(await going("--yes"), []);
    assert.match(await done("storage", "gc", "wc"), /^There is nothing to remove of StreamJob wc\.$/m);
    assert.ok(keysOf(store1).includes("collected"));
    assert.ok(!keysOf(store1).some((key) => key.startsWith("data")));
    const { metadata, status } = JSON.parse(await done("get", "wc", "-o", "json")) as {
      metadata: { annotations?: object };
      status: { storageRequest?: object };
    };
    assert.doesNotMatch(JSON.stringify(metadata), /streamjob.dev\/storage/);
    assert.equal(status.storageRequest, undefined);

    await done("resume", "wc", "--wait");
    const before = exactLines(workspace.path("out"));
    await until(
      () => exactLines(workspace.path("out")) > before + 100,
      "counts after the stores were cleaned",
      180_000,
    );
  }));
