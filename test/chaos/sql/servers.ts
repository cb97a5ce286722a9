/**
 * Owns: an S3 server and a Redis of the suite's own, which it breaks. Each is started for the first run that has it.
 *
 * XQS1 Jobs reach the S3 server through a proxy, which they find by the variables of this process. Each run has a place of its own in the bucket, and keys of its own in Redis.
 */
import { Redis } from "ioredis";
import { systemRandom } from "../../../base/index.ts";
import type { Data } from "../../../runtime/table/queries/data.test-support.ts";
import type { Part } from "../../environment/part.ts";
import { Environment, FaultProxy, minioPart, redisPart, type RunningPart } from "../../environment/index.ts";
import { environmentFor, newBucket } from "../../s3/buckets.ts";

export type ServerNeeds = {
  /** Where checkpoints and savepoints are. */
  readonly storage: "files" | "s3";
  /** What a lookup join asks: rows that are read whole when the job begins, or a Redis; null: it has none. */
  readonly looksUpIn: "rows" | "redis" | null;
};
export type StoreServer = { readonly proxy: FaultProxy; readonly bucket: string };
export type CacheServer = { readonly url: string; readonly server: RunningPart };
/** Null: it is not needed. */
export type NeededServers = { readonly store: StoreServer | null; readonly cache: CacheServer | null };

export class SqlServers {
  readonly #environment: Environment;
  #store: Promise<StoreServer> | null = null;
  #cache: Promise<CacheServer> | null = null;

  constructor(tell: (line: string) => void) {
    this.#environment = new Environment({ tell, isAlone: true });
  }

  /** Errors: one of them cannot be had. */
  async of({ storage, looksUpIn }: ServerNeeds): Promise<NeededServers> {
    return {
      store: storage === "s3" ? await (this.#store ??= this.#startStore()) : null,
      cache: looksUpIn === "redis" ? await (this.#cache ??= this.#startCache()) : null,
    };
  }

  async stop(): Promise<void> {
    await this.#store?.then(({ proxy }) => proxy.stop());
    await this.#environment.stop();
  }

  /** XQS1 */
  async #startStore(): Promise<StoreServer> {
    const s3 = await this.#environment.start(minioPart);
    const proxy = await FaultProxy.start(s3.endpoint);
    Object.assign(process.env, environmentFor({ ...s3, endpoint: proxy.endpoint }));
    return { proxy, bucket: await newBucket(s3) };
  }

  async #startCache(): Promise<CacheServer> {
    const { host, port } = await this.#environment.start(redisPart);
    const server = this.#environment.running()[(redisPart as Part<never>).name] as RunningPart;
    return { url: `redis://${host}:${port}/0`, server };
  }
}

/** A key for each user, as the table `outside` reads it; the prefix of the keys. */
export async function fillCache({ url }: CacheServer, { users }: Pick<Data, "users">): Promise<string> {
  const prefix = `users:${systemRandom.hex(4)}:`;
  const redis = new Redis(url);
  try {
    await redis.mset(Object.fromEntries(users.map(({ id, ...user }) => [`${prefix}${id}`, JSON.stringify(user)])));
  } finally {
    redis.disconnect();
  }
  return prefix;
}
