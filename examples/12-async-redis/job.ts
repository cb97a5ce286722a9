/**
 * Looks each city up in Redis by its id, with many requests at a time, and prints the names in the order of the ids.
 *
 *   streamjob run examples/12-async-redis/job.ts -- --server redis://localhost:6379 [--order unordered]
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { collectionSource, printSink } from "streamjob/connectors/basic";
import { redisLookup } from "streamjob/connectors/redis";

type City = { readonly id: string; readonly name: string | null };
const City = t.record({ id: t.string, name: t.nullable(t.string) });

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      server: { type: "string", default: "redis://localhost:6379" },
      order: { type: "string", default: "ordered" },
    },
  });
  const { server, order } = values;
  env.configure({ name: "async-redis" });
  const ids = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];

  env
    .fromSource(collectionSource(ids, { type: t.string }), { uid: "ids" })
    .mapAsync(
      redisLookup({
        server,
        hash: "AsyncReadRedis",
        field: (id: string) => id,
        join: (id, name) => ({ id, name }),
      }),
      {
        uid: "cities",
        type: City,
        order: order === "unordered" ? "unordered" : "ordered",
        capacity: 10,
        timeout: "10s",
        // It answers: the record goes on without a name.
        onTimeout: (id) => ({ id, name: null }),
        retry: { attempts: 3, delay: "200 ms" },
      },
    )
    .sinkTo(printSink<City>({ format: ({ id, name }) => `${id} ${name ?? "has no name"}` }), { uid: "print" });
});
