/**
 * Owns: what a failpoint does: a named place where a test makes a process die, stop or fail. Off unless STREAMJOB_FAILPOINTS is set.
 * Not here: the names. Each half declares its own, in one list (runtime/failures, operator/apply).
 *
 * Grammar: `name=action[@hit]` separated by `;` where action is `kill` (SIGKILL of this process), `stop` (SIGSTOP),
 * `error` (throws), and hit is the 1-based time the place is reached (default 1); it acts once.
 *
 * FAI1 With no failpoint configured, reaching one costs one comparison.
 * FAI2 What is done is said on stderr first, synchronously, so that the log of a killed process shows where it was killed.
 * FAI3 A name that no list of the process declares is an error when the process starts (`checkFailpoints`): a test whose failpoint
 *    is spelled wrong would otherwise pass without a failure.
 */
import { writeSync } from "node:fs";
import { StreamError } from "./errors.ts";
import { environmentVariable } from "./system.ts";

const STDERR = 2;
const VARIABLE = "STREAMJOB_FAILPOINTS";

type Action = "kill" | "stop" | "error";
type Plan = { readonly action: Action; readonly hit: number };

/** Own reference: a slot refuses the job's code what ends the process. */
const kill = process.kill.bind(process);

/** The failpoints of one process: which are declared, which are armed, how often each was reached. */
export class Failpoints {
  readonly #plans: ReadonlyMap<string, Plan>;
  readonly #declared = new Set<string>();
  readonly #reached = new Map<string, number>();

  /** Errors: OPTION_INVALID when the text is not of the grammar. */
  constructor(text: string) {
    this.#plans = parsePlans(text);
  }

  /** Declares a list of names; `failure` makes what `error` throws. Returns what marks a place by its name. */
  declare<Name extends string>(names: readonly Name[], failure: (message: string) => Error): (name: Name) => void {
    for (const name of names) this.#declared.add(name);
    return (name) => {
      if (this.#plans.size > 0) this.#reach(name, failure);
    };
  }

  /** FAI3. Errors: OPTION_INVALID. */
  check(): void {
    for (const name of this.#plans.keys()) {
      if (this.#declared.has(name)) continue;
      const declared = [...this.#declared].join(", ");
      throw new StreamError("OPTION_INVALID", `${VARIABLE} has "${name}"; this process has ${declared || "none"}`);
    }
  }

  #reach(name: string, failure: (message: string) => Error): void {
    const plan = this.#plans.get(name);
    if (plan === undefined) return;
    const hits = (this.#reached.get(name) ?? 0) + 1;
    this.#reached.set(name, hits);
    if (hits !== plan.hit) return;
    writeSync(STDERR, `failpoint ${name}: ${plan.action}\n`);
    if (plan.action === "error") throw failure(`failpoint ${name} was asked to fail`);
    kill(process.pid, plan.action === "kill" ? "SIGKILL" : "SIGSTOP");
  }
}

function parsePlans(text: string): ReadonlyMap<string, Plan> {
  const plans = new Map<string, Plan>();
  for (const part of text.split(";").filter((piece) => piece !== "")) {
    const match = /^([a-z:-]+)=(kill|stop|error)(?:@(\d+))?$/.exec(part);
    if (match === null)
      throw new StreamError("OPTION_INVALID", `${VARIABLE} has "${part}": write name=kill|stop|error[@hit]`);
    plans.set(match[1] as string, { action: match[2] as Action, hit: Number(match[3] ?? 1) });
  }
  return plans;
}

const ofThisProcess = new Failpoints(environmentVariable(VARIABLE) ?? "");

/** Declares the failpoints of a half in this process, once; see `Failpoints.declare`. */
export function declareFailpoints<Name extends string>(
  names: readonly Name[],
  failure: (message: string) => Error,
): (name: Name) => void {
  return ofThisProcess.declare(names, failure);
}

/** For each process with failpoints, once all of its code is loaded (FAI3). Errors: OPTION_INVALID. */
export function checkFailpoints(): void {
  ofThisProcess.check();
}
