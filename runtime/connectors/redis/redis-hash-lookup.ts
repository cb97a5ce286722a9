/**
 * Owns: the lookup of several fields of a hash in Redis for mapAsync: `HMGET key field …`. What is asked in one turn goes out together (RDL1).
 *
 * RDH1 A hash that has none of the fields is there all the same: then it is asked whether the key exists.
 */
import type { AsyncFunction, AsyncOpenContext } from "../../ports/index.ts";
import { checkCache, LookupCache, type LookupCacheOptions, optionInvalid } from "../kit/index.ts";
import { checkRedis, RedisConnection, type RedisServer } from "./server.ts";

/** Values in the order of `fields`; null: the hash has no such field. */
export type RedisFields = readonly (string | null)[];

export type RedisHashLookupOptions<I, O> = {
  readonly server: RedisServer | string;
  /** The key of the record's hash. */
  readonly key: (value: I) => string;
  readonly fields: readonly string[];
  /** What is emitted; `found` is null when there is no such key. */
  readonly join: (value: I, found: RedisFields | null) => O;
  /** Default: each record asks the server. */
  readonly cache?: LookupCacheOptions;
  /** Default `redis`. */
  readonly name?: string;
};

type Answers = { readonly connection: RedisConnection; readonly cache: LookupCache<RedisFields | null> };

/** A function for `mapAsync`. Errors: OPTION_INVALID; of its calls: LOOKUP_FAILED. */
export function redisHashLookup<I, O>(options: RedisHashLookupOptions<I, O>): AsyncFunction<I, O, unknown> {
  const { name = "redis", key, fields, join } = options;
  const server = checkRedis(name, options.server);
  const cache = checkCache(name, options.cache);
  if (typeof key !== "function" || typeof join !== "function" || !Array.isArray(fields))
    throw optionInvalid(name, "give key: (value) => …, fields: [ … ] and join: (value, found) => …");
  return {
    open: async (context: AsyncOpenContext): Promise<Answers> => {
      const who = `lookup ${context.name} (uid ${context.uid}, subtask ${context.subtask})`;
      const connection = new RedisConnection(server, who, "LOOKUP_FAILED");
      await connection.client();
      return { connection, cache: new LookupCache(cache, context.clock, (found) => found === null) };
    },
    invoke: async (value, { resource, signal }) => {
      const { connection, cache: answers } = resource as Answers;
      const wanted = key(value);
      return join(value, await answers.get(wanted, () => ask(connection, wanted, fields), signal));
    },
    close: (resource) => (resource as Answers).connection.close(),
  };
}

async function ask(connection: RedisConnection, key: string, fields: readonly string[]): Promise<RedisFields | null> {
  try {
    const client = await connection.client();
    const found = fields.length === 0 ? [] : await client.hmget(key, ...fields);
    if (found.some((value) => value !== null)) return found;
    // RDH1
    return (await client.exists(key)) === 1 ? found : null;
  } catch (error) {
    throw connection.error(`look up the hash ${key}`, error);
  }
}
