/**
 * Owns: `npm run chaos -- sql`: the chaos of SQL for as many seeds as asked for, or until it has found planted bugs.
 * Exit codes: 0: nothing was wrong, or with --mutants every one was found; 1: not so; 2: bad usage.
 */
import { parseArgs } from "node:util";
import { systemClock, systemRandom } from "../../../base/index.ts";
import { huntMutants } from "../hunt.ts";
import { mutants } from "./mutants.ts";
import { describePlan, planOf, queryNames } from "./plan.ts";
import { runQuery, type SqlOutcome } from "./query-run.ts";
import { SqlServers } from "./servers.ts";
import { summaryOf } from "./summary.ts";

const PROGRAM = "test/chaos/sql/main.ts";
const RUNS = String(queryNames.length);
const RUNS_OF_MUTANT = "12";

const usage = `usage: npm run chaos -- sql [options]

Queries of the corpus over paced streams into an exactly-once sink, while JobManagers and TaskManagers die and stand still at moments and at failpoints of a seed, and some
jobs go on from a savepoint at another parallelism. Some have their checkpoints in an S3 server, which fails, and some ask a Redis, which halts. What the changes come to in
the end is compared with what DuckDB gives for the same rows.

  --runs <n>        so many seeds (default ${RUNS}: each query once); with --mutants: so many at most for each (default ${RUNS_OF_MUTANT})
  --seed <s>        the first one (default: by chance); the same seed breaks the same processes
  --query <text>    only queries whose name has this (a regular expression); --list names them
  --only <text>     only seeds whose plan has this in its description (a regular expression)
  --timeline        what happened when, of each run
  --stop            at the first run in which something is wrong
  --list            the names of the queries
  --mutants         plants each known bug in a copy of the code, and fails unless it is found
  --mutant <name>   only this one, or several times: ${mutants.map(({ name }) => name).join(", ")}
`;

const { values } = parseArgs({
  options: {
    runs: { type: "string" },
    seed: { type: "string" },
    query: { type: "string", default: "" },
    only: { type: "string", default: "" },
    timeline: { type: "boolean", default: false },
    stop: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    mutants: { type: "boolean", default: false },
    mutant: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h" },
  },
});
const isHunt = values.mutants || values.mutant.length > 0;
const runs = values.runs ?? (isHunt ? RUNS_OF_MUTANT : RUNS);
const seed = values.seed ?? String(Number.parseInt(systemRandom.hex(3), 16));
const isWhole = (text: string): boolean => /^\d{1,9}$/.test(text);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function run(query: RegExp): Promise<0 | 1> {
  const only = new RegExp(values.only);
  const startedMs = systemClock.monotonicMs();
  const outcomes: SqlOutcome[] = [];
  const servers = new SqlServers((line) => process.stderr.write(`environment: ${line}\n`));
  say(`seed ${seed}`);
  for (let next = Number(seed); outcomes.length < Number(runs); next++) {
    const plan = planOf(next);
    if (!query.test(plan.query.name) || !only.test(describePlan(plan))) continue;
    const outcome = await runQuery(plan, servers, values.timeline ? (line) => say(`    ${line}`) : undefined);
    outcomes.push(outcome);
    const { seconds, problem } = outcome;
    const end = problem === null ? "ok" : `FAILED\n    ${problem.replaceAll("\n", "\n    ")}`;
    say(`${outcomes.length}/${runs}  seed ${next}: ${describePlan(plan)}  ${seconds.toFixed(1)} s  ${end}`);
    if (problem !== null && values.stop) break;
  }
  await servers.stop();
  say(`\n${summaryOf(outcomes, (systemClock.monotonicMs() - startedMs) / 1000)}`);
  return outcomes.some(({ problem }) => problem !== null) ? 1 : 0;
}

const query = new RegExp(values.query);
const chosen = mutants.filter(({ name }) => values.mutant.length === 0 || values.mutant.includes(name));
if (values.help === true) process.stdout.write(usage);
else if (values.list) process.stdout.write(`${queryNames.join("\n")}\n`);
else if (![runs, seed].every(isWhole) || chosen.length === 0 || !queryNames.some((name) => query.test(name))) {
  process.stderr.write(`--runs and --seed take whole numbers, --query and --mutant the name of one\n\n${usage}`);
  process.exitCode = 2;
} else process.exit(await (isHunt ? huntMutants(chosen, { program: PROGRAM, runs, seed, say }) : run(query)));
