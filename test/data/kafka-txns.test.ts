/** `streamjob txns` on a real broker: what a job that was killed has left is looked at, committed as its checkpoint says, and aborted. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { homeFolder } from "../../cli/index.ts";
import { transactionsNamedIn } from "../../cli/jobs/checkpoint-transactions.ts";
import { kafkaSink, type KafkaTransaction } from "../../runtime/connectors/kafka/index.ts";
import type { TransactionWriter } from "../../runtime/ports/index.ts";
import { prepared, sinkContext } from "../../runtime/testkit/sink-by-hand.test-support.ts";
import { streamjob } from "../integration/command.ts";
import { wordOf } from "../integration/jobs/word-count.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { testKafka } from "./kafka-topics.ts";
import { settle } from "./settle.ts";

const MODULE = new URL("./jobs/kafka-count.ts", import.meta.url).pathname;
const kafka = await testKafka();
const RECORDS = 60;

type Item = { readonly id: string; readonly state: string; readonly epoch: number; readonly checkpoint?: string };

describe("streamjob txns", { skip: kafka.skip }, () => {
  it("TXC3 shows what a killed job has left, commits what its newest checkpoint names and nothing else, and aborts the rest", () =>
    inWorkspace("txns", async (workspace) => {
      const topics = kafka.topics();
      const [from, to] = [await topics.create("words", 2), await topics.create("counts", 2)];
      const words = Array.from({ length: RECORDS }, (_, index) => ({ value: wordOf(index, 5), partition: index % 2 }));
      const run = await workspace.start({
        module: MODULE,
        args: ["--brokers", topics.bootstrap, "--from", from, "--to", to],
        parallelism: 1,
        failpoints: { taskManagers: ["tm:before-commit=stop"] } as never,
      });
      await topics.write(from, words);
      const store = `${homeFolder(workspace.path("home")).checkpoints}/default/${run.jobId}`;
      await run.until("a checkpoint with a transaction", async () => {
        const isThere = (await run.newest()) !== null;
        return isThere && (await transactionsNamedIn(store)).named.size > 0;
      });
      await run.kill();
      assert.deepEqual(await topics.read(to), []);
      const stranger = `${to}-0-77`;
      await topics.asked(async (client) => {
        const producer = await client.initProducer(stranger, 60_000);
        await client.addPartitions(producer, [{ topic: to, partition: 1 }]);
      });

      const at = ["--brokers", topics.bootstrap, "--prefix", `${to}-`] as const;
      const items = async (...more: string[]): Promise<readonly Item[]> => {
        const { stdout, stderr, exitCode } = await streamjob(workspace, "txns", "list", ...at, ...more, "-o", "json");
        assert.equal(exitCode, 0, stderr);
        return (JSON.parse(stdout) as { items: Item[] }).items;
      };
      const left = await items("--store", store);
      const named = left.filter(({ checkpoint }) => checkpoint === "named").map(({ id }) => id);
      assert.equal(named.length, 1, JSON.stringify(left));
      assert.ok(
        left.some(({ id, checkpoint, state }) => id === stranger && checkpoint === "not named" && state === "Ongoing"),
      );
      const shown = await streamjob(workspace, "txns", "list", ...at, "--store", store);
      assert.match(shown.stdout, /^TRANSACTIONAL ID +STATE +PRODUCER +EPOCH +AGE +CHECKPOINT \d+ +JOB +PARTITIONS$/m);
      assert.match(shown.stdout, new RegExp(`^${named[0]} +Ongoing .* named +kafka-count +${to}-[01]`, "m"));

      const commit = ["txns", "commit", ...at, "--store", store] as const;
      const foreign = await streamjob(workspace, ...commit, stranger, "--yes");
      assert.deepEqual(
        [foreign.exitCode, /does not name the transaction/.test(foreign.stderr)],
        [2, true],
        foreign.stderr,
      );
      const unsaid = await streamjob(workspace, ...commit);
      assert.match(unsaid.stderr, /CONFIRMATION_MISSING/);
      assert.deepEqual(await topics.read(to), [], "nothing was changed");
      const committed = await streamjob(workspace, ...commit, "--yes");
      assert.equal(committed.exitCode, 0, committed.stderr);
      assert.match(committed.stdout, new RegExp(`^${named[0]} \\(producer \\d+, epoch \\d+\\): committed$`, "m"));
      const aborted = await streamjob(workspace, "txns", "abort", ...at, "--yes");
      assert.equal(aborted.exitCode, 0, aborted.stderr);
      assert.match(aborted.stdout, new RegExp(`^${stranger} .*: aborted$`, "m"));
      await topics.whenSettled(`${to}-`);
      assert.deepEqual(await items(), []);
      const lines = (await topics.read(to)).map(({ value }) => value ?? "null");
      assert.equal(new Set(lines).size, lines.length);
      assert.ok(lines.length > 0);
      const { stable, ends } = await topics.ends(to);
      assert.deepEqual(stable, ends);
    }));

  it("TXC2 refuses what a job holds that runs, which then commits it itself", () =>
    inWorkspace("txns-living", async (workspace) => {
      const topics = kafka.topics();
      const topic = await topics.create("held", 1);
      const brokers = topics.bootstrap;
      const sink = kafkaSink<string>({ brokers, topic, transactionalIdPrefix: topic, guarantee: "exactly-once" });
      const writer: TransactionWriter<string, KafkaTransaction> = sink.createWriter(sinkContext({ jobName: "orders" }));
      await writer.open?.();
      try {
        await writer.abortAllExcept([]);
        const transaction = await prepared(writer, ["a"]);
        for (const verb of ["abort", "commit"]) {
          const args = ["txns", verb, transaction.transactionalId, "--brokers", brokers, "--yes"];
          const { exitCode, stderr } = await streamjob(workspace, ...args);
          assert.equal(exitCode, 1, stderr);
          assert.match(stderr, /job "orders" .* is running and holds .*TRANSACTIONS_IN_USE/s);
        }
        assert.equal((await settle(writer, transaction)).kind, "committed");
        await topics.whenSettled(topic);
        assert.deepEqual(
          (await topics.read(topic)).map(({ value }) => value),
          ["a"],
        );
      } finally {
        await writer.close?.();
      }
    }));
});
