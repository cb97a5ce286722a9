/**
 * Owns: loading the rooms of connectors that have a client library, when a table needs one: a job without such tables does not pay for it.
 *
 * TBCQ1 Synchronously, since a job's graph is built so: Node loads modules for `require`, too. They are loaded while the job is loaded, as if it imported them.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type * as Kafka from "../../connectors/kafka/index.ts";
import type * as Mysql from "../../connectors/mysql/index.ts";
import type * as Redis from "../../connectors/redis/index.ts";

const require = createRequire(import.meta.url);

export const loadKafka = (): typeof Kafka =>
  load(new URL("../../connectors/kafka/index.ts", import.meta.url)) as typeof Kafka;

export const loadMysql = (): typeof Mysql =>
  load(new URL("../../connectors/mysql/index.ts", import.meta.url)) as typeof Mysql;

export const loadRedis = (): typeof Redis =>
  load(new URL("../../connectors/redis/index.ts", import.meta.url)) as typeof Redis;

function load(url: URL): unknown {
  return require(fileURLToPath(url));
}
