/**
 * The image: built from these sources, unpacked, and run as in a restricted pod, so that what is missing in it is found without a
 * cluster. The oracle of a job is what its files sink shows.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { imageArchive, type ImageArchive, jobImageArchive, ownArchitecture } from "../../tools/image.ts";
import { IncarnationRun } from "../integration/incarnation-run.ts";
import { assertSameLines, readLines } from "../integration/part-files.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { UnpackedImage } from "./unpacked-image.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/10-image", import.meta.url));
/** What the example counts of each verse. */
const COUNTED = ["or", "not", "that", "is", "question"];
const VERSES = 20;
const BYTES_MAX = 200e6;

const tell = (line: string): void => void process.stdout.write(`${line}\n`);

describe("the image", { skip: process.getuid?.() === 0 ? false : "run as root: sudo npm test -- image" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-unpacked-"));
  let archive: ImageArchive;
  let image: UnpackedImage;
  before(async () => {
    archive = await imageArchive(tell);
    image = new UnpackedImage(archive.path, folder);
    chmodSync(folder, 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("is small, for this architecture, not root's, and has no shell", () => {
    assert.ok(image.bytes < BYTES_MAX && statSync(archive.path).size < BYTES_MAX, `${image.bytes} bytes`);
    assert.equal(image.config.architecture, ownArchitecture);
    assert.deepEqual(image.tags, [archive.reference]);
    assert.match(image.config.config.User, /^[1-9]\d{4,}:[1-9]\d{4,}$/);
    for (const shell of ["bin/sh", "usr/bin/sh", "bin/bash"]) assert.equal(existsSync(join(image.root, shell)), false);
  });

  it("is not built again for the same sources (IMG1)", async () => {
    const { mtimeMs } = statSync(archive.path);
    const told: string[] = [];
    assert.deepEqual(await imageArchive((line) => told.push(line)), archive);
    assert.deepEqual(told, []);
    assert.ok(statSync(archive.path).mtimeMs >= mtimeMs);
  });

  it("is the base of a job's image, whose JobManager and TaskManager run with a read-only root and end by SIGTERM", () =>
    inWorkspace("image", async (workspace) => {
      chmodSync(workspace.folder, 0o777);
      const path = workspace.path("words.tar");
      await jobImageArchive(EXAMPLE, "localhost/words:1", path, tell);
      const words = new UnpackedImage(path, workspace.makeFolder("words"));
      const output = workspace.path("output");
      const run = await IncarnationRun.standby(workspace, {
        name: "image",
        module: "/opt/streamjob/job/job.ts",
        args: ["--verses", String(VERSES), "--output", output],
        launch: (program, variables) => words.start([program], variables, workspace.folder),
      });
      assert.equal(await run.activate({ from: { kind: "none" }, predecessors: [] }), 200);
      const { result } = await run.phase("ended");
      assert.equal(result?.status, "FINISHED", run.log);
      const expected = COUNTED.flatMap((word) => Array.from({ length: VERSES }, (_, n) => `${word} ${n + 1}`));
      assertSameLines(readLines(output), expected);
      assert.doesNotMatch(run.log, /TYPELESS_PACKAGE|Warning/);
      for (const child of [run.jobManager, ...run.taskManagers]) assert.equal(await terminated(child), 0, run.log);
    }));

  it("starts the operator, which says what it lacks, and names its programs to whoever asks for another", async () => {
    const outcomeOf = async (...args: string[]): Promise<string> => {
      const child = image.start(args, {}, folder);
      let text = "";
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (piece) => (text += String(piece)));
      const code = await new Promise((resolve) => child.once("close", resolve));
      return `${text} exit code ${String(code)}`;
    };
    assert.match(await outcomeOf("operator"), /the process could not start[^]*exit code [1-9]/);
    const known = /The first argument is one of operator, jobmanager, taskmanager[^]*exit code 2$/;
    assert.match(await outcomeOf("jobmanger"), known);
    assert.match(await outcomeOf(), known);
  });
});

async function terminated(child: ChildProcess | null): Promise<number | null> {
  if (child === null) return null;
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  return ended;
}
