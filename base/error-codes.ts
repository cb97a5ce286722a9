/**
 * Owns: how an error code is declared, and the codes that base raises itself or that several halves raise.
 * Not here: all other codes. Each half has a file `error-codes.ts` in a room of its own.
 *
 * ERC1 A list says of each code what it means and what to do; docs/errors.md is generated from all lists (tools/error-lists.ts).
 * ERC2 A code that no list declares does not compile. A list adds its codes to DeclaredErrorCodes by its room's folder, so that base
 *    knows the type of every code and the text of none but its own.
 * ERC3 A room raises the codes of base, of its own half, and of halves that its half may import (test/architecture/error-codes.test.ts).
 */

/** A list: each code with its explanation. */
export type ErrorTexts = Readonly<Record<string, string>>;

export const baseErrorCodes = {
  OPTION_INVALID: "An option's value is not allowed. Use a value that the message describes.",
  STORE_UNAVAILABLE: "The object store did not answer or refused the call. The call is retried; check the cause.",
  STORE_FULL:
    "There is no space left at the location in the message. Free some space; completed checkpoints and savepoints are not lost.",
  FORMAT_TOO_NEW:
    "A file or a peer is of a newer version of StreamJob, in a form that this one does not know. Use the version that wrote it, or a newer one; nothing was changed or deleted.",
  PORT_IN_USE: "Another process uses the port. Choose another port or stop that process.",
} as const satisfies ErrorTexts;

/** The codes of each list, by the folder of its room. Lists are added by module augmentation (ERC2). */
export interface DeclaredErrorCodes {
  readonly base: keyof typeof baseErrorCodes;
}

export type ErrorCode = DeclaredErrorCodes[keyof DeclaredErrorCodes];
