import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { AssertionFailure, silentLog, StreamError, systemClock } from "../../../base/index.ts";
import { MetricRegistry } from "../../testkit/index.ts";
import { textFiles } from "./text-source.ts";

const folder = mkdtempSync(join(tmpdir(), "line-failure-"));
after(() => rmSync(folder, { recursive: true }));

/** What the source throws when the chain behind it fails with that of the first line that `fails`. */
async function failureOf(path: string, fails: (line: string) => unknown): Promise<unknown> {
  const source = textFiles({ path, splitBytes: 16 });
  const context = { name: source.name, parallelism: 1, clock: systemClock, log: silentLog };
  let wake = (): void => undefined;
  const reader = source.createReader({
    ...context,
    subtask: 0,
    metrics: new MetricRegistry({ ...context, uid: "lines" }),
    splits: (await source.discover?.(context)) ?? [],
    wake: () => wake(),
    fail: (error) => assert.fail(String(error)),
    wakeAfter: () => undefined,
    requestSplits: () => undefined,
    openSplit: () => undefined,
    readSplit: () => undefined,
    finishSplit: () => undefined,
  });
  await reader.open?.();
  const output = {
    collectBatch: () => undefined,
    collect: (line: string) => {
      const failure = fails(line);
      if (failure !== undefined) throw failure;
    },
  };
  try {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const result = reader.poll(output, 1000);
      assert.notEqual(result, "end", "a line fails");
      if (result === "idle") await woken;
    }
  } catch (error) {
    return error;
  } finally {
    await reader.close?.();
  }
}

const parse = (line: string): unknown => {
  try {
    JSON.parse(line);
    return undefined;
  } catch (error) {
    return error;
  }
};

test("LF1 a line that is no JSON is told with its file, its number and its text", async () => {
  const path = join(folder, "rows.jsonl");
  writeFileSync(path, '{"n":1}\r\n{"n":2,"text":"\u00e4"}\n\n{"n":3\n{"n":4}\n'.replace("\n\n", "\n"));
  const error = await failureOf(path, parse);
  assert.ok(error instanceof Error && error.cause instanceof SyntaxError);
  assert.match(error.message, new RegExp(`JSON.*; it came of line 3 of ${path}: "\\{\\\\"n\\\\":3"$`));
});

test("LF2 a long text is shortened, and of a packed file the place in its text is told", async () => {
  const path = join(folder, "rows.gz");
  writeFileSync(path, gzipSync(`{}\n${"x".repeat(5000)}\n`));
  const error = await failureOf(path, parse);
  assert.ok(error instanceof Error);
  assert.match(error.message, /it came of the line at byte 3 of .*rows\.gz: "x{200}…"$/);
});

test("LF1 the code and destiny of a failure stay, and a broken invariant is left alone", async () => {
  const path = join(folder, "text");
  writeFileSync(path, "one\ntwo\n");
  const given = new StreamError("SINK_FAILED", "the sink is full", { destiny: "terminal", retryAfterMs: 5 });
  const error = await failureOf(path, (line) => (line === "two" ? given : undefined));
  assert.ok(error instanceof StreamError && error.cause === given);
  assert.deepEqual([error.code, error.destiny, error.retryAfterMs], ["SINK_FAILED", "terminal", 5]);
  assert.equal(error.message, `the sink is full; it came of line 2 of ${path}: "two"`);
  const broken = new AssertionFailure("no line's fault");
  assert.equal(await failureOf(path, () => broken), broken);
});
