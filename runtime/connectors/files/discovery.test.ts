import assert from "node:assert/strict";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { StreamError } from "../../../base/index.ts";
import { SourceHarness } from "../../testkit/index.ts";
import { type TextFileSplit, type TextFilesOptions, textFiles } from "./text-source.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "discovery-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: string[]): string => join(folder, ...names);

async function read(options: TextFilesOptions, splits?: readonly TextFileSplit[]): Promise<readonly string[]> {
  const harness = await SourceHarness.start(textFiles(options), splits === undefined ? {} : { splits });
  try {
    await harness.read();
    return harness.values;
  } finally {
    await harness.close();
  }
}

/** What a checkpoint right after the start holds. */
async function splitsOf(options: TextFilesOptions): Promise<TextFileSplit[]> {
  const harness = await SourceHarness.start(textFiles(options));
  const splits = structuredClone(harness.snapshot());
  await harness.close();
  return splits;
}

test("TD3: a file with links to it, symbolic and hard, is read once", async () => {
  writeFileSync(at("b.txt"), "b\n");
  symlinkSync(at("b.txt"), at("a-link.txt"));
  linkSync(at("b.txt"), at("c-hard.txt"));
  symlinkSync("a-link.txt", at("link-to-link.txt"));
  assert.deepEqual(await read({ path: folder }), ["b"]);
  assert.deepEqual(
    (await splitsOf({ path: folder })).map(({ path }) => basename(path)),
    ["b.txt"],
  );
});

test("TD3: paths, folders and globs that name the same file by different ways give it once", async () => {
  mkdirSync(at("data"));
  writeFileSync(at("data", "a.txt"), "a\n");
  symlinkSync(at("data"), at("again"));
  symlinkSync(at("data", "a.txt"), at("link.txt"));
  const options = {
    path: at("again"),
    paths: [at("link.txt"), at("data"), at("again", "a.txt")],
    glob: [`${folder}/*/*.txt`, `${folder}/link*`],
  };
  assert.deepEqual(await read(options), ["a"]);
  // In whatever order they are found, the same name counts (TD1).
  const paths = [at("link.txt"), at("data", "a.txt"), at("again", "a.txt")];
  for (const order of [paths, paths.toReversed()]) {
    assert.deepEqual(
      (await splitsOf({ paths: order })).map(({ path }) => path),
      [at("data", "a.txt")],
    );
  }
});

test("files with equal contents are files of their own", async () => {
  writeFileSync(at("a"), "same\n");
  writeFileSync(at("b"), "same\n");
  assert.deepEqual(await read({ path: folder }), ["same", "same"]);
});

test("links that lead nowhere or in a circle are left out of folders, and refused as a path", async () => {
  writeFileSync(at("a"), "a\n");
  symlinkSync("loop-2", at("loop-1"));
  symlinkSync("loop-1", at("loop-2"));
  symlinkSync("self", at("self"));
  symlinkSync("gone", at("dangling"));
  symlinkSync(".", at("folder-loop"));
  assert.deepEqual(await read({ path: folder, recursive: true, glob: `${folder}/**` }), ["a"]);
  for (const name of ["loop-1", "self", "dangling"]) {
    await assert.rejects(
      read({ path: at(name) }),
      (error: StreamError) => error.code === "SOURCE_FAILED" && error.message.includes(at(name)),
      name,
    );
  }
});

test("TD3: a link that changes between checkpoint and restore neither repeats nor loses a file", async () => {
  writeFileSync(at("b.txt"), "b\n");
  writeFileSync(at("c.txt"), "c\n");
  symlinkSync("b.txt", at("a-link.txt"));
  const splits = await splitsOf({ path: folder });
  unlinkSync(at("a-link.txt"));
  symlinkSync("c.txt", at("a-link.txt"));
  assert.equal(readlinkSync(at("a-link.txt")), "c.txt");
  assert.deepEqual(await read({ path: folder }, splits), ["b", "c"]);
});

test("TD4: another file under the path of one, by a changed link or a rename, is not read in its place", async () => {
  mkdirSync(at("data"));
  writeFileSync(at("1.txt"), "first\n");
  writeFileSync(at("2.txt"), "second, and as long\n");
  symlinkSync(at("1.txt"), at("data", "current"));
  const splits = await splitsOf({ path: at("data") });
  const isRefused = (error: unknown): boolean =>
    error instanceof StreamError &&
    error.code === "SOURCE_FAILED" &&
    error.message.includes(at("data", "current")) &&
    /is another file than when the job started/.test(error.message);
  unlinkSync(at("data", "current"));
  symlinkSync(at("2.txt"), at("data", "current"));
  await assert.rejects(read({ path: at("data") }, splits), isRefused);
  renameSync(at("2.txt"), at("data", "current"));
  await assert.rejects(read({ path: at("data") }, splits), isRefused);
  // The same contents elsewhere, as on another machine, are the same file.
  rmSync(at("data", "current"));
  writeFileSync(at("data", "current"), "first\n");
  assert.deepEqual(await read({ path: at("data") }, splits), ["first"]);
});

test("splits of a version that knew no digests are read as they were", async () => {
  writeFileSync(at("a"), "a\nb\n");
  const [split] = await splitsOf({ path: folder });
  const { head: _head, ...old } = split as TextFileSplit;
  assert.deepEqual(await read({ path: folder }, [{ ...old, position: 2 }]), ["b"]);
});
