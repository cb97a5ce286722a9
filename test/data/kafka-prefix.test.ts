/** Two jobs with the same prefix of transactional ids, on a real broker: the second one is refused before anything of the first one is lost. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { nextTurn, silentLog, StreamError } from "../../base/index.ts";
import { readConnection } from "../../runtime/connectors/kafka/client/connection-options.ts";
import { kafkaSink, type KafkaTransaction } from "../../runtime/connectors/kafka/index.ts";
import { KafkajsClient } from "../../runtime/connectors/kafka/kafkajs/kafkajs-client.ts";
import type { SinkContext, TransactionWriter } from "../../runtime/ports/index.ts";
import { ManualClock } from "../../runtime/testkit/index.ts";
import { prepared, sinkContext } from "../../runtime/testkit/sink-by-hand.test-support.ts";
import { RunningCommand, streamjob } from "../integration/command.ts";
import { expectedLines, wordOf } from "../integration/jobs/word-count.ts";
import { until } from "../integration/until.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { testKafka } from "./kafka-topics.ts";
import { settle } from "./settle.ts";

const kafka = await testKafka();
const MODULE = fileURLToPath(new URL("jobs/kafka-count.ts", import.meta.url));
const WITHIN_MS = 240_000;
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
    await kafka.topics().whenSettled(this.prefix);
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

  it("KPN2 lets a StreamJob that was killed be upgraded at once, and refuses a second StreamJob, while the first one goes on exactly", () =>
    inWorkspace("kafka-prefix", async (workspace) => {
      const topics = kafka.topics();
      const [from, to] = [await topics.create("words", 2), await topics.create("counts", 2)];
      let written = 0;
      const write = async (): Promise<void> => {
        const numbers = Array.from({ length: 100 }, (_, index) => written + index);
        await topics.write(
          from,
          numbers.map((number) => ({ value: wordOf(number, 7), partition: number % 2 })),
        );
        written += 100;
      };
      const isCounted = async (): Promise<boolean> => (await topics.read(to)).length >= written;
      const apply = async (name: string, parallelism: number): Promise<void> => {
        const spec = {
          job: { module: MODULE, args: ["--brokers", topics.bootstrap, "--from", from, "--to", to] },
          parallelism,
          checkpoints: { storage: { path: workspace.path("stores") } },
          // Without a savepoint: the old processes are killed, and say farewell to nobody.
          upgrade: { mode: "last-state" },
          recovery: { onFailed: "never" },
        };
        const object = { apiVersion: "streamjob.dev/v1alpha1", kind: "StreamJob", metadata: { name }, spec };
        writeFileSync(workspace.path(`${name}.json`), JSON.stringify(object));
        const { exitCode, stderr } = await streamjob(workspace, "apply", `${name}.json`);
        assert.equal(exitCode, 0, stderr);
      };
      const up = new RunningCommand(workspace, ["up"]);
      await up.until("it runs", () => /The control plane of .* runs/.test(up.stderr));
      await apply("first", 1);
      await write();
      await until(isCounted, "the first words to be counted", WITHIN_MS);
      await apply("first", 2);
      await write();
      await until(isCounted, "words to be counted after the upgrade", WITHIN_MS);
      await apply("second", 1);
      const told = async (): Promise<string> => (await streamjob(workspace, "describe", "second")).stdout;
      await until(
        async () => /in use by the job "kafka-count"|in use by the job "first"/.test(await told()),
        "the refusal",
        WITHIN_MS,
      );
      await write();
      await until(isCounted, "words to be counted beside the second job", WITHIN_MS);
      const lines = (await topics.read(to)).map(({ value }) => value ?? "null");
      assert.deepEqual(lines.toSorted(), expectedLines(written, 7).toSorted());
      const { stdout } = await streamjob(workspace, "describe", "first");
      assert.doesNotMatch(stdout, /in use by the job/);
    }));
});
