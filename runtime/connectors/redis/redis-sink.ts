/**
 * Owns: the sink that writes into Redis: fields of hashes, keys, or entries of streams. At least once, by writes that bear repetition.
 *
 * RDS1 Commands of a batch go out together, in the order of their records, and all are answered before the next batch and before a checkpoint.
 * RDS2 An entry of a stream is appended together with the note of its `id`, by one script: written again after a restart it is found and left
 *      out, as long as the note is kept (`remember`).
 */
import type { ChainableCommander } from "ioredis";
import { type Duration, readDuration } from "../../../base/index.ts";
import type { PlainSink, SinkContext, SinkWriter } from "../../ports/index.ts";
import { checkNumber, optionInvalid } from "../kit/index.ts";
import { type CheckedRedis, checkRedis, RedisConnection, type RedisServer } from "./server.ts";

/** What a value's part is: text, number or bytes. */
export type RedisValue = string | number | Uint8Array;

/** `HSET hash field value`; `HDEL hash field` where the value is null. */
export type RedisHashWrites<T> = {
  readonly hash: string | ((value: T) => string);
  readonly field: (value: T) => string;
  readonly value: (value: T) => RedisValue | null;
};

/** `SET key value`, with `ttl` until then; `DEL key` where the value is null. */
export type RedisKeyWrites<T> = {
  readonly key: (value: T) => string;
  readonly value: (value: T) => RedisValue | null;
  readonly ttl?: Duration;
};

/** `XADD stream * …`, once for each `id`. */
export type RedisStreamWrites<T> = {
  readonly stream: string | ((value: T) => string);
  /** The same for a record that is written again, such as its key and its window's end. */
  readonly id: (value: T) => string;
  readonly fields: (value: T) => Readonly<Record<string, RedisValue>>;
  /** How long an id is remembered: longer than a job may go back when it is restored. Default 1 day. */
  readonly remember?: Duration;
  /** Older entries are removed when there are more, about. Default: none is. */
  readonly lengthMax?: number;
};

export type RedisSinkOptions<T> = {
  readonly server: RedisServer | string;
  /** Commands that go out together. Default 500. */
  readonly batchSize?: number;
  /** Default `redis`. */
  readonly name?: string;
} & (RedisHashWrites<T> | RedisKeyWrites<T> | RedisStreamWrites<T>);

const BATCH_SIZE = 500;
/** KEYS: stream, note. ARGV: milliseconds, length or "", then fields and values. */
const APPEND_ONCE = `
if not redis.call('set', KEYS[2], '1', 'NX', 'PX', ARGV[1]) then return false end
if ARGV[2] == '' then return redis.call('xadd', KEYS[1], '*', unpack(ARGV, 3)) end
return redis.call('xadd', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', unpack(ARGV, 3))`;

type Command<T> = (pipeline: ChainableCommander, value: T) => void;

/** Errors: OPTION_INVALID; of its writers: SINK_FAILED. */
export function redisSink<T>(options: RedisSinkOptions<T>): PlainSink<T> {
  const { name = "redis", batchSize = BATCH_SIZE } = options;
  const server = checkRedis(name, options.server);
  checkNumber(
    name,
    ["batchSize", batchSize],
    (size) => Number.isSafeInteger(size) && size >= 1,
    "a whole number from 1",
  );
  const command = commandOf(name, options);
  return {
    kind: "sink",
    name,
    guarantee: "at-least-once",
    createWriter: (context) => new RedisWriter({ server, batchSize, command }, context),
  };
}

function commandOf<T>(name: string, options: RedisSinkOptions<T>): Command<T> {
  const kinds = (["hash", "key", "stream"] as const).filter((kind) => kind in options);
  if (kinds.length !== 1)
    throw optionInvalid(
      name,
      "give one of hash (with field and value), key (with value) and stream (with id and fields)",
    );
  const needs = { hash: ["field", "value"], key: ["key", "value"], stream: ["id", "fields"] }[kinds[0] as "hash"];
  for (const need of needs)
    if (typeof (options as unknown as Record<string, unknown>)[need] !== "function")
      throw optionInvalid(name, `${kinds[0]} needs ${need}: (value) => …`);
  if ("hash" in options) {
    const { hash, field, value } = options;
    const hashOf = typeof hash === "function" ? hash : () => hash;
    return (pipeline, record) => {
      const given = value(record);
      if (given === null) pipeline.hdel(hashOf(record), field(record));
      else pipeline.hset(hashOf(record), field(record), written(given));
    };
  }
  if ("key" in options) {
    const { key, value, ttl } = options;
    const ttlMs = ttl === undefined ? null : readDuration(ttl, `${name}: ttl`);
    return (pipeline, record) => {
      const given = value(record);
      if (given === null) pipeline.del(key(record));
      else if (ttlMs === null) pipeline.set(key(record), written(given));
      else pipeline.set(key(record), written(given), "PX", ttlMs);
    };
  }
  const { stream, id, fields, remember = "1d", lengthMax } = options;
  checkNumber(
    name,
    ["lengthMax", lengthMax],
    (length) => Number.isSafeInteger(length) && length >= 1,
    "a whole number from 1",
  );
  const rememberMs = readDuration(remember, `${name}: remember`);
  const streamOf = typeof stream === "function" ? stream : () => stream;
  return (pipeline, record) => {
    const key = streamOf(record);
    const parts = Object.entries(fields(record)).flatMap(([field, part]) => [field, written(part)]);
    pipeline.eval(APPEND_ONCE, 2, key, `{${key}}:written:${id(record)}`, rememberMs, lengthMax ?? "", ...parts);
  };
}

/** The client takes a Buffer for bytes, and any other array for several arguments. */
function written(value: RedisValue): string | number | Buffer {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

type Settings<T> = { readonly server: CheckedRedis; readonly batchSize: number; readonly command: Command<T> };

class RedisWriter<T> implements SinkWriter<T> {
  readonly #settings: Settings<T>;
  readonly #connection: RedisConnection;
  #values: T[] = [];

  constructor(settings: Settings<T>, { name, uid, subtask }: SinkContext) {
    this.#settings = settings;
    this.#connection = new RedisConnection(
      settings.server,
      `sink ${name} (uid ${uid}, subtask ${subtask})`,
      "SINK_FAILED",
    );
  }

  async open(): Promise<void> {
    await this.#connection.client();
  }

  write(value: T): void | Promise<void> {
    this.#values.push(value);
    if (this.#values.length >= this.#settings.batchSize) return this.flush();
  }

  async flush(): Promise<void> {
    const values = this.#values;
    if (values.length === 0) return;
    this.#values = [];
    try {
      const pipeline = (await this.#connection.client()).pipeline();
      for (const value of values) this.#settings.command(pipeline, value);
      for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
    } catch (error) {
      throw this.#connection.error(`write ${values.length} records`, error);
    }
  }

  close(): void {
    this.#connection.close();
  }
}
