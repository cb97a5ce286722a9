/**
 * Owns: a script of SQL as a job.
 *
 * SQJB1 What is set is the job's settings: keys of SET that are options of a job are as `-D` on the command line, which goes over them.
 * SQJB2 INSERT INTO and EXECUTE STATEMENT SET are the job; the result of a SELECT is printed.
 * SQJB3 Of a job that a person waits for (queryJob) the result of its SELECT goes to the process that has started it.
 */
import { StreamError, systemClock, systemRandom } from "../../base/index.ts";
import { addOperator } from "../api/engine.ts";
import { job, type Job } from "../api/index.ts";
import { printSink } from "../connectors/basic/index.ts";
import { t } from "../record/index.ts";
import { castToText, type PlanNode } from "../sql/index.ts";
import { functionModules, type LoadModule } from "./function-modules.ts";
import { keyedOrigins } from "./keyed-origins.ts";
import { lookupSettingsOf } from "./lookup-settings.ts";
import { sinkStream } from "./plan-ends.ts";
import { PlanStreams } from "./plan-streams.ts";
import { resultLines } from "./result-lines.ts";
import { setScriptOptions } from "./script-options.ts";
import { ScriptPlans } from "./script-plan.ts";
import { Table } from "./table.ts";

/**
 * `name`: of the script, for messages. `loadModule`: gives the modules of its functions; without it there are none. Errors of the job's build: SQL_INVALID,
 * OPTION_INVALID.
 */
export function sqlJob(script: string, name: string, loadModule?: LoadModule): Job {
  return scriptJob({ script, name, loadModule }, (input, streams, uid) => new Table(input, streams).print({ uid }));
}

/** SQJB3: as lines that result-lines.ts reads. The last statement of the script is what runs. */
export function queryJob(script: string, name: string, loadModule: LoadModule): Job {
  return scriptJob({ script, name, loadModule }, (input, streams, uid) => {
    const texts = streams.streamOf(castToText(input));
    const inputs = [keyedOrigins(texts, input.row, [])];
    addOperator({ maker: texts.parts.maker, inputs, isKeyed: false }, "result", resultLines(input.row), {
      uid,
      type: t.string,
      parallelism: 1,
    }).sinkTo(printSink(), { uid: `${uid}:lines`, parallelism: 1 });
  });
}

type Script = { readonly script: string; readonly name: string; readonly loadModule: LoadModule | undefined };
type TakeResult = (input: PlanNode, streams: PlanStreams, uid: string) => void;

function scriptJob({ script, name, loadModule }: Script, takeResult: TakeResult): Job {
  return job(async (env) => {
    const world = loadModule === undefined ? {} : { functionSource: await functionModules(script, loadModule) };
    const { sinks, queries, settings, mode, timeZone } = new ScriptPlans("").plan(script, name, world);
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
    for (const [index, { input }] of queries.entries()) takeResult(input, streams, `query-${index + 1}`);
  });
}
