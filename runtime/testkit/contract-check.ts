/**
 * Owns: what a contract is made of, for any test runner: node:test, vitest or another registers and runs the checks.
 */

/** One check of a contract. `for (const { name, run } of sourceContract(createWorld)) it(name, run);` */
export type ContractCheck = {
  /** What is promised, as the name of a test. */
  readonly name: string;
  /** Rejects when the promise is broken. */
  run(): Promise<void>;
};

export function check(name: string, run: () => Promise<void>): ContractCheck {
  return { name, run };
}

/** Texts by which values are compared in any order. */
export function sorted(texts: readonly string[]): string[] {
  return [...texts].sort();
}
