/**
 * Owns: a Kafka and a MariaDB of the suite's own, which it breaks, and what is on them.
 *
 * XOS1 What is read here goes through clients of its own, not through the job.
 */
import mysql, { type RowDataPacket } from "mysql2/promise";
import { silentLog, systemClock } from "../../../base/index.ts";
import { readConnection } from "../../../runtime/connectors/kafka/client/connection-options.ts";
import type { KafkaClient } from "../../../runtime/connectors/kafka/client/kafka-client.ts";
import { Retries } from "../../../runtime/connectors/kafka/client/retry.ts";
import { KafkajsClient } from "../../../runtime/connectors/kafka/kafkajs/kafkajs-client.ts";
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
  /** `use` is called again after an error that passes. */
  kafka<R>(use: (client: KafkaClient) => Promise<R>): Promise<R>;
  /** Resolves when both serve, as after a restart. */
  whenServing(): Promise<void>;
};

const OPEN: ReadonlySet<string> = new Set(["Ongoing", "PrepareCommit", "PrepareAbort"]);
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
      kafka: async (use) => {
        const client = new KafkajsClient(readConnection("chaos", { brokers: bootstrap }), silentLog);
        const retries = new Retries(systemClock, SERVE_WITHIN_MS);
        try {
          await retries.run(() => client.connect());
          // A broker that has just been started loads what its coordinators know.
          return await retries.run(() => use(client));
        } finally {
          await client.close();
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

/** Ids of transactions with this prefix that hold back readers of committed records. */
export async function openTransactions({ kafka }: Servers, prefix: string): Promise<string[]> {
  const known = await kafka((client) => client.transactions(prefix));
  return known.filter(({ state }) => OPEN.has(state)).map(({ transactionalId }) => transactionalId);
}
