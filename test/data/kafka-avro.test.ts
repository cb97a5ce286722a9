/** Avro from topic to topic in a real job: records of two versions of a schema, written by avsc itself, and totals that it reads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import avsc from "avsc";
import { bytesFormat, kafkaSource } from "../../runtime/connectors/kafka/index.ts";
import { SourceHarness } from "../../runtime/testkit/index.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { schemas, totalSchema } from "./jobs/kafka-avro.ts";
import { testKafka } from "./kafka-topics.ts";

const MODULE = new URL("./jobs/kafka-avro.ts", import.meta.url).pathname;
const kafka = await testKafka();
const ORDERS = 40;

const framed = (id: number, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 0, id]), bytes]);

describe("Avro", { skip: kafka.skip }, () => {
  it("AVF1 of two schemas is read and written by a job, exactly as avsc writes and reads it", () =>
    inWorkspace("avro", async (workspace) => {
      const topics = kafka.topics();
      const [from, to] = [await topics.create("orders", 1), await topics.create("totals", 1)];
      const types = [1, 2].map((id) => avsc.Type.forSchema(schemas[id as 1 | 2] as avsc.Schema));
      const orders = Array.from({ length: ORDERS }, (_, index) => {
        const order = { customer: `c${index % 3}`, amount: Buffer.from([index + 1]), at: index };
        const version = index % 2;
        const value = version === 0 ? order : { ...order, note: index % 4 === 1 ? null : "x" };
        return { value: framed(version + 1, types[version]?.toBuffer(value) ?? Buffer.alloc(0)), partition: 0 };
      });
      await topics.write(from, orders);
      const args = ["--brokers", topics.bootstrap, "--from", from, "--to", to, "--end", String(ORDERS)];
      const run = await workspace.start({ module: MODULE, args, parallelism: 1 });
      await run.finish();
      const total = avsc.Type.forSchema(totalSchema as avsc.Schema);
      const sums = new Map<string, bigint>();
      const totals = kafkaSource({ brokers: topics.bootstrap, topics: to, format: bytesFormat(), end: "latest" });
      const reader = await SourceHarness.start(totals, { deadline: "3 min" });
      await reader.read();
      assert.equal(reader.values.length, ORDERS);
      for (const value of reader.values) {
        assert.deepEqual([...value.subarray(0, 5)], [0, 0, 0, 0, 3]);
        const { customer, amount } = total.fromBuffer(Buffer.from(value.subarray(5))) as {
          customer: string;
          amount: Buffer;
        };
        sums.set(customer, BigInt.asIntN(amount.length * 8, BigInt(`0x${amount.toString("hex")}`)));
      }
      await reader.close();
      const expected = [0, 1, 2].map((customer) => {
        const own = Array.from({ length: ORDERS }, (_, index) => index).filter((index) => index % 3 === customer);
        return [`c${customer}`, own.reduce((sum, index) => sum + BigInt(index + 1), 0n)] as const;
      });
      assert.deepEqual(
        [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)),
        expected,
      );
    }));
});
