/**
 * Owns: a Kafka, a MariaDB, a Redis and an S3 server of the suite's own, which it breaks, and what is on them.
 *
 * XOS1 What is read here goes through clients of its own, not through the job.
 * XOS2 Jobs reach the S3 server through a proxy, which they find by the variables of this process, and MariaDB through a relay.
 */
import { Redis } from "ioredis";
import mysql, { type RowDataPacket } from "mysql2/promise";
import type { Address } from "../../data/database.ts";
import { KafkaTopics } from "../../data/kafka-topics.ts";
import type { Part } from "../../environment/part.ts";
import {
  Environment,
  FaultProxy,
  kafkaPart,
  mariadbPart,
  minioPart,
  redisPart,
  type RunningPart,
  TcpRelay,
} from "../../environment/index.ts";
import { until } from "../../integration/until.ts";
import { environmentFor, newBucket } from "../../s3/buckets.ts";

type Row = Readonly<Record<string, unknown>>;
type RedisAddress = { readonly host: string; readonly port: number };

const SERVE_WITHIN_MS = 120_000;

export class Servers {
  readonly topics: KafkaTopics;
  readonly database: Address;
  readonly cache: RedisAddress;
  readonly broker: RunningPart;
  readonly mariadb: RunningPart;
  readonly redis: RunningPart;
  readonly store: FaultProxy;
  readonly databaseRelay: TcpRelay;
  /** In it jobs may have their checkpoints. */
  readonly bucket: string;
  readonly #environment: Environment;

  /** Use start. */
  private constructor(
    environment: Environment,
    between: { readonly proxy: FaultProxy; readonly bucket: string; readonly relay: TcpRelay },
    gives: { readonly bootstrap: string; readonly database: Address; readonly cache: RedisAddress },
  ) {
    const running = (part: Part<never>): RunningPart => environment.running()[part.name] as RunningPart;
    this.#environment = environment;
    this.topics = new KafkaTopics(gives.bootstrap);
    this.database = gives.database;
    this.cache = gives.cache;
    this.broker = running(kafkaPart as Part<never>);
    this.mariadb = running(mariadbPart as Part<never>);
    this.redis = running(redisPart as Part<never>);
    this.store = between.proxy;
    this.bucket = between.bucket;
    this.databaseRelay = between.relay;
  }

  /** Errors: one of them cannot be had. */
  static async start(tell: (line: string) => void): Promise<Servers> {
    const environment = new Environment({ tell, isAlone: true });
    try {
      const [{ bootstrap }, database, cache, s3] = await Promise.all([
        environment.start(kafkaPart),
        environment.start(mariadbPart),
        environment.start(redisPart),
        environment.start(minioPart),
      ]);
      const proxy = await FaultProxy.start(s3.endpoint);
      Object.assign(process.env, environmentFor({ ...s3, endpoint: proxy.endpoint })); // XOS2
      const bucket = await newBucket(s3);
      const relay = await TcpRelay.start(`tcp://${database.host}:${database.port}`);
      const servers = new Servers(environment, { proxy, bucket, relay }, { bootstrap, database, cache });
      await servers.topics.whenReady();
      return servers;
    } catch (error) {
      await environment.stop();
      throw error;
    }
  }

  /** As jobs reach it (XOS2). */
  get databaseOfJobs(): Address {
    return { ...this.database, port: this.databaseRelay.port };
  }

  async stop(): Promise<void> {
    await this.store.stop();
    await this.databaseRelay.stop();
    await this.#environment.stop();
  }

  /** `meanwhile`: before the connection ends. */
  readonly query = async (sql: string, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<Row[]> => {
    const connection = await mysql.createConnection({ ...this.database });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      await meanwhile();
      return rows;
    } finally {
      await connection.end();
    }
  };

  /** Resolves when all that the job needs serve, as after a restart. */
  async whenServing(): Promise<void> {
    const { bootstrap } = this.topics;
    await until(() => serves(kafkaPart.check({ bootstrap })), "Kafka serves", SERVE_WITHIN_MS);
    await until(() => serves(mariadbPart.check(this.database)), "MariaDB serves", SERVE_WITHIN_MS);
    await until(() => serves(redisPart.check(this.cache)), "Redis serves", SERVE_WITHIN_MS);
  }

  fillCache(values: Readonly<Record<string, string>>): Promise<unknown> {
    return this.#asRedis((redis) => redis.mset(values));
  }

  async flushCache(): Promise<void> {
    await this.#asRedis((redis) => redis.flushall());
  }

  async #asRedis<R>(use: (redis: Redis) => Promise<R>): Promise<R> {
    const redis = new Redis({ ...this.cache });
    try {
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  }
}

const serves = (check: Promise<void>): Promise<boolean> =>
  check.then(
    () => true,
    () => false,
  );
