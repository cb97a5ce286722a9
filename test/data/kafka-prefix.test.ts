/** Two jobs with the same prefix of transactional ids, on a real broker: the second one is refused before anything of the first one is lost. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { nextTurn, silentLog, StreamError } from "../../base/index.ts";
import { readConnection } from "../../runtime/connectors/kafka/client/connection-options.ts";
import { kafkaSink, type KafkaTransaction } from "../../runtime/connectors/kafka/index.ts";
import { KafkajsClient } from "../../runtime/connectors/kafka/kafkajs/kafkajs-client.ts";
import type { SinkContext, TransactionWriter } from "../../runtime/ports/index.ts";
import { ManualClock } from "../../runtime/testkit/index.ts";
import { prepared, sinkContext } from "../../runtime/testkit/sink-by-hand.test-support.ts";
import { testKafka } from "./kafka-topics.ts";
import { settle } from "./settle.ts";

const kafka = await testKafka();
const WITHIN_MS = 120_000;
const ids = ["a", "b", "c"].map((letter) => letter.repeat(32));
const [first = "", second = "", third = ""] = ids;

type Writer = TransactionWriter<string, KafkaTransaction>;

/** A topic, and writers of several jobs to it with one prefix. */
class Shared {
  readonly topic: string;
  readonly prefix = `shared-${randomUUID().slice(0, 8)}`;
  readonly #writers: Writer[] = [];

  private constructor(topic: string) {
    this.topic = topic;
  }

  static async in(body: (shared: Shared) => Promise<void>): Promise<void> {
    const shared = new Shared(await kafka.topics().create("shared", 2));
    try {
      await body(shared);
    } finally {
      for (const writer of shared.#writers) await writer.close?.();
    }
  }

  async open(where: Partial<SinkContext>): Promise<Writer> {
    const sink = kafkaSink<string>({
      brokers: kafka.topics().bootstrap,
      topic: this.topic,
      transactionalIdPrefix: this.prefix,
      guarantee: "exactly-once",
    });
    const writer = sink.createWriter(sinkContext({ jobName: `job of ${where.jobId?.[0]}`, ...where }));
    this.#writers.push(writer);
    await writer.open?.();
    return writer;
  }

  async committed(): Promise<string[]> {
    return (await kafka.topics().read(this.topic)).map(({ value }) => value ?? "null").sort();
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof StreamError &&
  error.code === "TRANSACTIONS_IN_USE" &&
  error.destiny === "terminal" &&
  /in use by the job "job of a" \(id a{32}\), which is running.*transactionalIdPrefix of its own/.test(error.message);

describe("a prefix of transactional ids", { skip: kafka.skip }, () => {
  it("KPN1 of a job that runs refuses another job at its start, every subtask of it, and the first one loses nothing", () =>
    Shared.in(async (shared) => {
      const running = await shared.open({ jobId: first });
      await running.abortAllExcept([]);
      const transaction = await prepared(running, ["x", "y"]);
      for (const subtask of [0, 1])
        await assert.rejects(shared.open({ jobId: second, subtask, parallelism: 2 }), isRefusal);
      assert.equal((await settle(running, transaction)).kind, "committed");
      assert.deepEqual(await shared.committed(), ["x", "y"]);
      const next = await prepared(running, ["z"]);
      assert.equal((await settle(running, next)).kind, "committed");
    }));

  it("KPN1 of a savepoint's job that runs on refuses the job that was restored from it: it was not fenced", () =>
    Shared.in(async (shared) => {
      await shared.open({ jobId: first });
      await assert.rejects(shared.open({ jobId: second, predecessors: [first] }), isRefusal);
    }));

  it("KPN2 lets the same job start again, and its next incarnation, without waiting, though the old processes live", () =>
    Shared.in(async (shared) => {
      const old = await shared.open({ jobId: first });
      // Nothing is waited for: these clocks stand still.
      await shared.open({ jobId: first, epoch: 2, clock: new ManualClock() });
      const upgraded = await shared.open({
        jobId: third,
        predecessors: [first],
        fenced: [first],
        clock: new ManualClock(),
      });
      await upgraded.abortAllExcept([]);
      const transaction = await prepared(upgraded, ["new"]);
      assert.equal((await settle(upgraded, transaction)).kind, "committed");
      // KPN3: the old one is told as soon as it would renew its note.
      for (const until = Date.now() + WITHIN_MS; ; await nextTurn()) {
        assert.ok(Date.now() < until);
        try {
          await old.abort(await old.begin());
        } catch (error) {
          assert.match(String(error), /in use by the job "job of c"/);
          break;
        }
      }
    }));

  it("KPN3 is given back by a job that ends", () =>
    Shared.in(async (shared) => {
      const ended = await shared.open({ jobId: first });
      await ended.close?.();
      await shared.open({ jobId: second, clock: new ManualClock() });
    }));

  it("KPN1 of a job that died is another's when it was not renewed for a while", () =>
    Shared.in(async (shared) => {
      const client = new KafkajsClient(readConnection("test", { brokers: kafka.topics().bootstrap }), silentLog);
      await client.connect();
      const note = { topic: shared.topic, partition: 0, offset: 7, metadata: `${first} a job that died` };
      await client.commitGroupOffsets(`${shared.prefix}-owner`, [note]);
      await client.close();
      const clock = new ManualClock();
      let isOpen = false;
      const opening = shared.open({ jobId: second, clock }).then(() => (isOpen = true));
      for (const until = Date.now() + WITHIN_MS; !isOpen; await new Promise((resolve) => setImmediate(resolve))) {
        assert.ok(Date.now() < until);
        clock.advance(10);
      }
      await opening;
      assert.ok(clock.monotonicMs() >= 20_000, "it has waited");
    }));
});
