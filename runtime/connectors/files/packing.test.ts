import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { anyText } from "../../record/texts.test-support.ts";
import { type Log, silentLog, StreamError } from "../../../base/index.ts";
import { SourceHarness } from "../../testkit/index.ts";
import { type TextFileSplit, TextFilesReader, type TextFilesOptions, textFiles } from "./text-source.ts";

let root: string;
let files = 0;

before(() => {
  root = mkdtempSync(join(tmpdir(), "packing-"));
});
after(() => rmSync(root, { recursive: true }));

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(root, `${files++}-${name}`);
  writeFileSync(path, bytes);
  return path;
}

async function read(options: TextFilesOptions): Promise<readonly string[]> {
  const harness = await SourceHarness.start(textFiles(options));
  try {
    await harness.read();
    return harness.values;
  } finally {
    await harness.close();
  }
}

const isFailure =
  (path: string, words: RegExp) =>
  (error: unknown): boolean =>
    error instanceof StreamError &&
    error.code === "SOURCE_FAILED" &&
    error.destiny === "terminal" &&
    error.message.includes(path) &&
    words.test(error.message);

/** As the zstd tool packs: with a checksum, without which damage may go unseen. */
const zstdSync = (text: string): Buffer => zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });

/** Far quicker than the default quality, which costs a second for each text; what is read is the same format. */
const brotliSync = (text: string): Buffer =>
  brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });

const packers = [
  ["gz", gzipSync],
  ["gzip", gzipSync],
  ["GZ", gzipSync],
  ["zst", zstdSync],
  ["zstd", zstdSync],
  ["br", brotliSync],
  ["deflate", deflateSync],
] as const;

/** Does not pack well, so that half of the file is about half of the text. */
const noise = Array.from({ length: 40_000 }, (_, index) => `${index} ${Math.imul(index, 0x9e3779b1)} ä`);

test("PK1: packed files are unpacked by their ending", async () => {
  for (const [ending, pack] of packers) {
    for (const lines of [["a", "", "ä€😀"], noise]) {
      const packed = pack(`${lines.join("\n")}\n`);
      assert.deepEqual(await read({ path: file(`x.${ending}`, packed) }), lines, ending);
    }
    assert.deepEqual(await read({ path: file(`x.${ending}`, pack("a\r\nb")) }), ["a", "b"], ending);
    assert.deepEqual(await read({ path: file(`x.${ending}`, pack("")) }), [], ending);
  }
});

test("compression overrides the ending", async () => {
  assert.deepEqual(await read({ path: file("x", gzipSync("a\n")), compression: "gzip" }), ["a"]);
  assert.deepEqual(await read({ path: file("x.gz", "a\n"), compression: "none" }), ["a"]);
  assert.throws(
    () => textFiles({ path: "x", compression: "rar" as "gzip" }),
    /compression is rar; give one of auto, none/,
  );
});

test("PR3: members and frames that follow each other are one text", async () => {
  const parts = [noise.slice(0, 20_000), noise.slice(20_000), ["last"]].map((lines) => `${lines.join("\n")}\n`);
  const lines = [...noise, "last"];
  for (const [ending, pack] of [
    ["gz", gzipSync],
    ["zst", zstdCompressSync],
  ] as const) {
    const packed = Buffer.concat(parts.map((part) => pack(part)));
    assert.deepEqual(await read({ path: file(`x.${ending}`, packed) }), lines, ending);
  }
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const framed = Buffer.concat([skippable, zstdCompressSync("a\n"), skippable, zstdCompressSync("b\n"), skippable]);
  assert.deepEqual(await read({ path: file("x.zst", framed) }), ["a", "b"]);
  // A frame that ends exactly where a piece that is read at a time does.
  const aligned = Buffer.alloc(64 << 10);
  aligned.writeUInt32LE(0x184d2a50);
  aligned.writeUInt32LE(aligned.length - 8, 4);
  assert.deepEqual(await read({ path: file("x.zst", Buffer.concat([aligned, zstdCompressSync("a\n")])) }), ["a"]);
  const cut = file("x.zst", Buffer.concat([aligned, zstdCompressSync("a\n").subarray(0, -2)]));
  await assert.rejects(read({ path: cut }), isFailure(cut, /cut off or damaged/));
  assert.deepEqual(await read({ path: file("x.gz", Buffer.concat([gzipSync("a\n"), Buffer.alloc(40_000)])) }), ["a"]);
});

test("PR3: a file that is cut off, damaged, not packed, or followed by something else fails with its path", async () => {
  for (const [ending, pack] of packers) {
    const packed = pack(noise.join("\n"));
    const damaged = Buffer.from(packed);
    damaged.fill(0xa5, packed.length >> 1, (packed.length >> 1) + 64);
    for (const [what, bytes] of [
      ["without its last byte", packed.subarray(0, -1)],
      ["half", packed.subarray(0, packed.length >> 1)],
      ["one chunk", packed.subarray(0, 64 << 10)],
      ["its first byte", packed.subarray(0, 1)],
      ["damaged", damaged],
      ["not packed", Buffer.from(noise.join("\n"))],
      ["followed by text", Buffer.concat([packed, Buffer.from("hello\n")])],
    ] as const) {
      const path = file(`x.${ending}`, bytes);
      await assert.rejects(read({ path }), isFailure(path, /cut off or damaged/), `${ending} ${what}`);
    }
    const empty = file(`x.${ending}`, "");
    await assert.rejects(read({ path: empty }), isFailure(empty, /it is empty/), ending);
  }
});

