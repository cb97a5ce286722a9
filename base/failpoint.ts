/**
 * Owns: named places where a test makes a process die, stop, wait or fail. Off unless STREAMJOB_FAILPOINTS is set.
 *
 * Grammar: `name=action[@hit]` separated by `;` where action is `kill` (SIGKILL of this process), `stop` (SIGSTOP),
 * `error` (throws), and hit is the 1-based time the place is reached (default 1); it acts once.
 *
 * FAI1 With no failpoint configured, reaching one costs one comparison.
 * FAI2 What is done is said on stderr first, synchronously, so that the log of a killed process shows where it was killed.
 */
import { writeSync } from "node:fs";
import { StreamError } from "./errors.ts";
import { environmentVariable } from "./system.ts";

const STDERR = 2;

type Action = "kill" | "stop" | "error";
type Armed = { readonly action: Action; readonly hit: number };

/** Every name that the runtime reaches; the chaos tests go through all of them. */
export const failpointNames = [
  "jm:after-epoch-claim",
  "jm:after-fence",
  "jm:before-trigger",
  "jm:after-trigger",
  "jm:before-manifest",
  "jm:after-manifest",
  "jm:before-commit-marker",
  "jm:after-commit-marker",
  "jm:before-discard",
  "jm:before-result",
  "jm:after-result",
  "jm:before-activation",
  "jm:after-activation",
  "jm:before-predecessor-fence",
  "tm:before-snapshot",
  "tm:after-snapshot",
  "tm:before-upload",
  "tm:before-ack",
  "tm:before-commit",
  "tm:after-commit",
  "tm:before-restore",
] as const;

export type FailpointName = (typeof failpointNames)[number];

/** Everything that the operator does to the world outside of it, by the names of its actions; each has a failpoint before and after. */
export const operatorSteps = [
  "write-status",
  "add-finalizer",
  "remove-finalizer",
  "remove-annotation",
  "create-revision",
  "delete-revision",
  "apply-child",
  "delete-child",
  "trigger-stop",
  "trigger-savepoint",
  "trigger-checkpoint",
  "activate",
  "cancel-job",
  "create-snapshot",
  "write-snapshot-status",
  "dispose-savepoint",
  "hold-snapshot",
  "release-snapshot",
  "delete-snapshot",
] as const;

export type OperatorStep = (typeof operatorSteps)[number];
export type OperatorFailpointName = `op:${"before" | "after"}-${OperatorStep}`;

/** Every name that the operator reaches. */
export const operatorFailpointNames: readonly OperatorFailpointName[] = operatorSteps.flatMap(
  (step) => [`op:before-${step}`, `op:after-${step}`] as const,
);

/** Own reference: a slot refuses the job's code what ends the process. */
const kill = process.kill.bind(process);

const knownNames: ReadonlySet<string> = new Set([...failpointNames, ...operatorFailpointNames]);
// Below the names, which it looks into.
const armed = parseFailpoints(environmentVariable("STREAMJOB_FAILPOINTS") ?? "");
const reached = new Map<string, number>();

/** Does what the test asked for at this place, if anything. */
export function failpoint(name: FailpointName | OperatorFailpointName): void {
  if (armed.size === 0) return;
  const plan = armed.get(name);
  if (plan === undefined) return;
  const hits = (reached.get(name) ?? 0) + 1;
  reached.set(name, hits);
  if (hits !== plan.hit) return;
  writeSync(STDERR, `failpoint ${name}: ${plan.action}\n`);
  if (plan.action === "error") throw new StreamError("USER_FUNCTION_FAILED", `failpoint ${name} was asked to fail`);
  kill(process.pid, plan.action === "kill" ? "SIGKILL" : "SIGSTOP");
}

function parseFailpoints(text: string): Map<string, Armed> {
  const plans = new Map<string, Armed>();
  for (const part of text.split(";").filter((piece) => piece !== "")) {
    const match = /^([a-z:-]+)=(kill|stop|error)(?:@(\d+))?$/.exec(part);
    if (match === null || !knownNames.has(match[1] ?? "")) {
      throw new StreamError("OPTION_INVALID", `STREAMJOB_FAILPOINTS has "${part}": write name=kill|stop|error[@hit]`);
    }
    plans.set(match[1] as string, { action: match[2] as Action, hit: Number(match[3] ?? 1) });
  }
  return plans;
}
