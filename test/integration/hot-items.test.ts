/** q5 in one thread: tables of slices, over columns, with checkpoints, restored at another parallelism; the same over rows; both as a Map has it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { job } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";
import { JobDriver } from "streamjob/testkit";
import { Bid, bid, bidSource } from "../../bench/nexmark/bids.ts";
import type { HotItem } from "../../bench/nexmark/bid-counts.ts";
import { hotItems } from "../../bench/nexmark/hot-items.ts";
import { hotItemsOfRows } from "../../bench/nexmark/hot-items-rows.ts";
import { debugColumns } from "../../runtime/record/index.ts";

const COUNT = 12_000;
/** Bids a second of each reader, on the driver's clock. */
const RATE = 2000;
/** About 26 windows in all. */
const WINDOWS = { sizeMs: 250, slideMs: 50 };

/** What comes out in the end, made without the engine. */
function expectedItems(): readonly string[] {
  const windows = new Map<number, Map<number, number>>();
  for (let index = 0; index < COUNT; index++) {
    const { auction, dateTime } = bid(index);
    const first = (Math.floor(dateTime / WINDOWS.slideMs) + 1) * WINDOWS.slideMs;
    for (let end = first; end < first + WINDOWS.sizeMs; end += WINDOWS.slideMs) {
      const counts = windows.get(end) ?? new Map<number, number>();
      windows.set(end, counts.set(auction, (counts.get(auction) ?? 0) + 1));
    }
  }
  return [...windows].flatMap(([windowEnd, counts]) => {
    const bids = Math.max(...counts.values());
    return [...counts]
      .filter(([, own]) => own === bids)
      .map(([auction]) => JSON.stringify({ windowEnd, auction, bids }));
  });
}

/** Exactly-once, so that what a later start repeats counts once; the driver collects what would be in its files. */
const sink = filesSink<HotItem>({ directory: "hot-items" });
const columnsJob = job((env) => {
  env.configure({ name: "hot-items", checkpoints: { interval: "10s" } });
  hotItems(env.fromSource(bidSource(COUNT, RATE), { uid: "bids" }), WINDOWS).sinkTo(sink, { uid: "items" });
});
const rowsJob = job((env) => {
  env.configure({ name: "hot-items-rows", checkpoints: { interval: "10s" } });
  const source = generatorSource({ generate: bid, count: COUNT, type: Bid, timestampOf: ({ dateTime }) => dateTime });
  hotItemsOfRows(env.fromSource(source, { uid: "bids" }), WINDOWS).sinkTo(sink, { uid: "items" });
});

const told = (driver: JobDriver): readonly string[] =>
  driver
    .committed<HotItem>("items")
    .map(({ windowEnd, auction, bids }) => JSON.stringify({ windowEnd, auction, bids }));
const inOrder = (items: readonly string[]): readonly string[] => [...items].sort();

describe("q5", () => {
  debugColumns(true);
  const expected = inOrder(expectedItems());

  it("over rows gives what a Map gives", async () => {
    await using driver = await JobDriver.start(rowsJob, { parallelism: 2 });
    await driver.run({ recordsMax: 1_000_000 });
    assert.deepEqual(inOrder(told(driver)), expected);
  });

  for (const parallelisms of [[1], [3], [2, 3, 1], [1, 2, 4]]) {
    it(`over columns gives the same at parallelism ${parallelisms.join(", then ")}, each window once`, async () => {
      let restore: Awaited<ReturnType<JobDriver["snapshot"]>> | null = null;
      for (const [at, parallelism] of parallelisms.entries()) {
        await using driver: JobDriver = await JobDriver.start(columnsJob, {
          parallelism,
          ...(restore === null ? {} : { restore }),
        });
        if (at + 1 < parallelisms.length) {
          const before = told(driver).length;
          await driver.advance(`${Math.round((1000 * COUNT) / (RATE * parallelism * parallelisms.length))} ms`);
          restore = await driver.snapshot();
          assert.ok(told(driver).length > before && told(driver).length < expected.length);
        } else {
          while (!driver.isFinished) await driver.advance("1s");
          assert.deepEqual(inOrder(told(driver)), expected);
        }
      }
    });
  }
});
