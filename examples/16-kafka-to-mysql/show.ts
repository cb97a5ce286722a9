/**
 * Prints the table: each word, its count, and how often its row was written.
 *
 *   node examples/16-kafka-to-mysql/show.ts localhost:9092 mysql://user:password@localhost:3306/words
 */
import { createConnection, type RowDataPacket } from "mysql2/promise";

const connection = await createConnection(process.argv[3] ?? "mysql://streamjob:streamjob@localhost:3306/streamjob");
const [rows] = await connection.query<RowDataPacket[]>(
  "select word, count, writes from t_wordcount order by count desc, word",
);
for (const { word, count, writes } of rows)
  process.stdout.write(`${String(word)} ${String(count)} ${String(writes)}\n`);
await connection.end();