test("PK2: what cannot be unpacked here is refused before anything is read", async () => {
  for (const name of ["x.bz2", "x.xz", "x.zip", "x.Z", "x.tar", "x.tgz", "x.tar.gz", "x.7z", "x.lz4", "x.PARQUET"]) {
    const path = file(name, "anything");
    await assert.rejects(read({ path }), isFailure(path, /cannot be read as lines; unpack it/), name);
    assert.deepEqual(await read({ path, compression: "none" }), ["anything"], name);
  }
});

test("PK2: packed or other data under a name that does not say so are refused", async () => {
  for (const [name, bytes, words] of [
    ["log.1", gzipSync("a\n"), /begins like gzip data.*ending \.gz.*compression: "gzip"/],
    ["log", zstdCompressSync("a\n"), /begins like zstd data.*ending \.zst/],
    ["log", Buffer.from("BZh91AY&SY.."), /bzip2/],
    ["log", Buffer.from("\ufeffa\n", "utf16le"), /UTF-16 text; convert it to UTF-8/],
    ["log.txt", Buffer.from("PK\x03\x04..."), /zip/],
  ] as const) {
    const path = file(name, bytes);
    await assert.rejects(read({ path }), isFailure(path, words), name);
  }
  assert.deepEqual(await read({ path: file("PK", "PK\n") }), ["PK"]);
});

/** The source, unpacking a few bytes at a time. */
function reading(options: TextFilesOptions): ReturnType<typeof textFiles> {
  return {
    ...textFiles(options),
    createReader: (context) =>
      new TextFilesReader(context, { lineBytesMax: 1 << 20, linesPerSecond: undefined, chunkBytes: 64 }),
  };
}

test("PR1: a restore in the middle of a packed file goes on at the next line, whatever the place and parallelism", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyText({ maxLength: 40 }), { maxLength: 40 }), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.constantFrom(...packers),
      fc.array(fc.record({ parallelism: fc.integer({ min: 1, max: 3 }), lines: fc.nat({ max: 40 }) }), {
        maxLength: 4,
      }),
      async (texts, [ending, pack], rounds) => {
        const contents = texts.map((lines) => lines.map((line) => `${line.replaceAll("\n", " ")}\n`).join(""));
        const paths = contents.map((text) => file(`x.${ending}`, pack(text)));
        const expected = contents.flatMap((text) => text.split("\n").slice(0, -1));
        const source = reading({ paths });
        const given: string[] = [];
        let splits: readonly TextFileSplit[] | undefined;
        for (const { parallelism, lines } of [...rounds, { parallelism: 1, lines: Number.POSITIVE_INFINITY }]) {
          const harness = await SourceHarness.start(source, {
            parallelism,
            ...(splits === undefined ? {} : { splits }),
          });
          await harness.read(() => harness.records.length >= lines, 3);
          splits = structuredClone(harness.snapshot());
          given.push(...harness.values);
          await harness.close();
        }
        assert.deepEqual(given.sort(), expected.map((line) => line.replace(/\r$/, "")).sort());
        assert.deepEqual(splits, []);
      },
    ),
    { numRuns: 40 },
  );
});

test("a packed file that holds less than was read before fails the task", async () => {
  const path = file("x.gz", gzipSync("a\nb\n"));
  const source = textFiles({ path });
  const harness = await SourceHarness.start(source);
  const [split] = harness.snapshot();
  await harness.close();
  const restored = await SourceHarness.start(source, { splits: [{ ...(split as TextFileSplit), position: 100 }] });
  await assert.rejects(restored.read(), /holds 4 bytes of text, but 100 were read before/);
  await restored.close();
});

test("PR2: a line of packed text that is too long fails before the rest is unpacked", async () => {
  // 64 MiB of one line. Who came to its end would find the data cut off.
  const path = file("bomb.gz", gzipSync(Buffer.alloc(64 << 20)).subarray(0, -8));
  await assert.rejects(
    read({ path, lineBytesMax: 1 << 20 }),
    isFailure(path, /line at byte 0 is longer than 1048576 bytes/),
  );
});

test("a long line of many pieces is whole", async () => {
  const long = "x".repeat(10 << 20);
  assert.deepEqual(await read({ path: file("x.gz", gzipSync(`a\n${long}\nb`)) }), ["a", long, "b"]);
});

test("SF2: bytes that are no UTF-8 are replaced with a warning that names the line, or refused", async () => {
  const contents = Buffer.concat([Buffer.from("ä\nok\nb"), Buffer.from([0xff]), Buffer.from("\nc\n")]);
  for (const [name, bytes] of [
    ["x", contents],
    ["x.gz", gzipSync(contents)],
  ] as const) {
    const path = file(name, bytes);
    const warnings: unknown[] = [];
    const log: Log = { ...silentLog, warn: (facts) => void warnings.push(facts) };
    const source = textFiles({ path });
    const harness = await SourceHarness.start({
      ...source,
      createReader: (context) => source.createReader({ ...context, log }),
    });
    await harness.read();
    await harness.close();
    assert.deepEqual(harness.values, ["ä", "ok", "b\ufffd", "c"]);
    assert.deepEqual(warnings, [{ operator: "text files", path, byte: 6 }]);
    await assert.rejects(read({ path, invalidUtf8: "fail" }), isFailure(path, /line at byte 6 is not UTF-8/));
  }
});
