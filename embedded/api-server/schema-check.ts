/**
 * Owns: a structural schema put to an object: what is pruned and filled in, and what is wrong with the rest. Pure.
 * Does not own: the schemas (crds), CEL (cel-check.ts). Called by: admission.ts.
 *
 * SC1 Members that the schema does not know are pruned, and so is null where the schema has no null; then defaults are filled in.
 * SC2 A part that is the very same as in the version before is not looked at again: it was accepted, and what is stored stays
 *     writable when a schema gets stricter (Kubernetes calls it ratcheting).
 */
import type { StructuralSchema } from "../../crds/index.ts";
import { isList, isObject, type Json } from "./json-value.ts";
import { type FieldProblem, field } from "./refusals.ts";

const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** The value without what the schema does not know, with its defaults (SC1). */
export function conform(value: Json, schema: StructuralSchema): Json {
  if (isList(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => conform(item, items));
  }
  if (!isObject(value) || (schema.properties === undefined && schema.additionalProperties === undefined)) {
    return isObject(value) && !keepsUnknown(schema) && schema.type === "object" ? {} : value;
  }
  const result: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value)) {
    const known = memberSchema(schema, name);
    if (known === undefined) {
      if (keepsUnknown(schema)) result[name] = member;
    } else if (member !== null || known.nullable === true) {
      result[name] = conform(member, known);
    }
  }
  for (const [name, known] of Object.entries(schema.properties ?? {})) {
    if (known.default !== undefined && result[name] === undefined) result[name] = known.default as Json;
  }
  return result;
}

/** Fields that `conform` would prune: for writers who asked to be told. */
export function unknownFields(value: Json, schema: StructuralSchema, path = ""): string[] {
  if (isList(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, index) => unknownFields(item, items, `${path}[${index}]`));
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const known = memberSchema(schema, name);
    const at = path === "" ? name : `${path}.${name}`;
    if (known === undefined) return keepsUnknown(schema) ? [] : [at];
    return unknownFields(member, known, at);
  });
}

/** What is wrong with a value; `before` is the value in the version before, if there is one (SC2). */
export function schemaProblems(
  value: Json,
  schema: StructuralSchema,
  before: Json | undefined,
  path: string,
): FieldProblem[] {
  if (value === before) return [];
  // An API server takes null for no enum, be it nullable or null be one of its values.
  if (value === null && schema.nullable === true)
    return schema.enum === undefined ? [] : [field.unsupported(path, value, schema.enum)];
  const ofForm = formProblems(value, schema, path);
  if (ofForm.length > 0) return ofForm;
  if (isList(value)) {
    const { items } = schema;
    const previous = isList(before) ? before : [];
    const ofItems = items && value.flatMap((item, at) => schemaProblems(item, items, previous[at], `${path}[${at}]`));
    return [...(ofItems ?? []), ...uniquenessProblems(value, schema, path)];
  }
  if (!isObject(value)) return [];
  const previous = isObject(before) ? before : undefined;
  const missing = (schema.required ?? []).filter((name) => value[name] === undefined);
  return [
    ...missing.map((name) => field.required(joined(path, name))),
    ...Object.entries(value).flatMap(([name, member]) => {
      const known = memberSchema(schema, name);
      return known === undefined ? [] : schemaProblems(member, known, previous?.[name], joined(path, name));
    }),
  ];
}

export function memberSchema(schema: StructuralSchema, name: string): StructuralSchema | undefined {
  const { properties, additionalProperties } = schema;
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
}

export function joined(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function keepsUnknown(schema: StructuralSchema): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true;
}

function formProblems(value: Json, schema: StructuralSchema, path: string): FieldProblem[] {
  const wrong = wrongType(value, schema);
  if (wrong !== null) {
    const name = value === null ? "null" : isList(value) ? "array" : typeof value;
    return [field.invalid(path, name, `${path} in body must be of type ${wrong}: ${JSON.stringify(name)}`)];
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [field.unsupported(path, value, schema.enum)];
  const bound = outOfBounds(value, schema);
  return bound === null ? [] : [field.invalid(path, value, `${path} in body ${bound}`)];
}

/** The type it should have; null: it has. */
function wrongType(value: Json, schema: StructuralSchema): string | null {
  if (schema["x-kubernetes-int-or-string"] === true) {
    return typeof value === "string" || Number.isInteger(value) ? null : "integer,string";
  }
  switch (schema.type) {
    case undefined:
      return null;
    case "integer":
      return Number.isInteger(value) ? null : "integer";
    case "array":
      return isList(value) ? null : "array";
    case "object":
      return isObject(value) ? null : "object";
    default:
      return typeof value === schema.type ? null : schema.type;
  }
}

function outOfBounds(value: Json, schema: StructuralSchema): string | null {
  if (typeof value === "number") {
    if (schema.minimum !== undefined && value < schema.minimum)
      return `should be greater than or equal to ${schema.minimum}`;
    if (schema.maximum !== undefined && value > schema.maximum)
      return `should be less than or equal to ${schema.maximum}`;
  }
  if (typeof value === "string") return textOutOfBounds(value, schema);
  if (isList(value) && schema.maxItems !== undefined && value.length > schema.maxItems) {
    return `should have at most ${schema.maxItems} items`;
  }
  if (isObject(value) && schema.maxProperties !== undefined && Object.keys(value).length > schema.maxProperties) {
    return `should have at most ${schema.maxProperties} properties`;
  }
  return null;
}

function textOutOfBounds(value: string, { minLength, maxLength, pattern, format }: StructuralSchema): string | null {
  // Characters, not UTF-16 units.
  if (maxLength !== undefined && value.length > maxLength && Array.from(value).length > maxLength) {
    return `should be at most ${maxLength} chars long`;
  }
  if (minLength !== undefined && value.length < minLength) return `should be at least ${minLength} chars long`;
  if (pattern !== undefined && !expression(pattern).test(value)) return `should match '${pattern}'`;
  return format === "date-time" && !DATE_TIME.test(value)
    ? `must be of type date-time: ${JSON.stringify(value)}`
    : null;
}

const expressions = new Map<string, RegExp>();

function expression(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known !== undefined) return known;
  const compiled = new RegExp(pattern);
  expressions.set(pattern, compiled);
  return compiled;
}

function uniquenessProblems(items: readonly Json[], schema: StructuralSchema, path: string): FieldProblem[] {
  const type = schema["x-kubernetes-list-type"];
  if (type !== "map" && type !== "set") return [];
  const names = schema["x-kubernetes-list-map-keys"] ?? [];
  const keyOf = (item: Json): Json =>
    type === "set" || !isObject(item) ? item : Object.fromEntries(names.map((name) => [name, item[name] ?? null]));
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const key = JSON.stringify(keyOf(item));
    if (seen.has(key)) return [field.duplicate(`${path}[${index}]`, key)];
    seen.add(key);
    return [];
  });
}
