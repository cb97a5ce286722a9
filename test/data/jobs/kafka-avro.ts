/**
 * Orders in Avro, added up by customer, each new total in Avro with the id of its schema.
 *
 *   -- --brokers <host:port> --from <topic> --to <topic> --end <offset>
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { avroFormat, avroValue, kafkaSink, kafkaSource } from "streamjob/connectors/kafka";

const Order = t.record({ customer: t.string, amount: t.decimal(2), at: t.timestamp, note: t.optional(t.string) });
const Total = t.record({ customer: t.string, amount: t.decimal(2) });

const decimal = { type: "bytes", logicalType: "decimal", precision: 18, scale: 2 };
const older = [
  { name: "customer", type: "string" },
  { name: "amount", type: decimal },
  { name: "at", type: { type: "long", logicalType: "timestamp-millis" } },
];
export const schemas = {
  1: { type: "record", name: "Order", fields: older },
  2: { type: "record", name: "Order", fields: [...older, { name: "note", type: ["null", "string"], default: null }] },
};
export const totalSchema = {
  type: "record",
  name: "Total",
  fields: [
    { name: "customer", type: "string" },
    { name: "amount", type: decimal },
  ],
};

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      brokers: { type: "string", default: "localhost:9092" },
      from: { type: "string", default: "orders" },
      to: { type: "string", default: "totals" },
      end: { type: "string", default: "0" },
    },
  });
  const { brokers, from, to, end } = values;
  const format = avroFormat(Order, { schema: schemas[2], schemas });
  env.configure({ name: "kafka-avro", checkpoints: { interval: "300 ms" } });
  env
    .fromSource(kafkaSource({ brokers, topics: from, format, end: { offsets: { [from]: { 0: Number(end) } } } }), {
      uid: "orders",
    })
    .map(({ customer, amount }) => ({ customer, amount }), { uid: "totals-of-one", type: Total })
    .keyBy("customer")
    .reduce((sum, one) => ({ customer: sum.customer, amount: sum.amount + one.amount }), { uid: "totals" })
    .sinkTo(
      kafkaSink<{ customer: string; amount: bigint }>({
        brokers,
        topic: to,
        key: ({ customer }) => customer,
        value: avroValue(Total, { schema: totalSchema, schemaId: 3 }),
      }),
      { uid: "out" },
    );
});
