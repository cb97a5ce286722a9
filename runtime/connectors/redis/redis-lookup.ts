/**
 * Owns: the lookup of values in Redis for mapAsync: `GET key` or `HGET hash field`.
 *
 * RDL1 What is asked in one turn goes out together, and what several records want at a time is asked for once (LookupCache).
 */
import type { AsyncFunction, AsyncOpenContext } from "../../ports/index.ts";
import { type CheckedCache, checkCache, LookupCache, type LookupCacheOptions, optionInvalid } from "../kit/index.ts";
import { checkRedis, RedisConnection, type RedisServer } from "./server.ts";

export type RedisLookupOptions<I, O> = {
  readonly server: RedisServer | string;
  /** The record's key, for `GET`; or, with `hash`, left out. */
  readonly key?: (value: I) => string;
  /** The key of a hash, for `HGET`, the same for all records or of each. */
  readonly hash?: string | ((value: I) => string);
  /** The record's field of the hash. */
  readonly field?: (value: I) => string;
  /** What is emitted; `found` is null when there is no such key or field. */
  readonly join: (value: I, found: string | null) => O;
  /** Default: each record asks the server. */
  readonly cache?: LookupCacheOptions;
  /** Default `redis`. */
  readonly name?: string;
};

/** What the calls of one subtask share. */
type Answers = { readonly connection: RedisConnection; readonly cache: LookupCache<string | null> };

/** A function for `mapAsync`. Errors: OPTION_INVALID; of its calls: LOOKUP_FAILED. */
export function redisLookup<I, O>(options: RedisLookupOptions<I, O>): AsyncFunction<I, O, unknown> {
  const { name = "redis", key, hash, field, join } = options;
  const server = checkRedis(name, options.server);
  const cache: CheckedCache | null = checkCache(name, options.cache);
  if (typeof join !== "function") throw optionInvalid(name, "give join: (value, found) => …");
  const isHash = hash !== undefined;
  if (isHash ? key !== undefined || field === undefined : key === undefined || field !== undefined)
    throw optionInvalid(name, "give either key, or hash and field");
  const hashOf = (value: I): string => (typeof hash === "function" ? hash(value) : (hash ?? ""));
  const open = async (context: AsyncOpenContext): Promise<Answers> => {
    const who = `lookup ${context.name} (uid ${context.uid}, subtask ${context.subtask})`;
    const connection = new RedisConnection(server, who, "LOOKUP_FAILED");
    await connection.client();
    return { connection, cache: new LookupCache(cache, context.clock, (found) => found === null) };
  };
  return {
    open,
    invoke: async (value, { resource, signal }) => {
      const { connection, cache } = resource as Answers;
      const command: readonly [string, string?] = isHash
        ? [hashOf(value), (field as (value: I) => string)(value)]
        : [(key as (value: I) => string)(value)];
      const found = await cache.get(JSON.stringify(command), () => ask(connection, command), signal);
      return join(value, found);
    },
    close: (resource) => (resource as Answers).connection.close(),
  };
}

async function ask(connection: RedisConnection, [key, field]: readonly [string, string?]): Promise<string | null> {
  try {
    const client = await connection.client();
    return field === undefined ? await client.get(key) : await client.hget(key, field);
  } catch (error) {
    throw connection.error(`look up ${field === undefined ? key : `${field} of ${key}`}`, error);
  }
}
