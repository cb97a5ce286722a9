/**
 * Writes the clicks into their topic.
 *
 *   streamjob run examples/19-kafka-sql/fill.ts -- --brokers localhost:9092
 */
import { job } from "streamjob";
import { tableEnvironment } from "streamjob/table";
import { brokersOf, clicksTable } from "./tables.ts";

export default job((env) => {
  env.configure({ name: "fill-clicks" });
  const tables = tableEnvironment(env);
  tables.execute(`${clicksTable(brokersOf(env.args))};
    INSERT INTO clicks VALUES
      ('/', 'ann', TIMESTAMP '2026-01-01 12:00:01'),
      ('/', 'bob', TIMESTAMP '2026-01-01 12:00:05'),
      ('/shop', 'ann', TIMESTAMP '2026-01-01 12:00:40'),
      ('/', 'ann', TIMESTAMP '2026-01-01 12:00:38'),
      ('/shop', 'cleo', TIMESTAMP '2026-01-01 12:01:10'),
      ('/', 'cleo', TIMESTAMP '2026-01-01 12:01:20'),
      ('/shop', 'cleo', TIMESTAMP '2026-01-01 12:01:30')`);
});
