/**
 * The job of the chaos of SQL: a query of the corpus over rows of a seed that come at a pace; its changes are lines of an exactly-once files sink.
 * The only argument is JSON of JobInput.
 */
import { forBoundedOutOfOrderness, job, type Source, t, type ValueType } from "streamjob";
import { filesSink } from "streamjob/connectors/files";
import { tableEnvironment } from "streamjob/table";
import { DELAY_MS, Order, Payment, User } from "../../../../runtime/table/queries/data.test-support.ts";
import { outsideTable } from "../../../../runtime/table/queries/outside-table.test-support.ts";
import { heldSource } from "../../../integration/jobs/held-source.ts";
import { pacedSource } from "../../../promises/jobs/paced-source.ts";
import { lineOfChange } from "../changes.ts";
import { rowsOf } from "../rows.ts";

export type JobInput = {
  readonly query: string;
  /** As SqlPlan has it. */
  readonly miniBatch: { readonly size: number; readonly phases: string } | null;
  /** Of the rows. */
  readonly seed: number;
  /** Where the users are once more, as a table that is looked up in; null: in the statement. */
  readonly outside: { readonly url: string; readonly prefix: string } | null;
  readonly output: string;
  /** Once it is there, rows come as fast as they are taken. */
  readonly hurryFile: string;
  /** The sources do not end before it is there. */
  readonly mayEndFile: string;
};

/** How long the rows take if nobody hurries: all tables come side by side. */
const PACED_SECONDS = 15;
/** Some mini-batches end by it, some by checkpoints. */
const MINI_BATCH_LATENCY = "200 ms";

export default job((env) => {
  const input = JSON.parse(env.args[0] as string) as JobInput;
  const { query, miniBatch, output } = input;
  env.configure({
    name: "sql-chaos",
    checkpoints: { interval: "300 ms", mode: "exactly-once" },
    restart: { strategy: "fixed-delay", attempts: 10_000, delay: "50 ms" },
  });
  const rows = rowsOf(input.seed);
  const batches = miniBatch === null ? {} : { miniBatch: { size: miniBatch.size, allowLatency: MINI_BATCH_LATENCY } };
  const tables = tableEnvironment(env, batches);
  if (miniBatch !== null) tables.execute(`SET 'table.optimizer.agg-phase-strategy' = '${miniBatch.phases}'`);
  const reads = (table: string): boolean => new RegExp(`\\b${table}\\b`).test(query);
  const watermarks = forBoundedOutOfOrderness(DELAY_MS, ({ ts }: { readonly ts: number }) => ts);
  if (reads("orders")) {
    const orders = env.fromSource(atPace(rows.orders, Order, input), { uid: "orders", watermarks });
    tables.table("orders", orders, { rowtime: "ts" });
  }
  if (reads("payments")) {
    const payments = env.fromSource(atPace(rows.payments, Payment, input), { uid: "payments", watermarks });
    tables.table("payments", payments, { rowtime: "ts" });
  }
  if (reads("users")) tables.table("users", env.fromSource(atPace(rows.users, User, input), { uid: "users" }));
  if (reads("outside")) tables.execute(outsideTable(rows, input.outside));
  const result = tables.sql(query);
  const { type } = result;
  result
    .toChangelogStream({ uid: "changes" })
    .map((change) => lineOfChange(change, type), { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: output }), { uid: "files" });
});

function atPace<T>(
  rows: readonly T[],
  type: ValueType<T>,
  { hurryFile, mayEndFile }: Pick<JobInput, "hurryFile" | "mayEndFile">,
): Source<T> {
  const count = rows.length;
  const generate = (index: number): T => rows[index] as T;
  const paced = pacedSource({ generate, type, count, ratePerSecond: count / PACED_SECONDS, hurryFile });
  return heldSource(paced, mayEndFile);
}
