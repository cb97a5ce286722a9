/**
 * The batch job of the process tests: numbers joined with the greatest one of their group, grouped, and in order: `7 4 30028` says of group 7 that it has 4 numbers, and their sum. Its rows are more than
 * the memory that the test gives it.
 *
 *   -- --count <numbers> --groups <different ones> --output <folder> [--until <file>]
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";
import { tableEnvironment } from "streamjob/table";
import { heldSource } from "./held-source.ts";

const Numbers = t.record({ id: t.int64, grp: t.int64 });

/** What the sink has to hold in the end, made without the engine, in order. */
export function expectedGroups(count: number, groups: number): string[] {
  return Array.from({ length: groups }, (_none, group) => {
    const ids = Array.from({ length: Math.ceil((count - group) / groups) }, (_id, at) => group + at * groups);
    return `${group} ${ids.length} ${ids.reduce((sum, id) => sum + id, 0)}`;
  });
}

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      count: { type: "string", default: "1000" },
      groups: { type: "string", default: "100" },
      output: { type: "string", default: "output" },
      until: { type: "string" },
    },
  });
  const groups = Number(values.groups);
  env.configure({
    name: "grouped-numbers",
    checkpoints: { interval: "300 ms" },
    restart: { strategy: "fixed-delay", attempts: 10_000, delay: "50 ms" },
  });
  const numbers = env.fromSource(
    heldSource(
      generatorSource({
        generate: (id) => ({ id, grp: id % groups }),
        type: Numbers,
        count: Number(values.count),
        ratePerSecond: 20_000,
      }),
      values.until,
    ),
    { uid: "numbers" },
  );
  const tables = tableEnvironment(env, { mode: "batch" });
  tables.table("numbers", numbers);
  tables
    .sql<{ readonly grp: bigint; readonly n: bigint; readonly total: bigint }>(
      `SELECT l.grp, COUNT(*) AS n, SUM(l.id) AS total
       FROM numbers AS l JOIN (SELECT grp, MAX(id) AS last FROM numbers GROUP BY grp) AS g ON l.grp = g.grp AND l.id <= g.last
       GROUP BY l.grp ORDER BY l.grp`,
    )
    .toStream({ uid: "rows" })
    .map(({ grp, n, total }) => `${grp} ${n} ${total}`, { uid: "lines", type: t.string, parallelism: 1 })
    .sinkTo(filesSink({ directory: values.output }), { uid: "files", parallelism: 1 });
});
