/** Getting records into a topic of a real broker while its leaders move: as the sender sees it, the broker is two nodes, one of which leads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextTurn, silentLog } from "../../base/index.ts";
import { readConnection } from "../../runtime/connectors/kafka/client/connection-options.ts";
import type { KafkaClient, PartitionInfo } from "../../runtime/connectors/kafka/client/kafka-client.ts";
import { Retries } from "../../runtime/connectors/kafka/client/retry.ts";
import { createKafkaClient } from "../../runtime/connectors/kafka/create-client.ts";
import { RecordSender } from "../../runtime/connectors/kafka/sink/record-sender.ts";
import { ManualClock } from "../../runtime/testkit/index.ts";
import { testKafka } from "./kafka-topics.ts";

const kafka = await testKafka();
const [OLD, NEW] = [1001, 1002];

/** The real client; only that a partition is led by OLD, and from its first request on by NEW, whose requests wait until they may go. */
class MovingLeader {
  readonly client: KafkaClient;
  underWay = 0;
  letGo: () => void = () => undefined;
  readonly #mayGo = new Promise<void>((resolve) => (this.letGo = resolve));
  #leader = OLD;

  constructor(real: KafkaClient) {
    const own: Pick<KafkaClient, "partitionsOf" | "produce"> = {
      partitionsOf: async (topic) =>
        ((await real.partitionsOf(topic)) ?? []).map((info): PartitionInfo => ({ ...info, leader: this.#leader })),
      produce: async (request) => {
        if (request.node === OLD) {
          this.#leader = NEW;
          return request.batches.map(({ topic, partition }) => ({
            topic,
            partition,
            error: "NOT_LEADER_OR_FOLLOWER",
            offset: -1,
          }));
        }
        this.underWay++;
        await this.#mayGo;
        const [info] = (await real.partitionsOf(request.batches[0]?.topic ?? "")) ?? [];
        return await real.produce({ ...request, node: info?.leader ?? -1 });
      },
    };
    this.client = new Proxy(real, {
      get: (target, name) => (name in own ? own[name as keyof typeof own] : Reflect.get(target, name, target)),
    });
  }
}

describe("the sender of records", { skip: kafka.skip }, () => {
  it("RSE5 sends a batch whose leader has moved by one request, and then what was added meanwhile", async () => {
    const topic = await kafka.topics().create("moving");
    const real = createKafkaClient(readConnection("test", { brokers: kafka.topics().bootstrap }), silentLog);
    await real.connect();
    try {
      const moving = new MovingLeader(real);
      const clock = new ManualClock();
      const settings = { topic, acks: -1, compression: "none", batchBytes: 1, lingerMs: 5 } as const;
      const infos = (await moving.client.partitionsOf(topic)) ?? [];
      const retries = new Retries(clock, 60_000);
      const sender = new RecordSender(moving.client, infos, settings, { clock, retries });
      const add = (value: string): void => void sender.add(0, null, value, 1000, null);
      add("a");
      for (const until = Date.now() + 60_000; clock.nextTimerMs === null; await nextTurn())
        assert.ok(Date.now() < until, "the request was not refused");
      // The sender waits to ask again, and knows the new leader.
      add("b");
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      clock.advance(1000);
      for (const until = Date.now() + 60_000; moving.underWay === 0; await nextTurn())
        assert.ok(Date.now() < until, "it was not asked again");
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      assert.equal(moving.underWay, 1);
      moving.letGo();
      await sender.flush();
      assert.deepEqual(
        (await kafka.topics().read(topic)).map(({ value }) => value),
        ["a", "b"],
      );
      assert.deepEqual(sender.appended(), [{ topic, partition: 0, first: 0, last: 1, records: 2 }]);
      sender.close();
    } finally {
      await real.close();
    }
  });
});
