/**
 * Prints what readers of committed records see of the minutes.
 *
 *   streamjob run examples/19-kafka-sql/show.ts -- --brokers localhost:9092
 */
import { job } from "streamjob";
import { tableEnvironment } from "streamjob/table";
import { brokersOf, minutesTable } from "./tables.ts";

export default job((env) => {
  env.configure({ name: "show-minutes" });
  const tables = tableEnvironment(env, { mode: "batch" });
  tables.execute(minutesTable(brokersOf(env.args)));
  tables
    .sql("SELECT page, window_end, clicks, visitors FROM minutes ORDER BY window_end, page")
    .print({ uid: "minutes" });
});
