/**
 * Owns: operators that are broken at a chosen call: everything that they write goes through here, to the API server and to JobManagers.
 *
 * SIE1 A mutation is known by what it does, not by when: `updateStatus StreamJob wc upgrade/Stopping`. So the same one is found in another
 *     run, and after a crash.
 * SIE2 A crash is a process's death as others see it: nothing of that operator gets out any more, whatever its code still does, and a
 *     new operator starts that remembers nothing.
 * SIE3 A lost response: the call was done, its caller is told that nobody knows.
 */
import { type JobManagerApi, type Answer } from "../../../operator/engine/index.ts";
import { ApiError, type KubernetesApi } from "../../../operator/kubernetes/api/index.ts";

export type Fault = "crash before" | "crash after" | "response lost";
export const faults: readonly Fault[] = ["crash before", "crash after", "response lost"];

/** Decides what happens to a mutation; null: it goes through. Asked once for each. */
export type FaultPlan = (mutation: string) => Fault | null;

const writes = ["create", "update", "updateStatus", "patch", "apply", "delete"] as const;
export type Write = (typeof writes)[number];
const isWrite = (name: string): name is Write => (writes as readonly string[]).includes(name);
const calls = new Set(["activate", "stop", "savepoint", "checkpoint", "cancel", "disposeSavepoint"]);

class Killed extends Error {
  constructor() {
    super("this operator was killed");
  }
}

/** One operator's way out (SIE2). */
export class SievedOperator {
  isDead = false;
  readonly #plan: FaultPlan;
  readonly #onMutation: (mutation: string, fault: Fault | null) => void;
  readonly #onDeath: () => void;

  constructor(options: {
    readonly plan: FaultPlan;
    readonly onMutation: (mutation: string, fault: Fault | null) => void;
    readonly onDeath: () => void;
  }) {
    this.#plan = options.plan;
    this.#onMutation = options.onMutation;
    this.#onDeath = options.onDeath;
  }

  kubernetes(api: KubernetesApi): KubernetesApi {
    return this.#between(api, (name, args) => {
      if (!isWrite(name)) return null;
      const mutation = describeWrite(name, args);
      // What is told to people is not what the world is made of; it may be lost.
      return mutation.includes(" Event ") ? null : mutation;
    });
  }

  jobManagers(api: JobManagerApi): JobManagerApi {
    return this.#between(api, (name, args) => (calls.has(name) ? `${name} ${describeTarget(args)}` : null));
  }

  #between<T extends object>(port: T, mutationOf: (name: string, args: readonly unknown[]) => string | null): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        const real = (...args: readonly unknown[]): unknown =>
          (member as (...inner: readonly unknown[]) => unknown).apply(target, [...args]);
        return async (...args: readonly unknown[]): Promise<unknown> => {
          if (this.isDead) throw new Killed();
          const mutation = mutationOf(String(name), args);
          if (mutation === null) return this.#alive(await real(...args));
          return this.#mutate(mutation, () => real(...args), mutation.split(" ", 1)[0] ?? "");
        };
      },
    });
  }

  /** What comes after death reaches nobody. */
  #alive<T>(value: T): T {
    if (this.isDead) throw new Killed();
    return value;
  }

  async #mutate(mutation: string, real: () => unknown, name: string): Promise<unknown> {
    const fault = this.#plan(mutation);
    this.#onMutation(mutation, fault);
    if (fault === "crash before") this.#die();
    const value: unknown = await real();
    if (fault === "crash after") this.#die();
    if (fault !== "response lost") return this.#alive(value);
    // SIE3, in the words of each port.
    if (isWrite(name)) throw new ApiError("Timeout", `the answer to ${mutation} was lost`);
    const lost: Answer<never> = { kind: "unreachable", message: `the answer to ${mutation} was lost` };
    return lost;
  }

  #die(): never {
    this.isDead = true;
    this.#onDeath();
    throw new Killed();
  }
}

/** SIE1. `args`: as the port takes them. */
export function describeWrite(write: Write, args: readonly unknown[]): string {
  const [kind, second, third] = args as [
    string,
    { metadata?: { name?: string }; name?: string; status?: unknown },
    unknown,
  ];
  const name = shorten(second.metadata?.name ?? second.name ?? "");
  if (write === "updateStatus" && kind === "StreamJob") return `${write} ${kind} ${name} ${phaseOf(second.status)}`;
  if (write === "patch")
    return `${write} ${kind} ${name} ${Object.keys((third as { metadata?: object }).metadata ?? {}).join(",")}`;
  return `${write} ${kind} ${name}`;
}

/** A status by what of it matters for what comes next. */
export function phaseOf(status: unknown): string {
  const { operation, phase, active } = status as {
    operation?: { kind: string; step: string; to: number | null };
    phase?: string;
    active?: { incarnation: number; stableAt?: string | null; firstCheckpointAt?: string | null };
  };
  if (operation !== undefined) return `${operation.kind}/${operation.step} to ${operation.to ?? "-"}`;
  const age =
    typeof active?.stableAt === "string" ? "stable" : typeof active?.firstCheckpointAt === "string" ? "young" : "new";
  return `${phase} ${active?.incarnation ?? "-"} ${age}`;
}

function describeTarget([target]: readonly unknown[]): string {
  const { job, incarnation } = target as { job: string; incarnation: number };
  return `${job} ${incarnation}`;
}

/** Parts of names that differ from run to run: hashes of uids. */
export function shorten(name: string): string {
  return name.replaceAll(/[0-9a-f]{8,}/g, "*");
}
