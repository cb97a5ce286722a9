/**
 * Writes the names of cities into the hash AsyncReadRedis, where job.ts finds them.
 *
 *   streamjob run examples/12-async-redis/fill.ts -- --server redis://localhost:6379
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { collectionSource } from "streamjob/connectors/basic";
import { redisSink } from "streamjob/connectors/redis";
import { cities } from "./cities.ts";

type City = { readonly id: string; readonly name: string };
const City = t.record({ id: t.string, name: t.string });

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: { server: { type: "string", default: "redis://localhost:6379" } },
  });
  const { server } = values;
  env.configure({ name: "fill-cities" });
  const named = cities.map(([id, name]) => ({ id, name }));
  env
    .fromSource(collectionSource(named, { type: City }), { uid: "cities" })
    .sinkTo(redisSink<City>({ server, hash: "AsyncReadRedis", field: ({ id }) => id, value: ({ name }) => name }), {
      uid: "redis",
    });
});
