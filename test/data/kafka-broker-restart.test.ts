/** A broker that goes away for a while costs neither a record nor the task: reading and writing go on when it is back. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kafkaSink, kafkaSource } from "../../runtime/connectors/kafka/index.ts";
import { sinkOperator } from "../../runtime/operators/index.ts";
import { systemClock } from "../../base/index.ts";
import { OperatorHarness, SourceHarness } from "../../runtime/testkit/index.ts";
import { kafkaPart, startServer, stopServer, testPart } from "../environment/index.ts";
import { KafkaTopics } from "./kafka-topics.ts";

const part = await testPart(kafkaPart, { isOwn: true });
const ROUND = 300;
const ROUNDS = 3;

const numbered = (round: number): string[] => Array.from({ length: ROUND }, (_, index) => `${round}-${index}`);

describe("a broker that is killed and comes back", { skip: part.skip }, () => {
  const cases = [
    ["at-least-once", "kafkajs"],
    ["exactly-once", "kafkajs"],
    ["exactly-once", "@platformatic/kafka"],
  ] as const;
  for (const [guarantee, library] of cases) {
    it(`costs a source and a sink nothing, ${guarantee}, by ${library}`, async () => {
      const topics = new KafkaTopics(part.gives().bootstrap);
      const topic = await topics.create("restart", 2);
      const brokers = topics.bootstrap;
      const sink = kafkaSink<string>({
        brokers,
        library,
        topic,
        guarantee,
        key: (value) => value,
        transactionalIdPrefix: topic,
      });
      const writer = await OperatorHarness.open(sinkOperator<string>(sink), { uid: "sink", clock: systemClock });
      const source = kafkaSource({ brokers, library, topics: topic, partitionDiscovery: "once" });
      const reader = await SourceHarness.start(source, { deadline: "3 min" });
      for (let round = 0; round < ROUNDS; round++) {
        // Times of now: a broker forgets producers by the times of their records when it starts again, and with them what would be doubled.
        for (const value of numbered(round)) writer.process(value, systemClock.nowMs());
        // In the middle of what is sent, and of what is fetched.
        if (round === 1) {
          await stopServer(part.running(), "SIGKILL");
          await startServer(part.running());
        }
        await writer.settled();
        await writer.snapshot(round + 1);
        await writer.complete(round + 1);
      }
      const expected = Array.from({ length: ROUNDS }, (_, round) => numbered(round)).flat();
      await reader.read(() => reader.records.length >= expected.length);
      assert.deepEqual(reader.values.toSorted(), expected.toSorted());
      await writer.close();
      await reader.close();
    });
  }
});
