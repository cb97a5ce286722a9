import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import fc from "fast-check";
import { StreamError } from "../../../base/index.ts";
import type { SinkContext, TransactionWriter } from "../../ports/index.ts";
import { type TransactionWorld, twoPhaseCommitContract } from "../../testkit/index.ts";
import { PartFile } from "./part-file.ts";
import { type FilesSinkOptions, type FilesTransaction, filesSink } from "./files-sink.ts";
import { prepared, sinkContext } from "../../testkit/sink-by-hand.test-support.ts";

let root: string;
let directory: string;
let directories = 0;

before(() => {
  root = mkdtempSync(join(tmpdir(), "files-sink-"));
});
after(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  directory = join(root, String(directories++));
});

const context = sinkContext({ name: "files" });

type Writer<T> = Required<TransactionWriter<T, FilesTransaction>>;

async function openWriter<T = string>(
  options: Partial<FilesSinkOptions<T>> = {},
  where: Partial<SinkContext> = {},
): Promise<Writer<T>> {
  const writer = filesSink({ directory, ...options }).createWriter({ ...context, ...where }) as Writer<T>;
  await writer.open();
  return writer;
}

const visible = (folder = directory): string[] =>
  readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .sort();
const hidden = (folder = directory): string[] => readdirSync(folder).filter((name) => name.startsWith("."));
const contents = (folder = directory): string =>
  visible(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");

describe("filesSink keeps the two-phase commit contract", () => {
  const createWorld = async (): Promise<TransactionWorld<FilesTransaction>> => {
    const folder = await mkdtemp(join(tmpdir(), "files-sink-contract-"));
    return {
      makeSink: () => filesSink<string>({ directory: folder, rollBytes: 30 }),
      readCommitted: async () => {
        const names = (await readdir(folder)).filter((name) => !name.startsWith("."));
        const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
        return texts.flatMap((text) => text.split("\n").slice(0, -1));
      },
      dispose: () => rm(folder, { recursive: true }),
    };
  };
  for (const { name, run } of twoPhaseCommitContract(createWorld, { runs: 40 })) test(name, run);
});

describe("filesSink", () => {
  test("a part is hidden until its commit, and has the lines then", async () => {
    const writer = await openWriter();
    const transaction = await prepared(writer, ["a", "€", "c"]);
    assert.deepEqual(visible(), []);
    assert.deepEqual(await writer.commit(transaction), { kind: "committed" });
    assert.equal(contents(), "a\n€\nc\n");
    assert.deepEqual(hidden(), []);
    assert.match(visible()[0] ?? "", /^part-0-1-1-0-[0-9a-f]{10}$/);
  });

  test("values are JSON by default; format, prefix and suffix are the user's", async () => {
    const json = await openWriter<unknown>();
    await json.commit(await prepared(json, [{ word: "a", count: 1n }, [1]]));
    assert.equal(contents(), '{"word":"a","count":1}\n[1]\n');
    directory = join(directory, "own", "deeper");
    const own = await openWriter<unknown>({
      prefix: "words",
      suffix: ".csv",
      format: (value) => (typeof value === "string" ? `${value};` : new Uint8Array([0, 255, 10])),
    });
    await own.commit(await prepared(own, ["a", 1, "b", 2]));
    assert.match(visible()[0] ?? "", /^words-0-1-1-0-[0-9a-f]{10}\.csv$/);
    assert.deepEqual(
      readFileSync(join(directory, visible()[0] ?? "")),
      Buffer.from([97, 59, 10, 0, 255, 10, 98, 59, 10, 0, 255, 10]),
    );
  });

  test("parts are rolled at their length, and the lines are those written, in order", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.string({ unit: "grapheme", maxLength: 30 }), fc.constant("x".repeat(70_000))), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.integer({ min: 1, max: 200_000 }),
        async (values, rollBytes) => {
          directory = join(root, String(directories++));
          const lines = values.map((value) => value.replaceAll("\n", " "));
          const writer = await openWriter({ rollBytes });
          const transaction = await prepared(writer, lines);
          await writer.commit(transaction);
          const texts = transaction.parts.map(({ path }) => readFileSync(path, "utf8"));
          assert.equal(texts.join(""), lines.map((line) => `${line}\n`).join(""));
          for (const text of texts.slice(0, -1)) assert.ok(Buffer.byteLength(text) >= rollBytes);
          assert.equal(visible().length, texts.length);
        },
      ),
      { numRuns: 30 },
    ));

  test("FS2 a commit may be repeated, by the same writer and after a restore, also when a crash tore it", async () => {
    const writer = await openWriter({ rollBytes: 1 });
    const transaction = await prepared(writer, ["a", "b", "c"]);
    const first = { ...transaction, parts: transaction.parts.slice(0, 1) };
    assert.deepEqual(await writer.commit(first), { kind: "committed" });
    assert.deepEqual(await writer.commit(transaction), { kind: "committed" });
    assert.deepEqual(await writer.commit(transaction), { kind: "alreadyCommitted" });
    const restored = await openWriter({}, { attempt: 2, subtask: 3, parallelism: 4 });
    assert.deepEqual(await restored.commit(transaction), { kind: "alreadyCommitted" });
    assert.equal(contents(), "a\nb\nc\n");
  });

  test("FS2 a part that somebody removed, changed, or put something in the way of, cannot be committed, and the reason says so", async () => {
    const spoilers: readonly (readonly [(visiblePath: string, hiddenPath: string) => void, RegExp])[] = [
      [(_, hiddenPath) => rmSync(hiddenPath), /neither .*inprogress nor .*part-0.* is there/],
      [(_, hiddenPath) => truncateSync(hiddenPath, 1), /inprogress has 1 bytes, but 2 were written/],
      [(visiblePath) => writeFileSync(visiblePath, "a\n"), /stands in the way/],
      [
        (visiblePath, hiddenPath) => {
          rmSync(hiddenPath);
          writeFileSync(visiblePath, "other");
        },
        /has 5 bytes, but 2 were written/,
      ],
    ];
    for (const [spoil, reason] of spoilers) {
      directory = join(root, String(directories++));
      const writer = await openWriter();
      const transaction = await prepared(writer, ["a"]);
      spoil(transaction.parts[0]?.path ?? "", join(directory, hidden()[0] ?? ""));
      const outcome = await writer.commit(transaction);
      assert.ok(outcome.kind === "impossible" && reason.test(outcome.reason), JSON.stringify(outcome));
    }
  });

  test("two incarnations that commit the same transaction at the same time both succeed", async () => {
    const writer = await openWriter({ rollBytes: 1 });
    const transaction = await prepared(
      writer,
      Array.from({ length: 50 }, (_, line) => `line ${line}`),
    );
    const zombie = await openWriter();
    const restored = await openWriter({}, { attempt: 2 });
    const outcomes = await Promise.all([zombie.commit(transaction), restored.commit(transaction)]);
    for (const { kind } of outcomes) assert.ok(kind === "committed" || kind === "alreadyCommitted", kind);
    assert.equal(visible().length, 50);
  });

  test("FS3 a run that starts again with the same numbers never takes a name that is there", async () => {
    const first = await openWriter();
    const earlier = await prepared(first, ["earlier"]);
    await first.commit(earlier);
    const open = await prepared(await openWriter(), ["open"]);
    const again = await openWriter();
    const later = await prepared(again, ["later"]);
    for (const transaction of [later, open]) assert.deepEqual(await again.commit(transaction), { kind: "committed" });
    assert.equal(contents(), "earlier\nopen\nlater\n");
  });

  test("FS4 a restore deletes what earlier incarnations of this subtask left, and nothing else", async () => {
    const kept = await prepared(await openWriter(), ["kept"]);
    await prepared(await openWriter(), ["in no checkpoint"]);
    const abandoned = await openWriter();
    await abandoned.write(await abandoned.begin(), "open when it died", 0);
    const untouched = await Promise.all(
      [
        { uid: "other" },
        { jobId: "1".repeat(32) },
        { subtask: 1, parallelism: 2 },
        { attempt: 2 },
        { attempt: 3 },
        { epoch: 2, attempt: 0 },
      ].map(async (where) => prepared(await openWriter({}, where), ["not ours"])),
    );
    const prefixed = await prepared(await openWriter({ prefix: "part-0" }), ["not ours"]);
    writeFileSync(join(directory, ".notes.inprogress"), "a user's");
    assert.equal(hidden().length, 3 + untouched.length + 2);
    const restored = await openWriter({}, { attempt: 2, parallelism: 2 });
    assert.deepEqual(await restored.commit(kept), { kind: "committed" });
    await restored.abortAllExcept([kept]);
    assert.equal(hidden().length, untouched.length + 2);
    for (const transaction of [...untouched, prefixed])
      assert.equal((await restored.commit(transaction)).kind, "committed");
    assert.ok(existsSync(join(directory, ".notes.inprogress")));
  });

  test("PN3 an incarnation under another job id commits its predecessor's parts, deletes its stale ones, and writes other names", async () => {
    const old = await openWriter();
    const kept = await prepared(old, ["kept"]);
    await prepared(await openWriter({}, { epoch: 7, attempt: 3 }), ["in no checkpoint"]);
    const stranger = await prepared(await openWriter({}, { jobId: "2".repeat(32) }), ["not ours"]);
    const young = await openWriter({}, { jobId: "1".repeat(32), predecessors: [context.jobId] });
    assert.deepEqual(await young.commit(kept), { kind: "committed" });
    await young.abortAllExcept([kept]);
    assert.equal(hidden().length, 1);
    await young.commit(await prepared(young, ["new"]));
    // The predecessor, gone on as a zombie, finds its work done.
    assert.deepEqual(await old.commit(kept), { kind: "alreadyCommitted" });
    assert.equal(visible().length, 2);
    assert.equal(contents().split("\n").toSorted().join(), ",kept,new");
    assert.equal((await young.commit(stranger)).kind, "committed");
  });

  test("abort deletes the open parts and the pre-committed ones, and may be repeated", async () => {
    const writer = await openWriter({ rollBytes: 1 });
    const transaction = await writer.begin();
    for (const value of ["a", "b"]) await writer.write(transaction, value, 0);
    assert.equal(hidden().length, 2);
    await writer.abort(transaction);
    assert.equal(hidden().length, 0);
    const second = await prepared(writer, ["c"]);
    await writer.abort(second);
    await writer.abort(second);
    assert.equal(hidden().length, 0);
  });

  test("a full disk is STORE_FULL with the path, and what was complete is not touched", {
    skip: !existsSync("/dev/full"),
  }, async () => {
    const writer = await openWriter();
    const complete = await prepared(writer, ["complete"]);
    const full = PartFile.create("files", "/dev/full", "w");
    assert.ok(full !== null);
    full.addLine("x");
    await assert.rejects(
      full.finish(),
      (error) =>
        error instanceof StreamError && error.code === "STORE_FULL" && /\/dev\/full: no space left/.test(error.message),
    );
    full.closeOnly();
    assert.equal((await writer.commit(complete)).kind, "committed");
  });

  test("a folder that cannot be made or written fails with the path and what to do", async (context) => {
    mkdirSync(directory, { mode: 0o500 });
    const writer = await openWriter();
    const transaction = await writer.begin();
    // Root may write anywhere: be nobody meanwhile.
    if (process.getuid?.() === 0) {
      process.seteuid?.(65_534);
      context.after(() => process.seteuid?.(0));
    }
    assert.throws(
      () => writer.write(transaction, "x", 0),
      (error) =>
        error instanceof StreamError &&
        error.code === "SINK_FAILED" &&
        /give this process the right/.test(error.message),
    );
    if (process.getuid?.() === 0) process.seteuid?.(0);
    chmodSync(directory, 0o700);
  });

  test("a file where the folder should be fails with the path and what to do", async () => {
    writeFileSync(directory, "");
    await assert.rejects(
      openWriter(),
      (error) =>
        error instanceof StreamError && error.code === "SINK_FAILED" && /a file stands in the way/.test(error.message),
    );
  });

  test("wrong options are refused in words", () => {
    for (const [options, words] of [
      [{ directory: "" }, /give a directory/],
      [{ prefix: "a/b" }, /prefix "a\/b"/],
      [{ prefix: ".a" }, /prefix ".a"/],
      [{ prefix: "" }, /prefix ""/],
      [{ suffix: "/x" }, /suffix/],
      [{ rollBytes: 0 }, /rollBytes is 0/],
    ] as const) {
      assert.throws(
        () => filesSink({ directory: "x", ...options }),
        (error) => error instanceof StreamError && error.code === "OPTION_INVALID" && words.test(error.message),
      );
    }
  });
});
