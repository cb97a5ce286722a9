/**
 * Owns: `npm run example -- <name> [arguments of its job]`: an example that needs servers, with the servers: they are started, used and stopped.
 * Does not own: the servers (test/environment), the examples (examples/), their steps (example-steps.ts).
 *
 * EXA1 A server that runs already is used: of `npm run env -- up`, or named by its environment variable.
 * EXA2 Exit code: that of the first step that failed; 0 when none did; 2 for bad usage.
 * EXA3 What runs beside the steps is ended with them, whatever came of them: with SIGKILL to its process group.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Environment } from "../test/environment/environment.ts";
import { makeTopics } from "./example-topics.ts";
import { type Example, examples, type Servers, type Step } from "./example-steps.ts";
import { repositoryRoot } from "./find-node.mjs";

const COMMAND = join(repositoryRoot, "cli", "main.ts");

/** One run of one example. */
class ExampleRun {
  readonly #folder: string;
  readonly #given: readonly string[];
  readonly #servers: Servers;
  /** Addresses of what `serve` has started, by option. */
  readonly #served: Record<string, string> = {};
  readonly #beside: ChildProcess[] = [];

  constructor(name: string, given: readonly string[], servers: Servers) {
    this.#folder = join(repositoryRoot, "examples", name);
    this.#given = given;
    this.#servers = servers;
  }

  /** The exit code of the first that failed, or 0. */
  async run(steps: readonly Step[]): Promise<number> {
    try {
      for (const step of steps) {
        const exitCode = await this.#take(step);
        if (exitCode !== 0) return exitCode;
      }
      return 0;
    } finally {
      for (const child of this.#beside) await killed(child);
    }
  }

  async #take(step: Step): Promise<number> {
    switch (step.kind) {
      case "job":
        if (step.says !== undefined) process.stdout.write(`${step.says}\n`);
        return exitOf(node([...this.#jobArgs(step.file, step.args), ...(step.takesArguments ? this.#given : [])]));
      case "script":
        return exitOf(node([join(this.#folder, step.file), ...Object.values(this.#servers)]));
      case "serve":
        this.#served[step.as] = await this.#serve(step.file);
        return 0;
      case "start":
        this.#beside.push(node(this.#jobArgs(step.file), { stdout: "ignore", detached: true }));
        return 0;
      case "stop": {
        const exitCode = await exitOf(node([COMMAND, "stop", step.job], { stdout: "ignore" }));
        const job = this.#beside.pop();
        return exitCode !== 0 || job === undefined ? exitCode : exitOf(job);
      }
      case "kill": {
        const job = this.#beside.pop();
        if (job !== undefined) await killed(job);
        return 0;
      }
    }
  }

  #jobArgs(file: string, args: readonly string[] = []): string[] {
    const addresses = Object.entries({ ...this.#servers, ...this.#served });
    const options = addresses.flatMap(([name, address]) => [`--${name}`, address]);
    return [COMMAND, "run", join(this.#folder, file), "--", ...options, ...args];
  }

  async #serve(file: string): Promise<string> {
    const server = node([join(this.#folder, file)], { stdout: "pipe", detached: true });
    this.#beside.push(server);
    if (server.stdout === null) throw new Error(`${file} has no stdout`);
    for await (const line of createInterface({ input: server.stdout })) return line;
    throw new Error(`${file} ended before it said where it serves`);
  }
}

type ProcessOptions = {
  readonly stdout?: "ignore" | "pipe";
  /** Leads a process group, which is ended as a whole: no process of a job is left to clean up. */
  readonly detached?: boolean;
};

function node(args: readonly string[], { stdout, detached = false }: ProcessOptions = {}): ChildProcess {
  const stdio = ["ignore", stdout ?? "inherit", "inherit"] as const;
  return spawn(process.execPath, args, { stdio: [...stdio], cwd: repositoryRoot, detached });
}

async function exitOf(child: ChildProcess): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? 1;
}

/** With its process group. */
async function killed(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
    process.kill(-child.pid, "SIGKILL");
  await exitOf(child);
}

async function run(name: string, { servers, topics = {}, steps }: Example, given: readonly string[]): Promise<number> {
  const environment = new Environment({ tell: (line) => void process.stderr.write(`${line}\n`) });
  try {
    const addresses = await servers(environment);
    if (addresses["brokers"] !== undefined) await makeTopics(addresses["brokers"], topics);
    return await new ExampleRun(name, given, addresses).run(steps);
  } finally {
    await environment.stop();
  }
}

// A signal of the terminal ends the step that runs, and then the servers.
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
