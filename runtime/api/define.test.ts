import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReaderContext } from "../ports/index.ts";
import { t } from "../record/index.ts";
import { sinkContext } from "../testkit/sink-by-hand.test-support.ts";
import { defineSink, defineSource } from "./define.ts";

const hooks = {
  begin: () => 0,
  write: () => undefined,
  prepare: (transaction: number) => transaction,
  commit: async () => ({ kind: "committed" }) as const,
  abort: () => undefined,
  abortAllExcept: () => undefined,
};

const sinkWith = (changes: object) =>
  defineSink<string, number>({
    name: "table",
    guarantee: "exactly-once",
    createWriter: () => ({ ...hooks, ...changes }),
  });

describe("defineSink", () => {
  it("makes a sink whose types are inferred", () => {
    const sink = defineSink({
      name: "lines",
      guarantee: "at-least-once",
      createWriter: () => ({ write: (value: string) => void value.length }),
    });
    assert.equal(sink.kind, "sink");
    assert.equal(sink.createWriter(sinkContext()).write("x", 0), undefined);
    assert.equal(sinkWith({}).createWriter(sinkContext()).begin(), 0);
  });

  const refused: Record<string, readonly [object, RegExp]> = {
    "a missing hook": [{ prepare: undefined }, /a writer of the sink "table" lacks prepare; each has to be a function/],
    "Flink's recoverAndAbort, whose argument means the opposite": [
      { abortAllExcept: undefined, recoverAndAbort: () => undefined },
      /has the hook recoverAndAbort: abortAllExcept does the opposite of Flink's: its argument is what must NOT be aborted/,
    ],
    "Flink's invoke": [{ invoke: () => undefined }, /has the hook invoke: it is called write here/],
  };
  for (const [name, [changes, says]] of Object.entries(refused)) {
    it(`refuses ${name} when the writer is made (DF1)`, () => {
      assert.throws(() => sinkWith(changes).createWriter(sinkContext()), says);
    });
  }

  it("refuses an unknown guarantee at once", () => {
    const guarantee = "exactly_once" as "exactly-once";
    const define = (): unknown => defineSink<string, number>({ name: "table", guarantee, createWriter: () => hooks });
    assert.throws(define, /the sink "table": guarantee is "exactly_once"; say "at-least-once" or "exactly-once"/);
  });
});

describe("defineSource", () => {
  const source = (changes: object) =>
    defineSource<number, { next: number }>({
      name: "numbers",
      boundedness: "bounded",
      type: t.int64,
      discover: () => [{ next: 0 }],
      createReader: () => ({ poll: () => "end", snapshot: () => [], ...changes }),
    });

  it("makes a source, and refuses a reader that lacks a hook (DF1)", () => {
    assert.equal(source({}).kind, "source");
    const context = {} as ReaderContext<{ next: number }>;
    assert.equal(
      source({})
        .createReader(context)
        .poll({ collect: () => undefined, collectBatch: () => undefined }, 1),
      "end",
    );
    assert.throws(
      () => source({ snapshot: undefined }).createReader(context),
      /a reader of the source "numbers" lacks snapshot/,
    );
  });

  it("refuses what no source can be without", () => {
    const wrong = { name: "x", type: t.string, discover: () => [], createReader: () => ({}) };
    const define = defineSource as unknown as (source: object) => unknown;
    assert.throws(() => define({ ...wrong }), /boundedness is undefined; say "bounded" or "unbounded"/);
    assert.throws(() => define({ ...wrong, boundedness: "bounded", type: "string" }), /has no type; give one of t's/);
    assert.throws(
      () => define({ ...wrong, discover: undefined }),
      /the source "x" lacks discover, or createEnumerator/,
    );
  });
});
