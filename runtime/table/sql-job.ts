/**
 * Owns: a script of SQL as a job.
 *
 * SQJB1 What is set is the job's settings: keys of SET that are options of a job are as `-D` on the command line, which goes over them.
 * SQJB2 INSERT INTO and EXECUTE STATEMENT SET are the job; the result of a SELECT is printed.
 */
import { StreamError, systemClock, systemRandom } from "../../base/index.ts";
import { job, type Job } from "../api/index.ts";
import { lookupSettingsOf } from "./lookup-settings.ts";
import { sinkStream } from "./plan-ends.ts";
import { PlanStreams } from "./plan-streams.ts";
import { setScriptOptions } from "./script-options.ts";
import { ScriptPlans } from "./script-plan.ts";
import { Table } from "./table.ts";

/** `name`: of the script, for messages. Errors of the job's build: SQL_INVALID, OPTION_INVALID. */
export function sqlJob(script: string, name: string): Job {
  return job((env) => {
    const { sinks, queries, settings, mode, timeZone } = new ScriptPlans("").plan(script, name, []);
    if (sinks.length === 0 && queries.length === 0)
      throw new StreamError(
        "SQL_INVALID",
        `${name}: no statement reads or writes anything. Add INSERT INTO … SELECT …, or a SELECT.`,
        {
          destiny: "terminal",
        },
      );
    setScriptOptions(env, settings, { script, name });
    const lookups = lookupSettingsOf(settings);
    const session = { timeZone, clock: systemClock, random: systemRandom };
    const streams = new PlanStreams({ env, session, mode, given: new Map(), lookups: () => lookups });
    for (const sink of sinks) sinkStream(sink, streams.streamOf(sink.input));
    for (const [index, { input }] of queries.entries()) new Table(input, streams).print({ uid: `query-${index + 1}` });
  });
}
