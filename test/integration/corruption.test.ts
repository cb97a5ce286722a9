/**
 * A checkpoint or savepoint of which a byte is changed, cut off or missing is refused before a record is processed; what is wrong
 * is named, and nothing is deleted.
 *
 * COR1 "Before a record": no part, visible or hidden, is in the output's folder.
 */
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { StreamError, systemRandom } from "../../base/index.ts";
import { jobArgs } from "./job-args.ts";
import type { JobRun, RunOptions } from "./job-run.ts";
import { expectedLines } from "./jobs/word-count.ts";
import { assertSameLines, hiddenParts, readLines, visibleParts } from "./part-files.ts";
import { inWorkspace, Workspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("./jobs/word-count.ts", import.meta.url));
const WORDS = 31;

/** What is done to a file. */
const damages: Record<string, (path: string) => void> = {
  "one byte changed": (path) => {
    const bytes = readFileSync(path);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] as number) ^ 0x20;
    writeFileSync(path, bytes);
  },
  "its end cut off": (path) => truncateSync(path, readFileSync(path).length - 1),
  "been deleted": (path) => rmSync(path),
};

/** Two things to restore from, made once: `checkpoints/` is a cancelled job's root, `savepoint/` a savepoint. */
const original = new Workspace("corruption");
let manifestName = "";

before(async () => {
  const run = await start(original, "first", { "execution.checkpointing.num-retained": "2" });
  await run.nextCheckpoint();
  await run.nextCheckpoint();
  const savepoint = await run.savepoint(original.path("savepoints"));
  await run.nextCheckpoint();
  await run.cancel();
  cpSync(fileURLToPath(run.cluster.checkpointRoot), original.path("checkpoints"), { recursive: true });
  cpSync(fileURLToPath(savepoint), original.path("savepoint"), { recursive: true });
  manifestName = newestManifest(original.path("checkpoints"));
});
after(async () => {
  await original.close();
  rmSync(original.folder, { recursive: true, force: true });
});

describe("a restore is refused with CHECKPOINT_CORRUPT, and nothing is emitted or deleted, when", () => {
  for (const source of ["checkpoint", "savepoint"] as const) {
    for (const file of ["data file", "manifest"] as const) {
      for (const [damage, inflict] of Object.entries(damages)) {
        it(`the ${file} of a ${source} has ${damage}`, () =>
          inWorkspace("corruption", async (workspace) => {
            const folder = workspace.path("restored");
            cpSync(original.path(source === "checkpoint" ? "checkpoints" : "savepoint"), folder, { recursive: true });
            const manifest = source === "checkpoint" ? `chk/${manifestName}` : "_metadata";
            const name = file === "manifest" ? manifest : dataFileOf(folder, manifest);
            inflict(join(folder, name));
            const listed = listing(folder);
            const path = source === "checkpoint" ? join(folder, manifest) : folder;
            const error = await refusal(start(workspace, "home", {}, path), workspace);
            const isGone = file === "manifest" && damage === "been deleted";
            assert.equal(error.code, isGone ? "SAVEPOINT_NOT_FOUND" : "CHECKPOINT_CORRUPT", error.message);
            assert.ok(error.message.includes(name), `the message does not name ${name}: ${error.message}`);
            assert.deepEqual(listing(folder), listed, "files were changed or deleted");
            const output = workspace.path("output");
            assert.deepEqual([...visibleParts(output), ...hiddenParts(output)], []); // COR1
          }));
      }
    }
  }
});

describe("a job whose own newest checkpoint is damaged", () => {
  it("fails, and loses nothing: with the file back in place another job goes on from it", () =>
    inWorkspace("corruption", async (workspace) => {
      const records = 3000;
      const jobId = systemRandom.hex(16);
      const options = { "execution.checkpointing.dir": workspace.path("checkpoints") };
      const first = await start(workspace, "first", options, undefined, { jobId, records });
      await first.nextCheckpoint();
      await first.nextCheckpoint();
      await first.kill();
      const root = fileURLToPath(first.cluster.checkpointRoot);
      const manifest = `chk/${newestManifest(root)}`;
      const name = dataFileOf(root, manifest);
      const bytes = readFileSync(join(root, name));
      damages["one byte changed"]?.(join(root, name));
      const data = (): string[] => listing(root).filter((entry) => entry.startsWith("data/"));
      const kept = data();
      const error = await refusal(start(workspace, "second", options, undefined, { jobId, records }), workspace);
      assert.equal(error.code, "CHECKPOINT_CORRUPT");
      assert.ok(error.message.includes(name), error.message);
      assert.deepEqual(data(), kept);
      assert.ok(readdirSync(join(root, "chk")).includes(basename(manifest)), "the damaged checkpoint was deleted");
      writeFileSync(join(root, name), bytes);
      const third = await start(workspace, "third", options, join(root, manifest), { records });
      await third.finish();
      assertSameLines(readLines(workspace.path("output")), expectedLines(records, WORDS));
    }));
});

function start(
  workspace: Workspace,
  home: string,
  options: Readonly<Record<string, string>>,
  from?: string,
  further: { readonly jobId?: string; readonly records?: number } = {},
): Promise<JobRun> {
  const { records = 100_000, ...rest } = further;
  const run: RunOptions = {
    module: MODULE,
    args: jobArgs({
      count: records,
      rate: 800,
      words: WORDS,
      output: workspace.path("output"),
      until: workspace.mayEndFile,
    }),
    parallelism: 2,
    taskManagers: 1,
    home: workspace.path(home),
    options: { "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION", ...options },
    ...(from === undefined ? {} : { restore: { path: from } }),
    ...rest,
  };
  return workspace.start(run);
}

/** The error that a job is refused or fails with. */
async function refusal(starting: Promise<JobRun>, workspace: Workspace): Promise<{ code: string; message: string }> {
  let run: JobRun;
  try {
    run = await starting;
  } catch (error) {
    assert.ok(error instanceof StreamError, `not an error for a person: ${String(error)}`);
    return error;
  }
  const { failure } = await run.finish("FAILED");
  assert.ok(failure?.code !== undefined, "it failed without a code");
  workspace.note(`failed: ${failure.message}`);
  assert.equal(run.outcome?.restarts, 0);
  return { code: failure.code, message: failure.message };
}

function newestManifest(root: string): string {
  const names = readdirSync(join(root, "chk")).filter((name) => name.endsWith(".manifest"));
  return names.toSorted().at(-1) as string;
}

/** The key of a file that the manifest refers to. */
function dataFileOf(root: string, manifest: string): string {
  const key = /"key":"(data\/[^"]+)"/.exec(readFileSync(join(root, manifest), "utf8"))?.[1];
  assert.ok(key !== undefined, `${manifest} has no file of state`);
  return key;
}

/** Every file with its length. */
function listing(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return `${path.slice(root.length + 1)} ${readFileSync(path).length}`;
    })
    .toSorted();
}
