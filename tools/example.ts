/**
 * Owns: `npm run example -- <name> [arguments of its job]`: an example that needs a server, with the server: it is started, used and stopped.
 * Does not own: the servers (test/environment), the examples (examples/).
 *
 * EXA1 A server that runs already is used: of `npm run env -- up`, or named by its environment variable.
 * EXA2 Exit code: that of the first step that failed; 0 when none did; 2 for bad usage.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Environment } from "../test/environment/environment.ts";
import { mariadbPart } from "../test/environment/mariadb.ts";
import { redisPart } from "../test/environment/redis.ts";
import { repositoryRoot } from "./find-node.mjs";

/** `job`: run by streamjob, with the server's URL as `--server`. `script`: run by Node, with the URL as its argument. */
type Step = { readonly kind: "job" | "script"; readonly file: string; readonly takesArguments?: true };
type Example = { readonly steps: readonly Step[]; readonly server: (environment: Environment) => Promise<string> };

const redis = async (environment: Environment): Promise<string> => {
  const { host, port } = await environment.start(redisPart);
  return `redis://${host}:${port}`;
};
const mysql = async (environment: Environment): Promise<string> => {
  const { host, port, user, password, database } = await environment.start(mariadbPart);
  return `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
};

const examples: Readonly<Record<string, Example>> = {
  "12-async-redis": {
    server: redis,
    steps: [
      { kind: "job", file: "fill.ts" },
      { kind: "job", file: "job.ts", takesArguments: true },
    ],
  },
  "13-mysql-word-count": {
    server: mysql,
    steps: [
      { kind: "script", file: "setup.ts" },
      { kind: "job", file: "job.ts", takesArguments: true },
      { kind: "script", file: "show.ts" },
    ],
  },
};

async function run(name: string, { server, steps }: Example, given: readonly string[]): Promise<number> {
  const environment = new Environment({ tell: (line) => void process.stderr.write(`${line}\n`) });
  try {
    const url = await server(environment);
    for (const { kind, file, takesArguments = false } of steps) {
      const path = join(repositoryRoot, "examples", name, file);
      const command = join(repositoryRoot, "cli", "main.ts");
      const args =
        kind === "job" ? [command, "run", path, "--", "--server", url, ...(takesArguments ? given : [])] : [path, url];
      const exitCode = await exitOf(args);
      if (exitCode !== 0) return exitCode;
    }
    return 0;
  } finally {
    await environment.stop();
  }
}

async function exitOf(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: "inherit", cwd: repositoryRoot });
  const [exitCode] = (await once(child, "close")) as [number | null];
  return exitCode ?? 1;
}

// A signal of the terminal ends the step that runs, and then the server.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
const [name = "", ...given] = process.argv.slice(2);
const example = examples[name];
if (example === undefined) {
  const known = Object.keys(examples).join(", ");
  process.stderr.write(`usage: npm run example -- <name> [arguments of its job]\nexamples: ${known}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await run(name, example, given);
}
