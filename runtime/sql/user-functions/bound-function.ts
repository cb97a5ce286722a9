/**
 * Owns: a function of the user as queries know it: its name there, the types of its arguments and of its result, and where it is from.
 *
 * SQZC1 A plan is data: of a function it has the signature and the origin, as text. Two functions of one name and one signature from two places are two.
 * SQZC2 The signature has all that a state depends on: name, types, and of an aggregate the type of its state. Code may change under it, as in a job module.
 */
import { describeType } from "../../record/index.ts";
import { type SqlType, typeText } from "../types/sql-type.ts";
import type { TypeRefusal } from "../types/type-families.ts";
import type { AggregateFunction, FunctionDefinition, ScalarFunction, TableFunction } from "./definition.ts";
import { functionType } from "./function-values.ts";

export class BoundFunction<D extends FunctionDefinition = FunctionDefinition> {
  readonly kind = "bound";
  /** As it was registered. */
  readonly name: string;
  /** `./functions.ts#mask`, or the number of the call that has registered it: the same in all processes of a job. */
  readonly origin: string;
  readonly definition: D;
  readonly parameters: readonly SqlType[];
  /** Of a table function: of one row. */
  readonly result: SqlType;
  /** SQZC2. */
  readonly signature: string;

  constructor(
    name: string,
    { origin, definition }: { readonly origin: string; readonly definition: D },
    types: { readonly parameters: readonly SqlType[]; readonly result: SqlType },
  ) {
    this.name = name;
    this.origin = origin;
    this.definition = definition;
    this.parameters = types.parameters;
    this.result = types.result;
    const state = definition.form === "aggregate" ? ` by ${describeType(definition.accumulator)}` : "";
    const kind = definition.isDeterministic ? definition.form : `${definition.form} anew`;
    this.signature = `${kind} ${name.toUpperCase()}(${types.parameters.map(typeText).join(", ")}) -> ${typeText(types.result)}${state}`;
  }

  /** `mask(STRING, INT)`, for messages. */
  get usage(): string {
    return `${this.name}(${this.parameters.map((type) => typeText({ ...type, isNullable: true })).join(", ")})`;
  }

  /** SQZC1. */
  toJSON(): string {
    return `${this.signature} from ${this.origin}`;
  }
}

export type ScalarUserFunction = BoundFunction<ScalarFunction>;
export type TableUserFunction = BoundFunction<TableFunction>;
export type AggregateUserFunction = BoundFunction<AggregateFunction>;
export type UserFunction = ScalarUserFunction | TableUserFunction | AggregateUserFunction;

/** Refused: a type that no column has. */
export function boundFunction(
  name: string,
  from: { readonly origin: string; readonly definition: FunctionDefinition },
): UserFunction | TypeRefusal {
  const parameters: SqlType[] = [];
  for (const type of from.definition.parameters) {
    const made = functionType(type);
    if (made.kind === "refused") return made;
    parameters.push(made);
  }
  const result = functionType(from.definition.returns);
  if (result.kind === "refused") return result;
  return new BoundFunction(name, from, { parameters, result }) as UserFunction;
}

export const isScalar = (bound: UserFunction): bound is ScalarUserFunction => bound.definition.form === "scalar";
export const isTable = (bound: UserFunction): bound is TableUserFunction => bound.definition.form === "table";
export const isAggregate = (bound: UserFunction): bound is AggregateUserFunction =>
  bound.definition.form === "aggregate";
