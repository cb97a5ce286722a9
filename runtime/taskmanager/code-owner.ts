/**
 * Owns: which task the code that runs just now belongs to, also in the promises and timeouts that it left behind; and which operator
 * of a chain an error came from.
 * Called by: the task around whatever calls code of the job; slot-program.ts for errors that nobody has handled.
 *
 * COO1 An error that comes back outside of every call, because a promise was rejected or a callback threw, fails the task whose code
 *     had begun it, by name (T27): the rest of the slot goes on.
 * COO2 The operator nearest to the throw is the culprit; those before it in the chain only pass the error on.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { StreamError, thrownText } from "../../base/index.ts";
import { codePlace } from "../program/index.ts";

export interface CodeOwner {
  /** For messages. */
  readonly name: string;
  /** Whose code it may be. */
  readonly operators: readonly Operator[];
  readonly isOver: boolean;
  /** Fails it, unless it is over. */
  fail(error: unknown): void;
}

const owners = new AsyncLocalStorage<CodeOwner>();

/** Runs something that may call code of the job; what that leaves behind belongs to the owner too. */
export function runOwned<A extends readonly unknown[], R>(owner: CodeOwner, action: (...args: A) => R, ...args: A): R {
  return owners.run(owner, action, ...args);
}

/** Whose code it is; undefined: no task's. */
export function currentOwner(): CodeOwner | undefined {
  return owners.getStore();
}

export type Operator = { readonly name: string; readonly uid: string };

const culprits = new WeakMap<object, Operator>();

/** Notes where an error came from, unless that is known already (COO2); gives the error back. */
export function blame(error: unknown, operator: Operator): unknown {
  if (typeof error === "object" && error !== null && !culprits.has(error)) culprits.set(error, operator);
  return error;
}

/** What the operator left to be done later: what it throws then is the operator's, too. */
export function blaming<R>(operator: Operator, action: () => R): () => R {
  return () => {
    try {
      return action();
    } catch (error) {
      throw blame(error, operator);
    }
  };
}

/** The operator that an error came from, if it is known. */
export function culpritOf(error: unknown): Operator | undefined {
  return typeof error === "object" && error !== null ? culprits.get(error) : undefined;
}

export type Stray = "rejection" | "exception";

/**
 * What to say of an error that nobody handled. The engine's own words stay as they are: they name operator and remedy. `owner`: whose
 * code had begun it; undefined: code outside of every operator, such as the module's own.
 */
export function strayError(error: unknown, kind: Stray, owner: CodeOwner | undefined): StreamError {
  if (error instanceof StreamError) return error;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : thrownText(error);
  const place = error instanceof Error ? codePlace(error.stack ?? "") : undefined;
  const what =
    kind === "rejection"
      ? "a promise of the job's code was rejected, and nothing handled it"
      : "a callback of the job's code threw, outside of every call of a function";
  const whose =
    owner === undefined
      ? "it belongs to no operator"
      : `it was started in ${owner.operators.map(({ name, uid }) => `${name} (uid ${uid})`).join(" or ")}`;
  return new StreamError(
    "USER_FUNCTION_FAILED",
    `${owner === undefined ? "" : `${owner.name}: `}${what}${place === undefined ? "" : `, at ${place}`}; ${whose}: ${text}`,
    { cause: error },
  );
}

/** Throws, and fails the task as well: what the job's code catches would be lost. */
export function refuseToEnd(call: string): never {
  const owner = currentOwner();
  const place = codePlace(new Error("here").stack ?? "");
  const whose = owner === undefined ? "" : `${owner.name}: `;
  const names = owner?.operators.map(({ name, uid }) => `${name} (uid ${uid})`).join(" or ");
  const error = new StreamError(
    "USER_FUNCTION_FAILED",
    `${whose}${call} was called${place === undefined ? "" : ` at ${place}`}${names === undefined ? "" : `, in ${names}`}: ` +
      "job code cannot end the process, which runs other tasks too; throw an error to fail the job, or end its source to finish it",
    { destiny: "terminal" },
  );
  owner?.fail(error);
  throw error;
}
