/**
 * Owns: `npm run chaos -- <what> [--only <text>]`: a chaos suite in full, where `npm test` runs a sample of it.
 * Exit codes: that of the tests; 2 for bad usage.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { childEnvironment, findNode, repositoryRoot } from "./find-node.mjs";

/** Files of each suite, as `node --test` takes them. */
const suites: Readonly<Record<string, { readonly files: string; readonly what: string; readonly setup?: string }>> = {
  cluster: {
    files: "test/faults/*.test.ts",
    what: "a real cluster whose nodes, API server, etcd, store and operator go away (half an hour; root)",
    setup: "test/cluster/setup.ts",
  },
  controller: {
    files: "test/chaos/controller/*.test.ts",
    what: "every mutating call of the controller: crash before, crash after, response lost; stale worlds (about an hour)",
  },
  processes: { files: "test/chaos/*.test.ts", what: "kill -9 and SIGSTOP of JobManagers and TaskManagers" },
};

const usage = `usage: npm run chaos -- <suite> [--only <regular expression over test names>]

${Object.entries(suites)
  .map(([name, { what }]) => `  ${name.padEnd(12)}${what}`)
  .join("\n")}
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { only: { type: "string" }, help: { type: "boolean", short: "h" } },
});
const suite = Object.hasOwn(suites, positionals[0] ?? "") ? suites[positionals[0] as string] : undefined;
if (values["help"] === true) process.stdout.write(usage);
else if (suite === undefined || positionals.length !== 1) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  const only = typeof values["only"] === "string" ? [`--test-name-pattern=${values["only"]}`] : [];
  const node = findNode();
  const setup = suite.setup === undefined ? [] : [`--test-global-setup=${suite.setup}`];
  const args = ["--test", "--test-concurrency=1", "--test-reporter=spec", ...setup, ...only, suite.files];
  const child = spawn(node.path, args, {
    cwd: repositoryRoot,
    env: { ...childEnvironment(node), STREAMJOB_ALL: "1" },
    stdio: "inherit",
  });
  const [exitCode] = (await once(child, "exit")) as [number | null];
  process.exitCode = exitCode ?? 1;
}
