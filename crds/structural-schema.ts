/**
 * Owns: from a zod schema to the structural schema that an API server takes: what z.toJSONSchema makes, with what Kubernetes does not
 * know removed or said otherwise, and with the rules put in their places.
 * Does not own: the schemas, the rules, the rest of a definition. Called by: custom-resource-definition.ts, validation.ts (names of fields).
 *
 * STS1 The result is structural: every value has one type, no $ref, no oneOf or anyOf, no additionalProperties beside properties.
 * STS2 No default but the one of `status.observedGeneration`.
 * STS3 A tagged union becomes one object: the fields of all variants, required what all of them require.
 */
import { assert, oncePerObject } from "../base/index.ts";
import { z } from "zod";
import type { RulesAt } from "./cel-rules.ts";
import { type CelValidation, VALIDATIONS } from "./fields.ts";

/** A structural schema, as far as we use it. */
export interface StructuralSchema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly format?: "date-time";
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly "x-kubernetes-validations"?: readonly CelValidation[];
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "map" | "set";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
}

/** What z.toJSONSchema makes, as far as it is looked at here. */
interface RawSchema extends Omit<StructuralSchema, "properties" | "additionalProperties" | "items"> {
  readonly properties?: Readonly<Record<string, RawSchema>>;
  readonly additionalProperties?: boolean | RawSchema;
  readonly items?: RawSchema;
  readonly oneOf?: readonly RawSchema[];
  readonly anyOf?: readonly RawSchema[];
}

/** Keys that are kept as they are; descriptions come first, where people look. */
const KEPT = [
  "description",
  "type",
  "nullable",
  "enum",
  "format",
  "pattern",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "maxItems",
  "maxProperties",
  "required",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-int-or-string",
  "x-kubernetes-preserve-unknown-fields",
  VALIDATIONS,
] as const;

/** The structural schema of a zod schema, without the rules of several fields. Asked for each faulty object, so found once. */
export const structuralSchema: (schema: z.ZodType) => StructuralSchema = oncePerObject((schema) =>
  convert(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }) as RawSchema),
);

/** `schema` with each rule at its place. Throws when there is no such place. */
export function withRules(schema: StructuralSchema, rules: readonly RulesAt[]): StructuralSchema {
  return rules.reduce((current, { at, rules: here }) => {
    const validations = here.map(({ rule, message, fieldPath }) => ({
      rule,
      message,
      ...(fieldPath === undefined ? {} : { fieldPath }),
    }));
    return changeAt(current, at, (found) => ({
      ...found,
      [VALIDATIONS]: [...(found[VALIDATIONS] ?? []), ...validations],
    }));
  }, schema);
}

/** The schema of what lies at `at`; `*` is each item of a list. */
export function schemaAt(schema: StructuralSchema, at: readonly (string | number)[]): StructuralSchema | undefined {
  let found: StructuralSchema | undefined = schema;
  for (const name of at) {
    found = found?.items ?? found?.properties?.[name] ?? found?.additionalProperties;
  }
  return found;
}

function changeAt(
  schema: StructuralSchema,
  at: readonly string[],
  change: (schema: StructuralSchema) => StructuralSchema,
): StructuralSchema {
  const [name, ...rest] = at;
  if (name === undefined) return change(schema);
  if (name === "*" && schema.items !== undefined) return { ...schema, items: changeAt(schema.items, rest, change) };
  const child = schema.properties?.[name];
  assert(child !== undefined, `a rule stands at ${at.join(".")}, where the schema has no field`);
  return { ...schema, properties: { ...schema.properties, [name]: changeAt(child, rest, change) } };
}

function convert(raw: RawSchema): StructuralSchema {
  if (raw["x-kubernetes-int-or-string"] === true) return kept({ ...raw, ...boundsOfText(raw.anyOf) });
  const variants = raw.oneOf ?? raw.anyOf;
  if (variants !== undefined) return { ...kept(raw), ...mergeVariants(variants.map(convert)) };
  const result = kept(raw);
  const map = typeof raw.additionalProperties === "object" ? raw.additionalProperties : undefined;
  if (raw["x-kubernetes-preserve-unknown-fields"] === true) {
    return raw.properties === undefined ? result : { ...result, properties: convertAll(raw.properties) };
  }
  return {
    ...result,
    ...(raw.default === -1 ? { default: raw.default } : {}),
    ...(raw.items === undefined ? {} : { items: convert(raw.items) }),
    ...(raw.properties === undefined ? {} : { properties: convertAll(raw.properties) }),
    ...(map === undefined || raw.properties !== undefined ? {} : { additionalProperties: convert(map) }),
  };
}

function convertAll(properties: Readonly<Record<string, RawSchema>>): Record<string, StructuralSchema> {
  return Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, convert(child)]));
}

function kept(raw: RawSchema): StructuralSchema {
  const entries = KEPT.filter((key) => raw[key] !== undefined && !isNoBound(key, raw[key])).map((key) => [
    key,
    raw[key],
  ]);
  return Object.fromEntries(entries) as StructuralSchema;
}

/** zod writes the largest safe integers where nobody has set a bound. */
function isNoBound(key: string, value: unknown): boolean {
  return (key === "minimum" || key === "maximum") && Math.abs(value as number) === Number.MAX_SAFE_INTEGER;
}

/** Bounds of the variants of a whole number or text: Kubernetes applies each to values of its type only. */
function boundsOfText(variants: readonly RawSchema[] = []): Partial<StructuralSchema> {
  return Object.assign(
    {},
    ...variants.map(({ minimum, maximum, maxLength }) => kept({ minimum, maximum, maxLength } as RawSchema)),
  );
}

/** STS3. */
function mergeVariants(variants: readonly StructuralSchema[]): StructuralSchema {
  const properties: Record<string, StructuralSchema> = {};
  for (const variant of variants) {
    assert(variant.type === "object", "a union of something else than objects has no structural schema");
    for (const [name, child] of Object.entries(variant.properties ?? {})) {
      const other = properties[name];
      const both =
        other?.enum === undefined ? child : { ...child, ...other, enum: [...other.enum, ...(child.enum ?? [])] };
      properties[name] = both;
    }
  }
  const required = Object.keys(properties).filter((name) => variants.every((each) => each.required?.includes(name)));
  return { type: "object", properties, required };
}
