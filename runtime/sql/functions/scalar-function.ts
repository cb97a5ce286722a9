/**
 * Owns: the implementations of the scalar functions, by their names. What they take and give: validate/functions/scalar-functions.ts.
 * Not here: aggregate functions, operators (but IS JSON), CASE and CAST; JSON functions with a syntax of their own (json/json-function.ts).
 * Called by: whoever compiles expressions.
 *
 * SQUB1 Each function of the table has one implementation, and each implementation is of a function of the table, or of IS JSON.
 * SQUB2 An implementation belongs to one place of one query in one subtask: it may remember what it has read last.
 */
import { choiceFunctions } from "./choice-functions.ts";
import { collectionFunctions } from "./collection-functions.ts";
import { encodingFunctions } from "./encoding-functions.ts";
import { jsonFunctions } from "./json/json-function.ts";
import { numberFunctions } from "./number-functions.ts";
import { randomFunctions } from "./random-functions.ts";
import { regexpFunctions } from "./regexp-functions.ts";
import type { ScalarFactory } from "./scalar-implementation.ts";
import { textFunctions } from "./text-functions.ts";
import { clockFunctions } from "./time/clock-functions.ts";
import { timePartFunctions } from "./time/time-parts.ts";
import { timeShiftFunctions } from "./time/time-shifts.ts";
import { timeTextFunctions } from "./time/time-texts.ts";
import { urlFunctions } from "./url-functions.ts";

export const scalarImplementations: ReadonlyMap<string, ScalarFactory> = new Map(
  [
    textFunctions,
    encodingFunctions,
    regexpFunctions,
    urlFunctions,
    numberFunctions,
    randomFunctions,
    timePartFunctions,
    timeShiftFunctions,
    timeTextFunctions,
    clockFunctions,
    choiceFunctions,
    collectionFunctions,
    jsonFunctions,
  ].flatMap((functions) => Object.entries(functions).map(([name, factory]) => [name.toUpperCase(), factory] as const)),
);

/** `name`: in upper case. Undefined: there is no such function. */
export const scalarFunction = (name: string): ScalarFactory | undefined => scalarImplementations.get(name);
