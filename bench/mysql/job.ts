/**
 * The job of the MySQL bench: users are counted into a table. Arguments: server, table, records, users, checkpoint interval, rows of a batch,
 * mode of the sink.
 */
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { mysqlSink } from "streamjob/connectors/mysql";

const Count = t.record({ user: t.string, count: t.int64 });

export default job((env) => {
  const [server, table, records, users, interval, batchRows, mode] = env.args as string[] as [
    string,
    string,
    string,
    string,
    string,
    string,
    "upsert" | "ledger",
  ];
  env.configure({ name: "bench-mysql", checkpoints: { interval: Number(interval), mode: "exactly-once" } });
  const generate = (number: number): { user: string; count: number } => ({
    user: `user-${number % Number(users)}`,
    count: 1,
  });
  env
    .fromSource(generatorSource({ generate, count: Number(records), type: Count }), { uid: "ones" })
    .keyBy("user")
    .sum("count", { uid: "counts" })
    .sinkTo(mysqlSink({ server, table, type: Count, onDuplicate: "update", batchRows: Number(batchRows), mode }), {
      uid: "mysql",
    });
});
