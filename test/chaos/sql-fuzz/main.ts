/**
 * Owns: `npm run chaos -- sql-fuzz`: random queries by seeds; what they give over bounded tables and over streams is compared with DuckDB.
 * Not here: the queries and the comparison (runtime/table/queries).
 * Exit codes: 0 when all were the same, 1 when one differed, 2 for bad usage.
 */
import { parseArgs } from "node:util";
import { systemClock } from "../../../base/index.ts";
import { compareQueries } from "../../../runtime/table/queries/query-comparison.test-support.ts";

const usage = `usage: npm run chaos -- sql-fuzz [--runs 1000] [--seed 1] [--only <number>] [--stop] [--show]

  --runs   queries in all; each 50 of them have rows of their own, of the seed that follows
  --seed   of the first rows and queries
  --only   one query of that seed, by its number
  --stop   end with the first difference
  --show   print each query
`;

const PER_SEED = 50;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(args: readonly string[]): Promise<0 | 1 | 2> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      only: { type: "string" },
      stop: { type: "boolean", default: false },
      show: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [runs, seed, only] = [
    Number(values.runs),
    Number(values.seed),
    values.only === undefined ? null : Number(values.only),
  ];
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (![runs, seed, only ?? 0].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    process.stderr.write(usage);
    return 2;
  }
  const began = systemClock.monotonicMs();
  const counts = { same: 0, "left out": 0, differs: 0 };
  const reasons = new Map<string, number>();
  const all = only === null ? runs : 1;
  for (let done = 0, current = seed; done < all; current++) {
    for await (const { number, query, outcome } of compareQueries(current, {
      count: Math.min(PER_SEED, all - done),
      only,
    })) {
      done += 1;
      counts[outcome.kind] += 1;
      if (values.show) say(`--seed ${current} --only ${number}: ${query.ours}\n  DuckDB: ${query.theirs}`);
      if (outcome.kind === "left out") {
        const reason = outcome.reason.split("\n")[0] ?? "";
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
      if (outcome.kind !== "differs") continue;
      say(
        `\n--seed ${current} --only ${number}, ${outcome.where}: FAILED\n  ${outcome.report}\n  ${query.ours}\n  DuckDB: ${query.theirs}`,
      );
      if (values.stop) return 1;
    }
  }
  const seconds = ((systemClock.monotonicMs() - began) / 1000).toFixed(0);
  say(`${counts.same} the same, ${counts.differs} differ, ${counts["left out"]} left out, in ${seconds} s`);
  for (const [reason, count] of [...reasons].toSorted((left, right) => right[1] - left[1]).slice(0, 8))
    say(`  left out ${count}: ${reason}`);
  return counts.differs === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
