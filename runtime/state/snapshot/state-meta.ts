/**
 * Owns: what a state is called, of which kind and types: in memory, in messages, and in files (STM1).
 * Not here: whether old and new types fit (evolution.ts).
 *
 * STM1 In a file a type is the JSON of its ValueType: {kind, nullable, fields?: [{name, type, optional?}], item?, key?, literals?, scale?}. A reader can decode every
 *     state with what the file says, before any operator declared it.
 */
import { StreamError } from "../../../base/index.ts";
import type { StateDeclaration } from "../../checkpoint/index.ts";
import { describeType, type Field, type Key, type Literal, t, TYPE_KINDS, type ValueType } from "../../record/index.ts";

/** How the rows of a state look; a timer service has two states, one for each kind of time. */
export type StateKind = "value" | "list" | "map" | "reducing" | "aggregating" | "event-timers" | "processing-timers";

export type StateMeta = {
  readonly name: string;
  readonly kind: StateKind;
  readonly type: ValueType<unknown>;
  /** Only of map state: the type of the user's keys. */
  readonly keyType: ValueType<unknown> | null;
};

/** The type of a state that declares none. */
export const ANY: ValueType<unknown> = t.any;
export const TIMER_TYPE: ValueType<unknown> = t.float64;

const KINDS: readonly string[] = [
  "value",
  "list",
  "map",
  "reducing",
  "aggregating",
  "event-timers",
  "processing-timers",
];

export function isTimers(kind: StateKind): boolean {
  return kind === "event-timers" || kind === "processing-timers";
}

/** States and timer services have names of their own: `orders` may be both. */
export function metaId(meta: Pick<StateMeta, "name" | "kind">): string {
  return `${isTimers(meta.kind) ? meta.kind : "state"}:${meta.name}`;
}

/** In words, for messages and declarations: `int64`, `map<string, int64>`. */
export function describeMeta(meta: StateMeta): string {
  if (meta.keyType === null) return describeType(meta.type);
  return `map<${describeType(meta.keyType)}, ${describeType(meta.type)}>`;
}

/** A key, cut where it is long, for messages. */
export function keyInWords(key: Key): string {
  const text =
    typeof key === "bigint"
      ? `${key}n`
      : String(JSON.stringify(key, (_, item) => (typeof item === "bigint" ? `${item}n` : item)));
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

export function declarationOf(meta: StateMeta): StateDeclaration {
  return isTimers(meta.kind)
    ? { name: meta.name, kind: "timers", type: "timestamp" }
    : { name: meta.name, kind: meta.kind, type: describeMeta(meta) };
}

/** Reads a meta from a file's index; throws CHECKPOINT_CORRUPT when it is not one. */
export function parseMeta(value: unknown): StateMeta {
  const { name, kind, type, keyType } = asObject(value);
  if (typeof name !== "string" || typeof kind !== "string" || !KINDS.includes(kind)) throw notReadable(value);
  return {
    name,
    kind: kind as StateKind,
    type: parseType(type),
    keyType: keyType === null ? null : parseType(keyType),
  };
}

export function parseType(value: unknown): ValueType<unknown> {
  const { kind: text, nullable, fields, item, key, literals, scale } = asObject(value);
  const kind = TYPE_KINDS.find((each) => each === text);
  if (kind === undefined || typeof nullable !== "boolean") throw notReadable(value);
  if ((kind === "record") !== Array.isArray(fields)) throw notReadable(value);
  const base = { kind, nullable, fields: Array.isArray(fields) ? fields.map(parseField) : undefined };
  switch (kind) {
    case "list":
      return { ...base, item: parseType(item) };
    case "map":
      return { ...base, key: parseType(key), item: parseType(item) };
    case "literal":
      if (!Array.isArray(literals) || !literals.every(isLiteral)) throw notReadable(value);
      return { ...base, literals };
    case "decimal":
      if (typeof scale !== "number") throw notReadable(value);
      return { ...base, scale };
    default:
      return base;
  }
}

function isLiteral(value: unknown): value is Literal {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function parseField(value: unknown): Field {
  const { name, type, optional } = asObject(value);
  if (typeof name !== "string") throw notReadable(value);
  return { name, type: parseType(type), ...(optional === true ? { optional } : {}) };
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw notReadable(value);
  return value as Record<string, unknown>;
}

function notReadable(value: unknown): StreamError {
  return new StreamError(
    "CHECKPOINT_CORRUPT",
    `a state file declares ${JSON.stringify(value)?.slice(0, 200)}, which this version does not know; use the version that wrote it, or restore from another checkpoint`,
    { destiny: "terminal" },
  );
}
