/**
 * Owns: the topics of the example as tables.
 */
import { parseArgs } from "node:util";

/** The brokers: `-- --brokers <host:port>`. */
export function brokersOf(args: readonly string[]): string {
  const { values } = parseArgs({ args: [...args], options: { brokers: { type: "string" } } });
  if (values.brokers === undefined) throw new Error("give the brokers: -- --brokers localhost:9092");
  return values.brokers;
}

/** Clicks as they come, from the topic's beginning to where it ends when the job starts. Without the last two options it is read forever. */
export const clicksTable = (brokers: string): string => `
  CREATE TABLE clicks (
    page STRING,
    visitor STRING,
    seen TIMESTAMP(3),
    WATERMARK FOR seen AS seen - INTERVAL '5' SECOND
  ) WITH (
    'connector' = 'kafka',
    'topic' = 'clicks',
    'properties.bootstrap.servers' = '${brokers}',
    'format' = 'json',
    'scan.startup.mode' = 'earliest-offset',
    'scan.bounded.mode' = 'latest-offset'
  )`;

/** One record for each page and minute, written exactly once. */
export const minutesTable = (brokers: string): string => `
  CREATE TABLE minutes (
    page STRING,
    window_end TIMESTAMP(3),
    clicks BIGINT,
    visitors BIGINT
  ) WITH (
    'connector' = 'kafka',
    'topic' = 'minutes',
    'properties.bootstrap.servers' = '${brokers}',
    'format' = 'json',
    'scan.startup.mode' = 'earliest-offset',
    'scan.bounded.mode' = 'latest-offset',
    'sink.delivery-guarantee' = 'exactly-once',
    'sink.transactional-id-prefix' = 'kafka-sql'
  )`;

/** For each page the number of clicks so far: a later record of a key replaces the one before. */
export const pagesTable = (brokers: string): string => `
  CREATE TABLE pages (
    page STRING,
    clicks BIGINT,
    PRIMARY KEY (page) NOT ENFORCED
  ) WITH (
    'connector' = 'upsert-kafka',
    'topic' = 'pages',
    'properties.bootstrap.servers' = '${brokers}',
    'key.format' = 'json',
    'value.format' = 'json'
  )`;
