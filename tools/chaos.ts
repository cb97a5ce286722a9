/**
 * Owns: `npm run chaos -- <what> [options]`: a chaos suite in full, where `npm test` runs a sample of it.
 * Not here: the plans of `operator`, `exactly-once` and `sql`, and their options (test/chaos/<suite>/main.ts).
 * Exit codes: that of the tests; 2 for bad usage.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { childEnvironment, findNode, repositoryRoot } from "./find-node.mjs";

/** Files of each suite, as `node --test` takes them; or a program with options of its own. */
type Suite = { readonly what: string } & (
  | { readonly files: string; readonly setup?: string }
  | { readonly program: string }
);
const suites: Readonly<Record<string, Suite>> = {
  cluster: {
    files: "test/faults/*.test.ts",
    what: "a real cluster whose nodes, API server, etcd, store and operator go away (half an hour; root)",
    setup: "test/cluster/setup.ts",
  },
  controller: {
    files: "test/chaos/controller/*.test.ts",
    what: "every mutating call of the controller: crash before, crash after, response lost; stale worlds (about an hour)",
  },
  "exactly-once": {
    program: "test/chaos/exactly-once/main.ts",
    what: "Kafka to Kafka and MySQL while processes and servers break, by seeds; --mutants hunts planted bugs: --help says how to choose (some seconds a run)",
  },
  operator: {
    program: "test/chaos/operator/main.ts",
    what: "hundreds of plans between operator and API server, without processes: --help says how to choose (some minutes)",
  },
  sql: {
    program: "test/chaos/sql/main.ts",
    what: "queries of SQL over streams while JobManagers and TaskManagers are killed and stand still, by seeds; what they give in the end is compared with DuckDB; --mutants hunts planted bugs: --help says how to choose (half a minute a run)",
  },
  "sql-fuzz": {
    program: "test/chaos/sql-fuzz/main.ts",
    what: "random queries of SQL over bounded tables and over streams that are restored in their middle; what they give is compared with DuckDB: --help says how to choose (some 20 a second)",
  },
  processes: { files: "test/chaos/*.test.ts", what: "kill -9 and SIGSTOP of JobManagers and TaskManagers" },
};

const usage = `usage: npm run chaos -- <suite> [--only <regular expression over names>]

${Object.entries(suites)
  .map(([name, { what }]) => `  ${name.padEnd(14)}${what}`)
  .join("\n")}
`;

const [name = "", ...options] = process.argv.slice(2);
const suite = Object.hasOwn(suites, name) ? suites[name] : undefined;
if (suite === undefined) {
  const isAsked = name === "--help" || name === "-h";
  process[isAsked ? "stdout" : "stderr"].write(usage);
  process.exitCode = isAsked ? 0 : 2;
} else if ("program" in suite) {
  process.exitCode = await run([suite.program, ...options]);
} else {
  const { values, positionals } = parseArgs({
    args: options,
    allowPositionals: true,
    strict: false,
    options: { only: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  const only = typeof values["only"] === "string" ? [`--test-name-pattern=${values["only"]}`] : [];
  if (values["help"] === true) process.stdout.write(usage);
  else if (positionals.length > 0) {
    process.stderr.write(usage);
    process.exitCode = 2;
  } else {
    const setup = suite.setup === undefined ? [] : [`--test-global-setup=${suite.setup}`];
    const how = ["--test-concurrency=1", "--test-reporter=spec", ...setup, ...only];
    process.exitCode = await run(["--test", ...how, suite.files]);
  }
}

/** Gives the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const node = findNode();
  const child = spawn(node.path, args, {
    cwd: repositoryRoot,
    env: { ...childEnvironment(node), STREAMJOB_ALL: "1" },
    stdio: "inherit",
  });
  const [exitCode] = (await once(child, "exit")) as [number | null];
  return exitCode ?? 1;
}
