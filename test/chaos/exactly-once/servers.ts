/**
 * Owns: a Kafka and a MariaDB of the suite's own, which it breaks, and what is on them.
 *
 * XOS1 What is read here goes through clients of its own, not through the job.
 */
import mysql, { type RowDataPacket } from "mysql2/promise";
import type { MySqlServer } from "../../../runtime/connectors/mysql/index.ts";
import { KafkaTopics } from "../../data/kafka-topics.ts";
import { kafkaPart, mariadbPart, testPart } from "../../environment/index.ts";
import type { RunningPart } from "../../environment/environment.ts";

export type Servers = {
  readonly topics: KafkaTopics;
  readonly database: MySqlServer;
  readonly broker: RunningPart;
  readonly mariadb: RunningPart;
  query(sql: string): Promise<Readonly<Record<string, unknown>>[]>;
};

/** Started once for a test file. `skip`: why they cannot be had. */
export async function ownServers(): Promise<{ readonly skip: false | string; readonly servers: () => Servers }> {
  const kafka = await testPart(kafkaPart, { isOwn: true });
  const mariadb = await testPart(mariadbPart, { isOwn: true });
  const servers = (): Servers => {
    const database = mariadb.gives();
    return {
      topics: new KafkaTopics(kafka.gives().bootstrap),
      database,
      broker: kafka.running(),
      mariadb: mariadb.running(),
      query: async (sql) => {
        const connection = await mysql.createConnection({ ...database });
        try {
          const [rows] = await connection.query<RowDataPacket[]>(sql);
          return rows;
        } finally {
          await connection.end();
        }
      },
    };
  };
  return { skip: kafka.skip !== false ? kafka.skip : mariadb.skip, servers };
}
