import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReaderContext, Source, SourceOutput, SourceReader } from "../../ports/index.ts";
import { type ColumnBatch, rowKinds, t } from "../../record/index.ts";
import { decodedSource } from "./decoded-source.ts";

const type = t.record({ n: t.int32 });

/** Gives what a script says: a number, or the name of the split that is read from then on. */
function scripted(
  script: readonly (number | string)[],
  more: Partial<SourceReader<number, unknown>> = {},
): Source<number> {
  return {
    kind: "source",
    name: "numbers",
    boundedness: "bounded",
    type: t.int32,
    createReader: (context) => {
      let at = 0;
      return {
        poll: (output, maxRecords) => {
          for (let left = maxRecords; left > 0 && at < script.length; at++) {
            const step = script[at];
            if (typeof step === "string") context.readSplit(step);
            else {
              output.collect(step as number, 100 + (step as number));
              left--;
            }
          }
          return at === script.length ? "end" : "more";
        },
        snapshot: () => [at],
        ...more,
      };
    },
  };
}

/** What came, in order: batches as numbers with their kinds, and splits. */
function opened(source: Source<unknown>): {
  reader: SourceReader<unknown, unknown>;
  output: SourceOutput<unknown>;
  seen: unknown[];
} {
  const seen: unknown[] = [];
  const output: SourceOutput<unknown> = {
    collect: () => assert.fail("a row came"),
    collectBatch: (batch: ColumnBatch) => {
      const { rowKinds: kinds } = batch.marks;
      const rows = batch.toRows() as { n: number }[];
      seen.push(
        rows.map(({ n }, row) => (kinds === null ? n : `${kinds[row]}:${n}`)),
        ...(batch.timestampsFrom(0) ?? []).slice(0, 1),
      );
    },
  };
  const context = {
    readSplit: (id: string) => void seen.push(id),
    openSplit: () => undefined,
    finishSplit: () => undefined,
  } as unknown as ReaderContext<unknown>;
  return { reader: source.createReader(context), output, seen };
}

const plain = {
  type,
  decoder: () => (n: number, take: (row: { n: number }, kind: number) => void) => take({ n }, rowKinds.insert),
};

describe("a decoded source", () => {
  it("TBCD1: gives what a poll collected before the poll returns, with the records' timestamps", () => {
    const { reader, output, seen } = opened(decodedSource({ ...plain, records: scripted([1, 2, 3]) }));
    assert.equal(reader.poll(output, 2), "more");
    assert.deepEqual(seen.splice(0), [[1, 2], 101]);
    assert.deepEqual(reader.snapshot(1), [2]);
    assert.equal(reader.poll(output, 2), "end");
    assert.deepEqual(seen, [[3], 103]);
  });

  it("TBCD2: gives the rows of a split before the next one begins", () => {
    const { reader, output, seen } = opened(decodedSource({ ...plain, records: scripted(["a", 1, 2, "b", 3]) }));
    reader.poll(output, 10);
    assert.deepEqual(seen, ["a", [1, 2], 101, "b", [3], 103]);
  });

  it("gives several rows of a record, with their kinds, and no more than it was asked for", () => {
    const decoder = () => (n: number, take: (row: { n: number }, kind: number) => void) => {
      if (n === 0) return;
      take({ n }, rowKinds.updateBefore);
      take({ n: n + 10 }, rowKinds.updateAfter);
    };
    const { reader, output, seen } = opened(
      decodedSource({ records: scripted([1, 0, 2, 3]), type, decoder, rowsPerRecord: 2 }),
    );
    reader.poll(output, 5);
    assert.deepEqual(seen.splice(0), [["1:1", "2:11"], 101]);
    reader.poll(output, 1);
    assert.deepEqual(seen, [["1:2", "2:12"], 102]);
  });

  it("has of a reader what the records' reader has, and nothing else", () => {
    const asked: unknown[] = [];
    const { reader } = opened(
      decodedSource({
        ...plain,
        records: scripted([], {
          pauseSplits: (ids) => void asked.push([...ids]),
          addSplits: (splits) => void asked.push(...splits),
          close: () => void asked.push("closed"),
        }),
      }),
    );
    reader.pauseSplits?.(new Set(["a"]));
    reader.addSplits?.(["b"]);
    void reader.close?.();
    assert.deepEqual(asked, [["a"], "b", "closed"]);
    assert.equal(reader.open, undefined);
    assert.equal(reader.noMoreSplits, undefined);
  });
});
