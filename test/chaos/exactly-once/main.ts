/**
 * Owns: `npm run chaos -- exactly-once`: the exactly-once chaos for as many seeds as asked for.
 * Exit codes: that of the tests; 2: bad usage.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const usage = `usage: npm run chaos -- exactly-once [options]

Kafka to a keyed count to Kafka and MySQL, while processes, broker and database break at moments of a seed; what the servers hold in the
end is compared with what a calm run would have left.

  --runs <n>   so many seeds (default 100)
  --seed <s>   the first one (default: by chance); the same seed breaks the same things
`;
const DEFAULT_RUNS = "100";
const TEST = fileURLToPath(new URL("./exactly-once.test.ts", import.meta.url));

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: DEFAULT_RUNS },
    seed: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
const isWhole = (text: string | undefined): boolean => text === undefined || /^\d{1,9}$/.test(text);
if (values.help === true) process.stdout.write(usage);
else if (!isWhole(values.runs) || !isWhole(values.seed)) {
  process.stderr.write(`--runs and --seed take whole numbers\n\n${usage}`);
  process.exitCode = 2;
} else {
  const seed = values.seed === undefined ? {} : { STREAMJOB_CHAOS_SEED: values.seed };
  const child = spawn(process.execPath, ["--test", "--test-reporter=spec", TEST], {
    env: { ...process.env, ...seed, STREAMJOB_CHAOS_RUNS: values.runs },
    stdio: "inherit",
  });
  const [exitCode] = (await once(child, "exit")) as [number | null];
  process.exitCode = exitCode ?? 1;
}
