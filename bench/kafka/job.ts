/** The job of the Kafka bench: arguments are the brokers, the topics of input and output, and the checkpoint interval. */
import { job, t } from "streamjob";
import { jsonFormat, kafkaSink, kafkaSource } from "streamjob/connectors/kafka";

const Order = t.record({ id: t.int64, user: t.string, amount: t.float64, note: t.string });
const Count = t.record({ user: t.string, count: t.int64 });

export default job((env) => {
  const [brokers, input, output, interval] = env.args as [string, string, string, string];
  env.configure({ name: "bench-kafka", checkpoints: { interval: Number(interval), mode: "exactly-once" } });
  const orders = kafkaSource({ brokers, topics: input, format: jsonFormat(Order), end: "latest" });
  const counts = kafkaSink<{ user: string; count: number }>({
    brokers,
    topic: output,
    key: ({ user }) => user,
    guarantee: "exactly-once",
    transactionalIdPrefix: output,
    transactionTimeout: "10 min",
  });
  env
    .fromSource(orders, { uid: "orders" })
    .map(({ user }) => ({ user, count: 1 }), { uid: "ones", type: Count })
    .keyBy(({ user }) => user)
    .sum("count", { uid: "counts" })
    .sinkTo(counts, { uid: "sink" });
});
