import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import { anyText } from "../../record/texts.test-support.ts";
import { StreamError } from "../../../base/index.ts";
import type { Source } from "../../ports/index.ts";
import { ManualClock, SourceHarness, sourceContract, type SourceWorld } from "../../testkit/index.ts";
import { type TextFileSplit, TextFilesReader, type TextFilesOptions, textFiles } from "./text-source.ts";

let root: string;
let folder: string;
let folders = 0;

before(() => {
  root = mkdtempSync(join(tmpdir(), "text-files-"));
});
after(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  folder = newFolder();
});

function newFolder(): string {
  const path = join(root, String(folders++));
  mkdirSync(path);
  return path;
}

function file(name: string, contents: string | Uint8Array, inFolder = folder): string {
  const path = join(inFolder, name);
  writeFileSync(path, contents);
  return path;
}

/** What a file's lines are (TF1), found in another way than the source does. */
function linesOf(contents: string | Uint8Array): string[] {
  const lines = Buffer.from(contents as string)
    .toString("utf8")
    .split("\n");
  const last = lines.pop() as string;
  return [...lines.map((line) => line.replace(/\r$/, "")), ...(last === "" ? [] : [last])];
}

async function read(options: TextFilesOptions, parallelism = 1): Promise<readonly string[]> {
  const harness = await SourceHarness.start(textFiles(options), { parallelism });
  await harness.read();
  await harness.close();
  return harness.values;
}

/** The source, reading a few bytes at a time. */
function inChunks(
  options: TextFilesOptions,
  chunkBytes: number,
  lineBytesMax = 1 << 20,
): Source<string, TextFileSplit> {
  return {
    ...textFiles(options),
    createReader: (context) =>
      new TextFilesReader(context, { lineBytesMax, linesPerSecond: options.linesPerSecond, chunkBytes }),
  };
}

const isFailure =
  (...words: RegExp[]) =>
  (error: unknown): boolean =>
    error instanceof StreamError && error.code === "SOURCE_FAILED" && words.every((word) => word.test(error.message));

test("lines end at \\n or \\r\\n, the last one also at the end of the file", async () => {
  for (const [contents, lines] of [
    ["a\nb\n", ["a", "b"]],
    ["a\nb", ["a", "b"]],
    ["a\r\nb\r\n", ["a", "b"]],
    ["\n\na\n\n", ["", "", "a", ""]],
    ["a\rb\n", ["a\rb"]],
    ["a\r", ["a\r"]],
    ["\r\n", [""]],
    ["", []],
    ["\ufeffä€😀\n", ["\ufeffä€😀"]],
    [Buffer.from([0x61, 0xff, 0x00, 0x62, 0x0a, 0xc3]), ["a\ufffd\u0000b", "\ufffd"]],
  ] as const) {
    assert.deepEqual(await read({ path: file("text", contents) }), lines, JSON.stringify(contents));
    assert.deepEqual(linesOf(contents), lines, "the check itself");
  }
});

test("a folder is read by name, without hidden files, and with its folders when told so", async () => {
  mkdirSync(join(folder, "inner"));
  mkdirSync(join(folder, ".git"));
  file("b", "b\n");
  file("a", "a\n");
  file(".hidden", "no\n");
  file("_SUCCESS", "no\n");
  file("x", "no\n", join(folder, ".git"));
  file("c", "c\n", join(folder, "inner"));
  symlinkSync(folder, join(folder, "loop"));
  assert.deepEqual(await read({ path: folder }), ["a", "b"]);
  assert.deepEqual(await read({ path: folder, recursive: true }), ["a", "b", "c"]);
});

test("globs and paths together give every file once", async () => {
  mkdirSync(join(folder, "inner"));
  const a = file("a.txt", "a\n");
  file("b.md", "b\n");
  file("c.txt", "c\n", join(folder, "inner"));
  assert.deepEqual(await read({ path: a, paths: [a], glob: [`${folder}/**/*.txt`, `${folder}/*`] }), ["a", "b", "c"]);
});

