/**
 * Clicks of a topic: for each page and minute how many, and by how many visitors, exactly once into a second topic; and for each page how many in all, as upserts into a
 * third one.
 *
 *   streamjob run examples/19-kafka-sql/job.ts -- --brokers localhost:9092
 */
import { job } from "streamjob";
import { tableEnvironment } from "streamjob/table";
import { brokersOf, clicksTable, minutesTable, pagesTable } from "./tables.ts";

export default job((env) => {
  env.configure({ name: "kafka-sql", checkpoints: { interval: "1s" } });
  const brokers = brokersOf(env.args);
  const tables = tableEnvironment(env);
  tables.execute([clicksTable, minutesTable, pagesTable].map((table) => table(brokers)).join(";"));
  tables.execute(`
    EXECUTE STATEMENT SET BEGIN
      INSERT INTO minutes
      SELECT page, window_end, COUNT(*), COUNT(DISTINCT visitor)
      FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(seen), INTERVAL '1' MINUTE))
      GROUP BY window_start, window_end, page;

      INSERT INTO pages SELECT page, COUNT(*) FROM clicks GROUP BY page;
    END`);
});
