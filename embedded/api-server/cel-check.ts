/**
 * Owns: the CEL rules of a schema put to an object. Pure.
 * Does not own: the rules (crds). Called by: admission.ts, for objects that the schema found sound.
 *
 * CE1 A rule that fails to evaluate refuses the object, with the error as the reason: as on a real server.
 * CE2 A rule that speaks of `oldSelf` is asked only when there was a value before; entries of a list by keys are matched by keys,
 *     entries of other lists have no value before.
 * CE3 A part that is the very same as in the version before is not asked about again.
 * CE4 Whole numbers are CEL's `int`, others `double`, as the schema says.
 * Not done: Kubernetes' own functions beyond CEL (quantity, url, ip, ...): a rule that does not parse is a mistake of ours, told when
 * the server starts; limits of cost.
 */
import { Environment } from "@marcbachmann/cel-js";
import { assert } from "../../base/index.ts";
import type { StructuralSchema } from "../../crds/index.ts";
import { isList, isObject, type Json, type JsonObject } from "./json-value.ts";
import type { FieldProblem } from "./refusals.ts";
import { joined, memberSchema } from "./schema-check.ts";

type Program = (context: Record<string, unknown>) => unknown;
type CelRule = NonNullable<StructuralSchema["x-kubernetes-validations"]>[number];

const SPEAKS_OF_BEFORE = /\boldSelf\b/;

export class CelRules {
  readonly #environment = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
  });
  readonly #programs = new Map<string, Program>();

  /** Parses every rule of a schema. Throws for one that does not parse. */
  constructor(schema: StructuralSchema) {
    this.#parseAll(schema);
  }

  /** What the rules say of a value; `before` is the value in the version before, if there is one. */
  problems(value: Json, schema: StructuralSchema, before: Json | undefined, path: string): FieldProblem[] {
    if (value === before || value === null) return [];
    const own = (schema["x-kubernetes-validations"] ?? []).flatMap((rule) =>
      this.#ask(rule, { value, schema, before, path }),
    );
    return [...own, ...this.#problemsBelow(value, schema, before, path)];
  }

  #problemsBelow(value: Json, schema: StructuralSchema, before: Json | undefined, path: string): FieldProblem[] {
    if (isObject(value)) {
      const previous = isObject(before) ? before : undefined;
      return Object.entries(value).flatMap(([name, member]) => {
        const known = memberSchema(schema, name);
        return known === undefined ? [] : this.problems(member, known, previous?.[name], joined(path, name));
      });
    }
    const { items } = schema;
    if (!isList(value) || items === undefined) return [];
    return value.flatMap((item, index) => {
      const previous = isList(before) ? entryBefore(item, before, schema) : undefined;
      return this.problems(item, items, previous, `${path}[${index}]`);
    });
  }

  #ask(
    { rule, message, fieldPath }: CelRule,
    { value, schema, before, path }: { value: Json; schema: StructuralSchema; before: Json | undefined; path: string },
  ): FieldProblem[] {
    const isAboutChange = SPEAKS_OF_BEFORE.test(rule);
    if (isAboutChange && before === undefined) return [];
    const program = this.#programs.get(rule);
    assert(program !== undefined, `the rule ${rule} was not parsed when the server started`);
    const field = `${path}${fieldPath ?? ""}`;
    const context = { self: celValue(value, schema), ...(isAboutChange ? { oldSelf: celValue(before, schema) } : {}) };
    try {
      if (program(context) === true) return [];
    } catch (error) {
      const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
      return [{ field, message: `Invalid value: ${typeName(value)}: ${reason} (in the rule: ${rule})` }];
    }
    return [{ field, message: `Invalid value: ${typeName(value)}: ${message}` }];
  }

  #parseAll(schema: StructuralSchema): void {
    for (const { rule } of schema["x-kubernetes-validations"] ?? []) {
      if (!this.#programs.has(rule)) this.#programs.set(rule, this.#environment.parse(rule) as Program);
    }
    for (const property of Object.values(schema.properties ?? {})) this.#parseAll(property);
    if (schema.items !== undefined) this.#parseAll(schema.items);
    if (schema.additionalProperties !== undefined) this.#parseAll(schema.additionalProperties);
  }
}

function typeName(value: Json): string {
  if (isList(value)) return '"array"';
  return isObject(value) ? '"object"' : (JSON.stringify(value) ?? "null");
}

function entryBefore(item: Json, before: readonly Json[], schema: StructuralSchema): Json | undefined {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || keys === undefined || !isObject(item)) return undefined;
  return before.find((each) => isObject(each) && keys.every((key) => each[key] === item[key]));
}

/** CE4. */
function celValue(value: Json | undefined, schema: StructuralSchema | undefined): unknown {
  if (typeof value === "number") return schema?.type !== "number" && Number.isInteger(value) ? BigInt(value) : value;
  if (isList(value)) return value.map((item) => celValue(item, schema?.items));
  if (isObject(value)) return celObject(value, schema);
  return value;
}

function celObject(value: JsonObject, schema: StructuralSchema | undefined): unknown {
  const converted: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    converted[name] = celValue(member, schema === undefined ? undefined : memberSchema(schema, name));
  }
  return converted;
}
