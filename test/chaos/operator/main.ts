/**
 * Owns: `npm run chaos -- operator`: all plans, or some by chance, with progress and a table.
 * Exit codes: 0: every life ended like a calm one; 1: not so; 2: bad usage.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { textTable } from "../../../bench/measure/text-table.ts";
import { systemRandom } from "../../../base/index.ts";
import type { ClusterAccess } from "../../../operator/kubernetes/conformance/index.ts";
import { apiServerPart, controllerManagerPart, testPart } from "../../environment/index.ts";
import { allPlans, type Plan, plansByChance } from "./plans.ts";
import { calmLives, type Outcome, runPlans, type Suite } from "./suite.ts";

const usage = `usage: npm run chaos -- operator [options]

Every plan of the operator-sieve, or with --runs some combined by chance; each on a life of a StreamJob without processes.

  --runs <n>       so many plans of two or three troubles at once, by chance, instead of all plans
  --seed <s>       for --runs: the same seed gives the same plans (default: a new one)
  --only <text>    only plans with this in their name or kind (a regular expression)
  --shard <k/n>    only the k-th of n parts of them: plans k, k + n, k + 2n, …
  --after <file>   without the plans that this output of an earlier run says are ok: to go on where it ended
  --at-once <n>    lives at a time (default 4)
  --real           on a real kube-apiserver with its controller manager (npm run env) instead of the embedded one
  --log <file>     the operators' log
`;

const { values } = parseArgs({
  options: {
    runs: { type: "string" },
    seed: { type: "string" },
    only: { type: "string" },
    shard: { type: "string", default: "1/1" },
    after: { type: "string" },
    "at-once": { type: "string", default: "4" },
    real: { type: "boolean", default: false },
    log: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});

/** null: the embedded one. */
async function server(): Promise<ClusterAccess | null> {
  if (!values.real) return null;
  const [api, manager] = [await testPart(apiServerPart), await testPart(controllerManagerPart)];
  const missing = [api.skip, manager.skip].find((skip) => skip !== false);
  if (missing !== undefined) throw new Error(`there is no real API server: ${missing}`);
  const { url, ca, tokens } = api.gives();
  return { url, ca, token: tokens.admin };
}

function row(kind: string, of: readonly Outcome[]): string[] {
  const failed = of.filter(({ problem }) => problem !== null).length;
  const slowest = Math.max(0, ...of.map(({ seconds }) => seconds));
  return [kind, String(of.length), String(of.length - failed), String(failed), `${slowest.toFixed(1)} s`];
}

function chosenOf(all: readonly Plan[]): readonly Plan[] {
  const only = new RegExp(values.only ?? "");
  const [part = 1, parts = 1] = values.shard.split("/").map(Number);
  const over = values.after === undefined ? "" : readFileSync(values.after, "utf8");
  return all
    .filter(({ kind, name }) => only.test(kind) || only.test(name))
    .filter((_, index) => index % parts === part - 1)
    .filter((plan) => !over.split("\n").some((line) => line.includes(`  ${lineOf(plan)}  `) && line.endsWith("  ok")));
}

const lineOf = ({ kind, name }: Plan): string => `${kind}  ${name}`;

async function run(): Promise<0 | 1> {
  const suite: Suite = { server: await server(), atOnce: Number(values["at-once"]), logFile: values.log ?? null };
  const seed = values.seed === undefined ? Number.parseInt(systemRandom.hex(3), 16) : Number(values.seed);
  const { lives, reference } = await calmLives(suite);
  const made = values.runs === undefined ? allPlans(lives) : plansByChance(seed, Number(values.runs), lives);
  const plans = chosenOf(made);
  if (values.runs !== undefined) process.stdout.write(`seed ${seed}\n`);
  let count = 0;
  const outcomes = await runPlans(plans, reference, suite, ({ plan, seconds, problem }) => {
    const end = problem === null ? "ok" : `FAILED\n    ${problem.replaceAll("\n", "\n    ")}`;
    process.stdout.write(`${++count}/${plans.length}  ${lineOf(plan)}  ${seconds.toFixed(1)} s  ${end}\n`);
  });
  const kinds = [...new Set(outcomes.map(({ plan }: { plan: Plan }) => plan.kind))];
  const rows = [
    ["plans", "lives", "as calm", "failed", "slowest"],
    ...kinds.map((kind) =>
      row(
        kind,
        outcomes.filter(({ plan }) => plan.kind === kind),
      ),
    ),
    row("all", outcomes),
  ];
  const { user, system } = process.cpuUsage();
  process.stdout.write(`\n${textTable(rows, ["left", "right", "right", "right", "right"])}\n`);
  process.stdout.write(`${((user + system) / 1e6).toFixed(0)} s of processor time, the calm lives among them\n`);
  return outcomes.some(({ problem }) => problem !== null) ? 1 : 0;
}

if (values.help === true) process.stdout.write(usage);
else process.exit(await run());
