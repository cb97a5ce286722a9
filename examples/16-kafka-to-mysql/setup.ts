/**
 * Makes the table that job.ts writes into, empty.
 *
 *   node examples/16-kafka-to-mysql/setup.ts localhost:9092 mysql://user:password@localhost:3306/words
 */
import { createConnection } from "mysql2/promise";

const connection = await createConnection(process.argv[3] ?? "mysql://streamjob:streamjob@localhost:3306/streamjob");
await connection.query("drop table if exists t_wordcount");
await connection.query(
  "create table t_wordcount (word varchar(100) primary key, count bigint not null, writes bigint not null)",
);
await connection.end();
