/**
 * The job of the exactly-once chaos: words of a topic, counted by key; each count is a record of another topic and a row of a table. How much
 * a word counts is asked of Redis, which is a cache: a word that it does not know counts one, as all of them do.
 * The only argument is JSON of JobInput. A call of async I/O that takes its time keeps the job running while things break.
 */
import { setTimeout as wait } from "node:timers/promises";
import { job, t } from "streamjob";
import { kafkaSink, kafkaSource } from "streamjob/connectors/kafka";
import { type MySqlServer, mysqlSink } from "streamjob/connectors/mysql";
import { redisLookup, type RedisServer } from "streamjob/connectors/redis";

export type JobInput = {
  readonly brokers: string;
  readonly input: string;
  /** Where each partition ends. */
  readonly ends: Readonly<Record<number, number>>;
  readonly output: string;
  readonly transactionTimeoutMs: number;
  readonly server: MySqlServer;
  readonly table: string;
  readonly ledgerTable: string;
  readonly cache: RedisServer;
  /** Of the words' keys in the cache, before a colon. */
  readonly cachePrefix: string;
  readonly mode: "ledger" | "xa";
};

const Count = t.record({ word: t.string, n: t.int64 });
type Count = { word: string; n: number };

const CALL_MS = 20;
/** About so many records a second and subtask, with the time of a call. */
const CALLS_AT_ONCE = 16;

export default job((env) => {
  const given = JSON.parse(env.args[0] as string) as JobInput;
  const { brokers, input, ends, output, transactionTimeoutMs, server, table, ledgerTable, mode, cache, cachePrefix } =
    given;
  env.configure({
    name: "exactly-once-chaos",
    checkpoints: { interval: "300 ms", mode: "exactly-once" },
    restart: { strategy: "fixed-delay", attempts: 10_000, delay: "50 ms" },
  });
  const counts = env
    .fromSource(kafkaSource({ brokers, topics: input, end: { offsets: { [input]: ends } } }), { uid: "words" })
    .mapAsync(
      async (word) => {
        await wait(CALL_MS);
        return word;
      },
      { uid: "calls", type: t.string, capacity: CALLS_AT_ONCE, order: "unordered" },
    )
    .mapAsync(
      redisLookup<string, Count>({
        server: cache,
        key: (word) => `${cachePrefix}:${word}`,
        join: (word, found) => ({ word, n: found === null ? 1 : Number(found) }),
      }),
      { uid: "ones", type: Count, order: "unordered" },
    )
    .keyBy("word")
    .sum("n", { uid: "counts" });
  counts.sinkTo(
    kafkaSink<Count>({
      brokers,
      topic: output,
      key: ({ word }) => word,
      guarantee: "exactly-once",
      transactionalIdPrefix: output,
      transactionTimeout: transactionTimeoutMs,
    }),
    { uid: "kafka" },
  );
  counts.sinkTo(mysqlSink({ server, table, columns: ["word", "n"], mode, ledgerTable }), {
    uid: "mysql",
  });
});
