/**
 * Prints the table.
 *
 *   node examples/13-mysql-word-count/show.ts mysql://user:password@localhost:3306/words
 */
import { createConnection, type RowDataPacket } from "mysql2/promise";

const connection = await createConnection(process.argv[2] ?? "mysql://streamjob:streamjob@localhost:3306/streamjob");
const [rows] = await connection.query<RowDataPacket[]>("select word, count from t_wordcount order by count desc, word");
for (const { word, count } of rows) process.stdout.write(`${String(word)} ${String(count)}\n`);
await connection.end();
