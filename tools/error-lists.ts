/**
 * Owns: all lists of error codes together, by the folders of their rooms; docs/errors.md is generated from them.
 * Does not own: the codes; each list lies in the room that raises them. A list that is missing here does not compile.
 */
import { type DeclaredErrorCodes, baseErrorCodes } from "../base/index.ts";
import { cliErrorCodes } from "../cli/error-codes.ts";
import { apiServerErrorCodes } from "../embedded/api-server/error-codes.ts";
import { kubeletErrorCodes } from "../embedded/kubelet/error-codes.ts";
import { mainErrorCodes } from "../main/error-codes.ts";
import { operatorErrorCodes } from "../operator/kubernetes/api/error-codes.ts";
import { runtimeErrorCodes } from "../runtime/failures/error-codes.ts";

/** Each list that is declared, under the folder that it declares itself with. */
export const errorLists: {
  readonly [Folder in keyof DeclaredErrorCodes]: Readonly<Record<DeclaredErrorCodes[Folder], string>>;
} = {
  base: baseErrorCodes,
  "runtime/failures": runtimeErrorCodes,
  "operator/kubernetes/api": operatorErrorCodes,
  "embedded/api-server": apiServerErrorCodes,
  "embedded/kubelet": kubeletErrorCodes,
  main: mainErrorCodes,
  cli: cliErrorCodes,
};

/** Every code of the product with its explanation. No code is in two lists (test/architecture/error-codes.test.ts). */
export const errorCodes: Readonly<Record<string, string>> = Object.assign({}, ...Object.values(errorLists));
