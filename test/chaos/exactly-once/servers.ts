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
import { until } from "../../integration/until.ts";

export type Servers = {
  readonly topics: KafkaTopics;
  readonly database: MySqlServer;
  readonly broker: RunningPart;
  readonly mariadb: RunningPart;
  query(sql: string): Promise<Readonly<Record<string, unknown>>[]>;
  /** Resolves when both serve, as after a restart. */
  whenServing(): Promise<void>;
};

const SERVE_WITHIN_MS = 120_000;

/** Started once for a test file. `skip`: why they cannot be had. */
export async function ownServers(): Promise<{ readonly skip: false | string; readonly servers: () => Servers }> {
  const kafka = await testPart(kafkaPart, { isOwn: true });
  const mariadb = await testPart(mariadbPart, { isOwn: true });
  const servers = (): Servers => {
    const database = mariadb.gives();
    const { bootstrap } = kafka.gives();
    return {
      topics: new KafkaTopics(bootstrap),
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
      whenServing: async () => {
        await until(() => serves(kafkaPart.check({ bootstrap })), "Kafka serves", SERVE_WITHIN_MS);
        await until(() => serves(mariadbPart.check(database)), "MariaDB serves", SERVE_WITHIN_MS);
      },
    };
  };
  return { skip: kafka.skip !== false ? kafka.skip : mariadb.skip, servers };
}

const serves = (check: Promise<void>): Promise<boolean> =>
  check.then(
    () => true,
    () => false,
  );