test("a missing path and a glob without files fail the job at once, and say what to do", async () => {
  const missing = join(folder, "missing");
  await assert.rejects(read({ path: missing }), isFailure(/missing/, /check the path/));
  await assert.rejects(read({ glob: `${missing}/*` }), isFailure(/no file matches .*missing/, /check the pattern/));
  await assert.rejects(read({ path: missing }), (error: StreamError) => error.destiny === "terminal");
});

test("an empty folder and empty files give nothing", async () => {
  file("empty", "");
  assert.deepEqual(await read({ path: folder }, 2), []);
});

test("a line belongs to the split in which it begins, at any length of splits", async () => {
  const contents = "aa\n\nb\r\nccccc\n€€\nd";
  const path = file("text", contents);
  for (let splitBytes = 1; splitBytes < 30; splitBytes++) {
    for (const parallelism of [1, 3]) {
      assert.deepEqual(
        [...(await read({ path, splitBytes }, parallelism))].sort(),
        linesOf(contents).sort(),
        `${splitBytes}`,
      );
    }
    assert.deepEqual(await read({ path, splitBytes }), linesOf(contents));
  }
});

const someLine = fc.oneof(
  fc.string({ maxLength: 12 }),
  anyText({ maxLength: 8 }).map((line) => line.replaceAll("\n", " ")),
  fc.constantFrom("", "\r", "ä€😀", "x".repeat(100), "\u0000", "a\rb"),
);
const someFile = fc
  .tuple(
    fc.array(fc.tuple(someLine, fc.constantFrom("\n", "\r\n")), { maxLength: 25 }),
    fc.option(someLine, { nil: "" }),
  )
  .map(([lines, last]) => lines.map(([line, end]) => line + end).join("") + last);

test("every line comes once, whatever the files, splits, chunks, restores and parallelism", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(someFile, { maxLength: 5 }),
      fc.integer({ min: 1, max: 80 }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(
        fc.record({
          parallelism: fc.integer({ min: 1, max: 4 }),
          lines: fc.nat({ max: 30 }),
          maxRecords: fc.integer({ min: 1, max: 7 }),
          isSaved: fc.boolean(),
        }),
        { maxLength: 5 },
      ),
      async (files, splitBytes, chunkBytes, rounds) => {
        const inFolder = newFolder();
        files.forEach((contents, place) => file(`f${place}`, contents, inFolder));
        const source = inChunks({ path: inFolder, splitBytes }, chunkBytes);
        const given: string[] = [];
        let splits: readonly TextFileSplit[] | undefined;
        const restored = (): { splits?: readonly TextFileSplit[] } => (splits === undefined ? {} : { splits });
        for (const { parallelism, lines, maxRecords, isSaved } of rounds) {
          const harness = await SourceHarness.start(source, { parallelism, ...restored() });
          await harness.read(() => harness.records.length >= lines, maxRecords);
          if (isSaved) {
            splits = structuredClone(harness.snapshot());
            given.push(...harness.values);
          }
          await harness.close();
        }
        const last = await SourceHarness.start(source, restored());
        await last.read();
        await last.close();
        const expected = files.flatMap(linesOf);
        assert.deepEqual([...given, ...last.values].sort(), [...expected].sort());
        if (given.length === 0) assert.deepEqual(last.values, expected);
        assert.deepEqual(last.snapshot(), []);
      },
    ),
    { numRuns: 60 },
  );
});

const fileWorld = (): SourceWorld<string, TextFileSplit> => {
  const inFolder = newFolder();
  file("a.txt", "one\ntwo\r\n\nfour\n", inFolder);
  file("b.txt", "five\nsix, which is longer than a split\nseven", inFolder);
  return {
    makeSource: () => textFiles({ path: inFolder, splitBytes: 9 }),
    records: ["one", "two", "", "four", "five", "six, which is longer than a split", "seven"],
  };
};
for (const { name, run } of sourceContract(fileWorld)) test(`a folder ${name}`, run);

test("many small files and one of many chunks are read in order", async () => {
  for (let index = 0; index < 300; index++) file(`f${String(index).padStart(3, "0")}`, `${index}\n`);
  const lines = Array.from({ length: 60_000 }, (_, index) => `line ${index} ${"ä".repeat(index % 30)}`);
  file("g", lines.join("\n"));
  assert.deepEqual(await read({ path: folder, splitBytes: 1 << 20 }), [
    ...Array.from({ length: 300 }, (_, index) => String(index)),
    ...lines,
  ]);
});

