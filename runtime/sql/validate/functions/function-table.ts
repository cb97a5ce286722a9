/**
 * Owns: the built-in functions that are called by name, as one table: name, kind, signatures, meaning.
 * Not here: operators, CASE and CAST (operators.ts), JSON functions with a syntax of their own (json-call.ts), windows.
 *
 * SQVB1 A name has one row. What is added here is known to the validator at once.
 */
import { aggregateFunctions } from "./aggregate-functions.ts";
import { scalarFunctions } from "./scalar-functions.ts";
import { readSignature, type Signature } from "./signature.ts";

/** Name; signatures, with ` | ` between them; meaning. */
export type FunctionRow = readonly [name: string, signatures: string, meaning: string];

/** `ranking`: with OVER only. */
export type FunctionKind = "scalar" | "aggregate" | "ranking";

export type SqlFunction = {
  readonly name: string;
  readonly kind: FunctionKind;
  readonly signatures: readonly Signature[];
  readonly meaning: string;
};

const read =
  (kind: FunctionKind) =>
  ([name, signatures, meaning]: FunctionRow): SqlFunction => ({
    name: name.toUpperCase(),
    kind,
    signatures: signatures.split(" | ").map(readSignature),
    meaning,
  });

/** By their names, in upper case. */
export const builtInFunctions: ReadonlyMap<string, SqlFunction> = new Map(
  [
    ...Object.values(scalarFunctions).flat().map(read("scalar")),
    ...aggregateFunctions.plain.map(read("aggregate")),
    ...aggregateFunctions.ranking.map(read("ranking")),
  ].map((entry) => [entry.name, entry]),
);
