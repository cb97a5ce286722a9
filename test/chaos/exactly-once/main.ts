/**
 * Owns: `npm run chaos -- exactly-once`: the exactly-once chaos for as many seeds as asked for, or until it has found planted bugs.
 * Exit codes: 0: nothing was wrong, or with --mutants every one was found; 1: not so; 2: bad usage.
 */
import { parseArgs } from "node:util";
import { systemClock, systemRandom } from "../../../base/index.ts";
import { huntMutants } from "../hunt.ts";
import { mutants } from "./mutants.ts";
import { describePlan, planOf, RECORDS } from "./plan.ts";
import { type Outcome, RUN_WITHIN_MS, runOnce } from "./run-once.ts";
import { Servers } from "./servers.ts";
import { summaryOf } from "./summary.ts";

const usage = `usage: npm run chaos -- exactly-once [options]

Kafka to a keyed count to Kafka and MySQL, while processes, broker, database, cache and store break at moments of a seed; what the servers
hold in the end is compared with what a calm run would have left.

  --runs <n>        so many seeds (default 100); with --mutants: so many at most for each (default 12)
  --seed <s>        the first one (default: by chance); the same seed breaks the same things
  --only <text>     only seeds whose plan has this in its description (a regular expression)
  --timeline        what happened when, of each run
  --within <s>      a run that takes more seconds counts as hung (default ${RUN_WITHIN_MS / 1000}); the others go on
  --stop            at the first run in which something is wrong
  --mutants         plants each known bug in a copy of the code, and fails unless it is found
  --mutant <name>   only this one, or several times: ${mutants.map(({ name }) => name).join(", ")}
`;
const PROGRAM = "test/chaos/exactly-once/main.ts";
const RUNS = "100";
const RUNS_OF_MUTANT = "12";

const { values } = parseArgs({
  options: {
    runs: { type: "string" },
    seed: { type: "string" },
    only: { type: "string", default: "" },
    within: { type: "string", default: String(RUN_WITHIN_MS / 1000) },
    timeline: { type: "boolean", default: false },
    stop: { type: "boolean", default: false },
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

async function run(): Promise<0 | 1> {
  const only = new RegExp(values.only);
  const startedMs = systemClock.monotonicMs();
  const outcomes: Outcome[] = [];
  let servers: Servers | null = null;
  say(`seed ${seed}`);
  for (let next = Number(seed); outcomes.length < Number(runs); next++) {
    const plan = planOf(next, RECORDS);
    if (!only.test(describePlan(plan))) continue;
    servers ??= await Servers.start((line) => process.stderr.write(`environment: ${line}\n`));
    const outcome = await runOnce(servers, plan, {
      withinMs: Number(values.within) * 1000,
      ...(values.timeline ? { onTimeline: (line: string) => say(`    ${line}`) } : {}),
    });
    outcomes.push(outcome);
    const { seconds, problem } = outcome;
    const end = problem === null ? "ok" : `FAILED\n    ${problem.replaceAll("\n", "\n    ")}`;
    say(`${outcomes.length}/${runs}  seed ${next}: ${describePlan(plan)}  ${seconds.toFixed(1)} s  ${end}`);
    if (problem === null) continue;
    // Whatever it has left open would be held against the next one.
    await servers.stop();
    servers = null;
    if (values.stop) break;
  }
  await servers?.stop();
  say(`\n${summaryOf(outcomes, (systemClock.monotonicMs() - startedMs) / 1000)}`);
  return outcomes.some(({ problem }) => problem !== null) ? 1 : 0;
}

const chosen = mutants.filter(({ name }) => values.mutant.length === 0 || values.mutant.includes(name));
if (values.help === true) process.stdout.write(usage);
else if (![runs, seed, values.within].every(isWhole) || chosen.length === 0) {
  process.stderr.write(`--runs, --seed and --within take whole numbers, --mutant the name of one\n\n${usage}`);
  process.exitCode = 2;
} else process.exit(await (isHunt ? huntMutants(chosen, { program: PROGRAM, runs, seed, say }) : run()));
