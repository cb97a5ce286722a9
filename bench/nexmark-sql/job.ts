/** A Nexmark query in SQL: arguments are the query, the number of events, the folder for reports, milliseconds between checkpoints, rows of a mini-batch (0: none). */
import { type DataStream, job } from "streamjob";
import { systemClock } from "../../base/index.ts";
import { givenTableOf } from "../../runtime/table/given-stream.ts";
import { PlanStreams } from "../../runtime/table/plan-streams.ts";
import { ScriptPlans } from "../../runtime/table/script-plan.ts";
import { eventSource, eventTimes } from "./event-source.ts";
import { eventTables } from "./events.ts";
import { fingerprintSink } from "./fingerprint-sink.ts";
import { sqlQueries } from "./queries.ts";
import { sideInput } from "./side-input.ts";

export default job((env) => {
  const [name, events, folder, interval, miniBatch = "0"] = env.args as [string, string, string, string, string?];
  const query = sqlQueries.get(name);
  if (query === undefined) throw new Error(`there is no query ${name}`);
  const { text, tables, determined, weight } = query;
  env.configure({ name: `nexmark-sql-${name}`, checkpoints: { interval: Number(interval), mode: "exactly-once" } });
  const streams = tables.map((table): [string, DataStream<object>] => [
    table,
    env
      .fromSource(eventSource(table, { among: Number(events) }), { uid: table })
      .transform(eventTimes(table), { uid: `${table}:times`, type: eventTables[table].type }),
  ]);
  const given = new Map(streams) as Map<string, DataStream<unknown>>;
  const described = [...given].map(([table, stream]) => givenTableOf(table, stream, { rowtime: "dateTime" }));
  const side = /\bside_input\b/.test(text) ? sideInput(folder) : "";
  const before = `${side}\n${miniBatch === "0" ? "" : miniBatches(miniBatch)}`;
  const { queries } = new ScriptPlans(before).plan(text, name, { tables: described });
  const [plan] = queries;
  if (plan === undefined) throw new Error(`${name} asks nothing`);
  const { input } = plan;
  const placesOf = (names: readonly string[]): readonly number[] =>
    input.row.flatMap((column, place) => (names.includes(column.name) ? [place] : []));
  const columns = placesOf(determined);
  const [weightAt = null] = placesOf(weight === null ? [] : [weight]);
  if (columns.length !== determined.length || (weight !== null && weightAt === null))
    throw new Error(`${name} lacks a column that is to be compared`);
  if (input.changes === "upsert") throw new Error(`${name} gives upserts, which the sum of rows is not for (NXF1)`);
  const session = { timeZone: "UTC", clock: systemClock };
  // As a blackhole takes them: changes in columns, which Table gives as rows only.
  const result = new PlanStreams({ env, session, mode: "streaming", given }).streamOf(input);
  result.sinkTo(fingerprintSink(folder, { columns, weight: weightAt }), { uid: "fingerprint" });
});

const miniBatches = (rows: string): string =>
  Object.entries({ enabled: "true", "allow-latency": "2 s", size: rows })
    .map(([key, value]) => `SET 'table.exec.mini-batch.${key}' = '${value}';\n`)
    .join("");
