/** Room `connectors/redis` (`streamjob/connectors/redis`): lookups for mapAsync; a sink of hashes, keys and streams. */
export { type RedisFields, redisHashLookup, type RedisHashLookupOptions } from "./redis-hash-lookup.ts";
export { redisLookup, type RedisLookupOptions } from "./redis-lookup.ts";
export {
  type RedisHashWrites,
  type RedisKeyWrites,
  redisSink,
  type RedisSinkOptions,
  type RedisStreamWrites,
  type RedisValue,
} from "./redis-sink.ts";
export type { RedisServer } from "./server.ts";
