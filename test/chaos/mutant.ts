/**
 * Owns: what a planted bug is: a change of the code that a suite of the chaos has to find.
 *
 * XOM1 `find` stands in the file exactly once (plan.test.ts of each suite): when the code has changed, the mutant is written anew.
 */

export type Mutant = {
  readonly name: string;
  readonly what: string;
  readonly file: string;
  readonly changes: readonly { readonly find: string; readonly replace: string }[];
  /** Over the description of a plan: those that cannot reach the place are left out. */
  readonly plans: string;
};

/** The file's text with the bug. Errors: a place is not there, or more than once. */
export function applyMutant({ name, file, changes }: Mutant, text: string): string {
  return changes.reduce((changed, { find, replace }) => {
    const pieces = changed.split(find);
    if (pieces.length !== 2)
      throw new Error(`mutant ${name}: ${file} has ${JSON.stringify(find)} ${pieces.length - 1} times`);
    return pieces.join(replace);
  }, text);
}
