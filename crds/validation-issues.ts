/**
 * Owns: issues of a manifest in words: from what zod reports to a path, a reason and a message that says what to write.
 * Does not own: what is checked. Called by: validation.ts.
 */
import type { z } from "zod";
import { DURATION_FORM } from "../base/index.ts";
import { DURATION_CHARACTERS } from "./duration.ts";
import { nearestName } from "./nearest-name.ts";
import { schemaAt, type StructuralSchema, structuralSchema } from "./structural-schema.ts";

/** One thing that is wrong with a manifest. */
export interface Issue {
  /** Where, such as `spec.job.env[2].name`; empty for the object itself. */
  readonly path: string;
  /** Why, in one word. */
  readonly reason: string;
  /** What is wrong and what to write. Follows the path: "is missing", "must be …". */
  readonly message: string;
}

/** Names of fields and indexes of lists. */
export type Path = readonly (string | number)[];

/** A path as people write it. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
    return text === "" ? name : `${text}.${name}`;
  }, "");
}

interface Located {
  /** Relative to the schema's value. */
  readonly at: Path;
  readonly issue: Issue;
}

/** Everything that `error` holds, unknown fields one by one. `schema` is what was applied, `input` what to. */
export function issuesOfZod(error: z.ZodError, schema: z.ZodType, input: unknown): readonly Located[] {
  const structure = structuralSchema(schema);
  return error.issues.flatMap((issue) => {
    const at = issue.path as Path;
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => located([...at, key], "UnknownField", unknownField(key, at, structure)));
    }
    return [located(at, ...wordsFor(issue, schemaAt(structure, at), valueAt(input, at)))];
  });
}

function located(at: Path, reason: string, message: string): Located {
  return { at, issue: { path: pathText(at), reason, message } };
}

function unknownField(key: string, at: Path, structure: StructuralSchema): string {
  const known = Object.keys(schemaAt(structure, at)?.properties ?? {});
  const nearest = nearestName(key, known);
  if (nearest !== undefined) return `is not a known field; did you mean ${nearest}?`;
  return `is not a known field; known fields: ${known.join(", ")}`;
}

/** Reason and message. */
function wordsFor(issue: z.core.$ZodIssue, schema: StructuralSchema | undefined, value: unknown): [string, string] {
  if (value === undefined) return ["Missing", `is missing; it must be ${formOf(schema)}`];
  switch (issue.code) {
    case "invalid_type": {
      const quotes = schema?.type === "string" && schema.pattern === undefined && typeof value !== "object";
      const advice = quotes ? "; put it in quotes" : "";
      return ["TypeInvalid", `must be ${formOf(schema)}, not ${describe(value)}${advice}`];
    }
    case "invalid_value": {
      const names = issue.values.map(String);
      const nearest = typeof value === "string" ? nearestName(value, names) : undefined;
      const meant = nearest === undefined ? "" : `; did you mean ${nearest}?`;
      return ["ValueInvalid", `must be ${formOf(schema)}, not ${describe(value)}${meant}`];
    }
    case "too_small":
    case "too_big":
      return ["OutOfBounds", `is out of bounds: it must be ${formOf(schema)}, not ${describe(value)}`];
    case "invalid_union":
      return ["TypeInvalid", `must be a whole number or text, not ${describe(value)}`];
    case "custom": {
      const reason: unknown = issue.params?.["reason"];
      return [typeof reason === "string" ? reason : "ValueInvalid", issue.message];
    }
    default:
      return ["ValueInvalid", `${issue.message}, not ${describe(value)}`];
  }
}

/** What a value has to be, in words. */
export function formOf(schema: StructuralSchema | undefined): string {
  if (schema === undefined) return "something else";
  if (schema["x-kubernetes-int-or-string"] === true) return "a whole number or text";
  if (schema.enum !== undefined) return `one of ${schema.enum.join(", ")}`;
  switch (schema.type) {
    case "integer":
    case "number":
      return `a ${schema.type === "integer" ? "whole number" : "number"}${bounds(schema.minimum, schema.maximum)}`;
    case "string":
      if (schema.pattern === DURATION_CHARACTERS) return DURATION_FORM;
      if (schema.format === "date-time") return "a time in RFC 3339";
      return `a text${bounds(schema.minLength, schema.maxLength, " characters")}`;
    case "boolean":
      return "true or false";
    case "array":
      return `a list${schema.maxItems === undefined ? "" : ` of at most ${schema.maxItems}`}`;
    default:
      return `an object${schema.maxProperties === undefined ? "" : ` with at most ${schema.maxProperties} fields`}`;
  }
}

function bounds(min: number | undefined, max: number | undefined, unit = ""): string {
  if (min === undefined && max === undefined) return "";
  if (max === undefined) return `, ${min} or more${unit}`;
  return min === undefined ? ` of at most ${max}${unit}` : ` from ${min} to ${max}${unit}`;
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function valueAt(value: unknown, at: Path): unknown {
  let found = value;
  for (const name of at) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Readonly<Record<string | number, unknown>>)[name];
  }
  return found;
}
