/**
 * Owns: kinds of values that many fields of both resources share: durations, quantities, names, lists, text of one line.
 * Does not own: the fields. Called by: the schemas of this room.
 *
 * FIE1 A kind of value is checked alike by zod here and by what it writes into the CRD (pattern, bounds, CEL): one function makes both.
 * FIE2 Every text and every list has a largest size: without one the API server refuses the CEL rules as too costly.
 */
import { z } from "zod";
import { locationTrouble } from "../contract/index.ts";
import { DURATION_LENGTH_MAX, parseDuration } from "../base/index.ts";
import { celDurationWithin, DURATION_CHARACTERS, durationWithin } from "./duration.ts";

/** A CEL rule as a CRD holds it. */
export interface CelValidation {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/** Key of the CRD under which CEL rules stand. */
export const VALIDATIONS = "x-kubernetes-validations";

export const SECOND_MS = 1000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** A year: a longer duration is a mistake of units. The runtime has the same limit. */
export const DURATION_MAX_MS = 8760 * HOUR_MS;

/** A duration as text; from `minMs` (default 0) to `maxMs` (default a year), both included. */
export function duration({ minMs = 0, maxMs = DURATION_MAX_MS }: { minMs?: number; maxMs?: number } = {}) {
  const message = durationWithin(minMs, maxMs);
  // An overflow is an error of CEL's and so a refusal, as here.
  const validation: CelValidation = {
    rule: celDurationWithin(minMs, maxMs),
    message: `must be ${message}, such as 10s, "5 min" or 1h30m`,
  };
  return z
    .string(`must be text such as "10s" or "5m"`)
    .superRefine((text, context) => {
      const parsed = parseDuration(text);
      if (parsed.kind === "invalid") {
        context.addIssue({ code: "custom", message: parsed.problem, params: { reason: "DurationInvalid" } });
      } else if (parsed.ms < minMs || parsed.ms > maxMs) {
        const problem = `"${text}" is out of bounds: it must be ${message}`;
        context.addIssue({ code: "custom", message: problem, params: { reason: "OutOfBounds" } });
      }
    })
    .meta({ minLength: 1, maxLength: DURATION_LENGTH_MAX, pattern: DURATION_CHARACTERS, [VALIDATIONS]: [validation] });
}

/** A whole number within bounds, both included. */
export function whole(min: number, max: number) {
  return z.int().min(min).max(max);
}

/** Text that is not empty, at most `max` characters. */
export function text(max = 1024) {
  return z.string().min(1, "must not be empty").max(max);
}

/** Of what LCN1 refuses, what a CEL rule can say. */
const PLAIN_LOCATION = {
  rule: "!self.matches('(^|/)[.][.]?(/|$)|%2[eEfF]|%5[cC]')",
  message: "must not have a segment . or .. in its path, or dots and slashes behind percent signs",
};

/** Place of a savepoint or checkpoint (LCN1). */
export function location() {
  return text(4096)
    .check(({ value, issues }) => {
      const trouble = locationTrouble(value);
      if (trouble !== null) issues.push({ code: "custom", message: trouble, input: value });
    })
    .meta({ [VALIDATIONS]: [PLAIN_LOCATION] });
}

/** Name of an object of the same namespace: a DNS subdomain. */
export function objectName() {
  return z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "must be the name of an object: a-z, 0-9, - and .");
}

/** A list whose order matters and that is replaced as a whole. */
export function atomicList<T extends z.ZodType>(item: T, max: number) {
  return z.array(item).max(max).meta({ "x-kubernetes-list-type": "atomic" });
}

/** A list whose entries are told apart by `key`: no two with the same, and each may have another owner. */
export function keyedList<T extends z.ZodType>(item: T, key: string, max: number) {
  return z
    .array(item)
    .max(max)
    .superRefine((entries, context) => {
      const seen = new Set<unknown>();
      for (const [index, entry] of entries.entries()) {
        const name = (entry as Readonly<Record<string, unknown>>)[key];
        if (seen.has(name)) {
          const message = `${JSON.stringify(name)} occurs twice; remove one`;
          context.addIssue({ code: "custom", path: [index, key], message, params: { reason: "Duplicate" } });
        }
        seen.add(name);
      }
    })
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });
}

/** A text or a whole number: each new value is a new request. */
export function nonce() {
  return z.union([z.int(), z.string().max(253)]).meta({ "x-kubernetes-int-or-string": true });
}

/** An amount as Kubernetes writes it: 0.5, "500m", "2Gi". */
export function quantity() {
  return z
    .union([z.int().min(0), z.string().max(64).regex(QUANTITY, 'must be an amount such as "500m" or "2Gi"')])
    .meta({ "x-kubernetes-int-or-string": true, pattern: QUANTITY.source });
}
const QUANTITY = /^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$/;

/** Anything at all beside the fields that are named; Kubernetes keeps it as it is. */
export function anything<Shape extends z.ZodRawShape>(known: Shape) {
  return z.looseObject(known).meta({ "x-kubernetes-preserve-unknown-fields": true });
}

/** A map of texts with at most `max` entries. */
export function textMap(max: number, valueMax = 4096) {
  return z.record(z.string().max(316), z.string().max(valueMax)).meta({ maxProperties: max });
}

/** A time in RFC 3339, such as 2031-04-01T12:00:00Z. API servers check the form. */
export function time() {
  return z.string().max(40).meta({ format: "date-time" });
}