test("a line much longer than a chunk is whole, in any split, and one that is too long fails the job", async () => {
  const long = "€".repeat(700_000);
  const path = file("long", `a\n${long}\nb\n`);
  assert.deepEqual(await read({ path }), ["a", long, "b"]);
  assert.deepEqual(await read({ path, splitBytes: 300_000 }), ["a", long, "b"]);
  await assert.rejects(
    read({ path, lineBytesMax: 1 << 20 }),
    isFailure(/line at byte 2 is longer than 1048576 bytes/, /long/),
  );
});

test("what is appended after the start is not read", async () => {
  const path = file("log", "a\nb\n");
  const source = textFiles({ path });
  const harness = await SourceHarness.start(source);
  const splits = harness.snapshot();
  await harness.close();
  writeFileSync(path, "a\nb\nc\n");
  const restored = await SourceHarness.start(source, { splits });
  await restored.read();
  assert.deepEqual(restored.values, ["a", "b"]);
});

test("a file that has gone or become shorter fails the task with its path and what to do", async () => {
  for (const [spoil, words] of [
    [(path: string) => rmSync(path), /it is not there; it was, with 9 bytes.*Put it back/],
    [(path: string) => truncateSync(path, 4), /it has 4 bytes, but had 9.*Put the old contents back/],
  ] as const) {
    const path = file("gone", "one\ntwo\n3");
    const source = textFiles({ path });
    const harness = await SourceHarness.start(source);
    const splits = harness.snapshot();
    await harness.close();
    spoil(path);
    const restored = await SourceHarness.start(source, { splits });
    await assert.rejects(restored.read(), isFailure(words, new RegExp(path)));
    await restored.close();
  }
});

test("lines before a failure are given first, and closing in the middle leaves nothing behind", async () => {
  file("a", "a\n");
  const path = file("b", "b\n");
  const harness = await SourceHarness.start(textFiles({ path: folder }));
  const splits = harness.snapshot();
  await harness.close();
  rmSync(path);
  const restored = await SourceHarness.start(textFiles({ path: folder }), { splits });
  await assert.rejects(restored.read(), isFailure(/b: it is not there/));
  assert.deepEqual(restored.values, ["a"]);
  await restored.close();
});

test("linesPerSecond is the rate of the whole source", async () => {
  file("a", "line\n".repeat(3000));
  for (const parallelism of [1, 3]) {
    const clock = new ManualClock();
    const source = textFiles({ path: folder, linesPerSecond: 100, splitBytes: 100 });
    const harness = await SourceHarness.start(source, { parallelism, clock });
    // The first blocks come from the disk in real time; the rest is the clock's.
    for (let subtask = 0; subtask < parallelism; subtask++) {
      while (harness.poll(subtask) === "idle" && harness.woken === 0)
        await new Promise((resolve) => setImmediate(resolve));
    }
    // The clock waits for the disk, which takes real time whenever a reader comes to its next split.
    const deadline = Date.now() + 20_000;
    for (let elapsedMs = 0; elapsedMs < 10_000; elapsedMs += 10) {
      const dueSoon = elapsedMs / 10 - 50;
      do {
        for (let subtask = 0; subtask < parallelism; subtask++) harness.poll(subtask);
        await new Promise((resolve) => setImmediate(resolve));
      } while (harness.records.length < dueSoon && Date.now() < deadline);
      clock.advance(10);
    }
    const { length } = harness.records;
    assert.ok(length > 900 && length <= 1010, `${length} lines in 10 s at parallelism ${parallelism}`);
    await harness.close();
  }
});

test("wrong options are refused in words", () => {
  for (const [options, words] of [
    [{}, /at least one path or glob/],
    [{ path: "" }, /none of them empty/],
    [{ path: "x", splitBytes: 0 }, /splitBytes is 0/],
    [{ path: "x", linesPerSecond: -1 }, /linesPerSecond is -1/],
  ] as const) {
    assert.throws(
      () => textFiles(options),
      (error) => error instanceof StreamError && error.code === "OPTION_INVALID" && words.test(error.message),
    );
  }
});
