/**
 * A cluster of three brokers that is rolled, as for an upgrade, under a job from Kafka to Kafka.
 *
 * KRO1 While a broker is away, words are written, counted and committed; it is started again, and the next one goes when all replicas are in sync.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kafkaClusterParts, startServer, stopServer, testPart } from "../environment/index.ts";
import { expectedLines, wordOf } from "../integration/jobs/word-count.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { KafkaTopics } from "./kafka-topics.ts";

const MODULE = new URL("./jobs/kafka-count.ts", import.meta.url).pathname;
const nodes = await Promise.all(kafkaClusterParts.map((part) => testPart(part, { isOwn: true })));
const skip = nodes.find((node) => node.skip !== false)?.skip ?? false;
const WORDS = 17;
const ROUND = 100;
const RECORDS = ROUND * (1 + nodes.length);

describe("three brokers", { skip }, () => {
  it("a broker rolled through three nodes costs no restart of the job, and the result is exact", () =>
    inWorkspace("kafka-rolling", async (workspace) => {
      const topics = new KafkaTopics(nodes[0]?.gives().bootstrap ?? "");
      await topics.whenReady(nodes.length);
      const [from, to] = [await topics.create("words", 2), await topics.create("counts", 2)];
      const args = ["--brokers", topics.bootstrap, "--from", from, "--to", to, "--end", String(RECORDS / 2)];
      const run = await workspace.start({ module: MODULE, args, parallelism: 2, taskManagers: 1 });
      let written = 0;
      const countRound = async (what: string): Promise<void> => {
        const numbers = Array.from({ length: ROUND }, (_, index) => written + index);
        await topics.write(
          from,
          numbers.map((number) => ({ value: wordOf(number, WORDS), partition: number % 2 })),
        );
        written += ROUND;
        if (written === RECORDS) return;
        await run.until(`all words to be committed ${what}`, async () => (await topics.read(to)).length >= written);
      };
      await countRound("before");
      for (const [index, node] of nodes.entries()) {
        await stopServer(node.running(), "SIGTERM");
        workspace.note(`broker ${index + 1} is away`);
        await countRound(`without broker ${index + 1}`);
        await startServer(node.running());
        if (index < nodes.length - 1) await run.until("all replicas to be in sync", () => topics.isInSync([from, to]));
      }
      const { restarts } = await run.finish();
      assert.equal(restarts, 0);
      const lines = (await topics.read(to)).map(({ value }) => value ?? "null");
      assert.deepEqual(lines.toSorted(), expectedLines(RECORDS, WORDS).toSorted());
    }));
});
