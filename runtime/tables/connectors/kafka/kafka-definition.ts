/** Owns: what kafka and upsert-kafka say of themselves. */
import type { ConnectorDefinition } from "../connector.ts";
import { kafkaMetadata, kafkaRows, plainFormats, upsertRows, valueFormats } from "./kafka-options.ts";

export const kafkaDefinition: ConnectorDefinition = {
  name: "kafka",
  example: `CREATE TABLE orders (
  id INT,
  price DECIMAL(10, 2),
  ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
  part INT NOT NULL METADATA FROM 'partition' VIRTUAL,
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'orders',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.group.id' = 'totals',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once'
)`,
  meaning:
    "Records of topics as rows, each partition in its order; rows as records, appended. A value that cannot be read fails the job, unless the format's options say otherwise; a record without a value is left out.",
  isRead: true,
  isWritten: true,
  rows: kafkaRows,
  slots: [
    { prefix: "", formats: valueFormats },
    { prefix: "value.", formats: valueFormats },
    { prefix: "key.", formats: plainFormats },
  ],
  metadata: kafkaMetadata,
};

export const upsertKafkaDefinition: ConnectorDefinition = {
  name: "upsert-kafka",
  example: `CREATE TABLE totals (
  user_name STRING,
  total DECIMAL(10, 2),
  PRIMARY KEY (user_name) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'totals',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'raw',
  'value.format' = 'json'
)`,
  meaning:
    "A topic with the last row of each key, best one that is compacted. The table has a PRIMARY KEY, which is the key of records; a record without a value is a row that is gone. Read from its beginning.",
  isRead: true,
  isWritten: true,
  rows: upsertRows,
  slots: [
    { prefix: "key.", formats: plainFormats },
    { prefix: "value.", formats: plainFormats },
  ],
  metadata: kafkaMetadata,
};
