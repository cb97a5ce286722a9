/** Watermarks of the partitions of a real topic, in a driven job: time passes by its manual clock, records come from the broker (KRE3). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { forMonotonousTimestamps, type Job, job, type WatermarkStrategy } from "../../runtime/api/index.ts";
import { printSink } from "../../runtime/connectors/basic/index.ts";
import { kafkaSource } from "../../runtime/connectors/kafka/index.ts";
import { JobDriver } from "../../runtime/testkit/index.ts";
import { t } from "../../runtime/record/index.ts";
import { testKafka } from "./kafka-topics.ts";

const kafka = await testKafka();
const FAST = 0;
const SLOW = 1;

type Seen = { readonly name: string; readonly isLate: boolean };

/** A job that tells of each record whether it came behind the watermark; `write` gives it records and waits until they are through. */
class Watched {
  readonly #driver: JobDriver;
  readonly #topic: string;

  private constructor(driver: JobDriver, topic: string) {
    this.#driver = driver;
    this.#topic = topic;
  }

  static async start(watermarks: WatermarkStrategy<string>): Promise<Watched> {
    const topic = await kafka.topics().create("watermarks", 2);
    const driver = await JobDriver.start(tellLate(topic, watermarks), { parallelism: 1, patience: "90 s" });
    return new Watched(driver, topic);
  }

  /** What it has told. */
  get seen(): readonly Seen[] {
    return this.#driver.output<Seen>("out");
  }

  get pausedSplits(): number {
    return this.#driver.metric("records:watermarks", "pausedSplits");
  }

  async write(...records: readonly (readonly [partition: number, time: number])[]): Promise<void> {
    await kafka.topics().write(
      this.#topic,
      records.map(([partition, time]) => ({ partition, timestamp: String(time), value: nameOf(partition, time) })),
    );
  }

  async untilSeen(partition: number, time: number): Promise<Seen> {
    const find = (): Seen | undefined => this.seen.find(({ name }) => name === nameOf(partition, time));
    await this.#driver.run({ until: () => find() !== undefined });
    return find() as Seen;
  }

  advance(by: "1 s"): Promise<void> {
    return this.#driver.advance(by);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#driver[Symbol.asyncDispose]();
  }
}

const nameOf = (partition: number, time: number): string => `${partition} at ${time}`;

function tellLate(topic: string, watermarks: WatermarkStrategy<string>): Job {
  const source = kafkaSource({ brokers: kafka.topics().bootstrap, topics: topic, partitionDiscovery: "once" });
  return job((env) => {
    env
      .fromSource(source, { uid: "records", watermarks })
      .process(
        {
          process(name, { out, timestamp, watermark }) {
            out.collect({ name, isLate: Number(timestamp) <= watermark });
          },
        },
        { uid: "late", type: t.record({ name: t.string, isLate: t.boolean }) },
      )
      .sinkTo(printSink(), { uid: "out" });
  });
}

const byTime = (): WatermarkStrategy<string> => forMonotonousTimestamps<string>();

describe("partitions of a topic", { skip: kafka.skip }, () => {
  it("have the watermark of the slowest: nothing of it is late (WM-8)", async () => {
    await using job = await Watched.start(byTime());
    for (let round = 1; round <= 3; round++) {
      await job.write([FAST, round * 1000], [SLOW, round * 10]);
      await job.untilSeen(FAST, round * 1000);
      await job.untilSeen(SLOW, round * 10);
      await job.advance("1 s");
    }
    assert.deepEqual(
      job.seen.filter(({ isLate }) => isLate),
      [],
    );
  });

  for (const [what, strategy, isLate] of [
    ["hold the watermark back while they have no records", byTime, false],
    ["hold nothing back once they are idle", () => byTime().withIdleness("5 s"), true],
  ] as const) {
    it(`${what} (WM-3, WM-8)`, async () => {
      await using job = await Watched.start(strategy());
      for (let second = 1; second <= 7; second++) {
        await job.write([FAST, second * 1000]);
        await job.untilSeen(FAST, second * 1000);
        await job.advance("1 s");
      }
      await job.write([SLOW, 20]);
      assert.equal((await job.untilSeen(SLOW, 20)).isLate, isLate);
    });
  }

  it("wait one by one where they are ahead of the others by more than the drift (WM-4)", async () => {
    await using job = await Watched.start(byTime().withWatermarkAlignment("all", "5 s"));
    await job.write([FAST, 30_000], [SLOW, 10]);
    await job.untilSeen(FAST, 30_000);
    await job.untilSeen(SLOW, 10);
    for (let second = 0; second < 3; second++) await job.advance("1 s");
    assert.equal(job.pausedSplits, 1);
    await job.write([FAST, 31_000], [SLOW, 20]);
    await job.untilSeen(SLOW, 20);
    await job.write([SLOW, 40_000]);
    await job.untilSeen(SLOW, 40_000);
    for (let second = 0; second < 3; second++) await job.advance("1 s");
    await job.untilSeen(FAST, 31_000);
    assert.deepEqual(
      job.seen.slice(-3).map(({ name }) => name),
      [nameOf(SLOW, 20), nameOf(SLOW, 40_000), nameOf(FAST, 31_000)],
    );
  });
});
