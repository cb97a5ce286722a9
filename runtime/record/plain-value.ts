/**
 * Owns: which values can travel and be stored without a declared type ("plain values"), and where in a value the first one is
 *       that cannot.
 * Not here: their bytes (value-codec.ts), copies and freezing (protected-value.ts), declared types (type-check.ts).
 *
 * PLV1 Plain are: null, undefined, booleans, numbers (NaN and -0 too), bigints and strings of any content; arrays, also with
 *     holes; objects made by a literal or with no prototype; Date, Map, Set, RegExp at lastIndex 0; ArrayBuffer, Buffer, and
 *     typed arrays. Everything else would come back as something else, or not at all: instances of classes, functions, symbols,
 *     boxed values, errors, getters, properties that are hidden or named by symbols, values that contain themselves.
 * PLV2 What is not plain is found and named with its path, never changed into something near it.
 */
import { StreamError } from "../../base/index.ts";

/** Values nested deeper are refused: so is what contains itself. */
export const DEPTH_MAX = 256;
/** Arrays up to this length are looked through for properties beside their elements; longer ones only where `findImpurity` looks. */
const EXPANDO_LENGTH_MAX = 64;
/** A longer array is refused: most likely one element was set far beyond the others. */
export const ARRAY_LENGTH_MAX = 1 << 26;

/** How an object is carried, by its prototype. */
export type ObjectForm =
  | "object"
  | "bare"
  | "array"
  | "date"
  | "map"
  | "set"
  | "regexp"
  | "buffer"
  | "typed"
  | "arraybuffer";

export const TYPED_ARRAYS = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** Dates are values here, made of the milliseconds that they carry; the time of day is none of this room's business. */
export const DateValue: DateConstructor = globalThis.Date;

const FORMS = new Map<unknown, ObjectForm>([
  [DateValue.prototype, "date"],
  [Map.prototype, "map"],
  [Set.prototype, "set"],
  [RegExp.prototype, "regexp"],
  [Buffer.prototype, "buffer"],
  [ArrayBuffer.prototype, "arraybuffer"],
  ...TYPED_ARRAYS.map((type) => [type.prototype, "typed"] as const),
]);

/** null: an instance of a class, or a built-in that cannot be carried. Looks at the prototype only. */
export function formOfObject(value: object): ObjectForm | null {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return "object";
  if (prototype === Array.prototype) return Array.isArray(value) ? "array" : null;
  if (prototype === null) return "bare";
  return FORMS.get(prototype) ?? null;
}

/** What is wrong with a value, and where in it. */
export type Impurity = {
  /** From the value: `.items[3].when`; empty for the value itself. */
  readonly path: string;
  /** `an instance of class Total`. */
  readonly what: string;
};

/** The first part of a value that is not plain (PLV1), or null. Looks at everything, so it is for first records and for failures. */
export function findImpurity(value: unknown, depth = 0): Impurity | null {
  if (typeof value === "function" || typeof value === "symbol") return { path: "", what: describeForeign(value) };
  if (typeof value !== "object" || value === null) return null;
  if (depth > DEPTH_MAX)
    return { path: "", what: `nested deeper than ${DEPTH_MAX} levels, or contained in itself, which` };
  const form = formOfObject(value);
  if (form === null) return { path: "", what: describeForeign(value) };
  const odd = oddProperty(value, form);
  if (odd !== null) return odd;
  switch (form) {
    case "object":
    case "bare":
      return findInObject(value as Record<string, unknown>, depth);
    case "array":
      return findInArray(value as readonly unknown[], depth);
    case "map":
      return findInMap(value as ReadonlyMap<unknown, unknown>, depth);
    case "set":
      for (const item of value as ReadonlySet<unknown>) {
        const inner = findImpurity(item, depth + 1);
        if (inner !== null) return { ...inner, path: `<item of a Set>${inner.path}` };
      }
      return null;
    default:
      return null;
  }
}

function findInObject(value: Record<string, unknown>, depth: number): Impurity | null {
  for (const name of Object.keys(value)) {
    const inner = findImpurity(value[name], depth + 1);
    if (inner !== null) return { ...inner, path: `${propertyPath(name)}${inner.path}` };
  }
  return null;
}

function findInArray(values: readonly unknown[], depth: number): Impurity | null {
  if (values.length > ARRAY_LENGTH_MAX)
    return { path: "", what: `an array of length ${values.length} (at most ${ARRAY_LENGTH_MAX})` };
  for (let index = 0; index < values.length; index++) {
    const inner = findImpurity(values[index], depth + 1);
    if (inner !== null) return { ...inner, path: `[${index}]${inner.path}` };
  }
  return null;
}

function findInMap(values: ReadonlyMap<unknown, unknown>, depth: number): Impurity | null {
  for (const [key, item] of values) {
    const inKey = findImpurity(key, depth + 1);
    if (inKey !== null) return { ...inKey, path: `<key of a Map>${inKey.path}` };
    const inner = findImpurity(item, depth + 1);
    if (inner !== null) return { ...inner, path: `.get(${preview(key)})${inner.path}` };
  }
  return null;
}

/** A property that no codec carries: a getter, a hidden one, one named by a symbol, one beside elements or content. */
export function oddProperty(value: object, form: ObjectForm): Impurity | null {
  if (hasSymbols(value)) return { path: "", what: "an object with a property that is named by a symbol" };
  if (form === "object" || form === "bare") {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      if (property.get !== undefined || property.set !== undefined)
        return { path: propertyPath(name), what: "a property with a getter" };
      if (property.enumerable !== true) return { path: propertyPath(name), what: "a hidden (non-enumerable) property" };
    }
    return null;
  }
  if (form === "regexp" && (value as RegExp).lastIndex !== 0) return { path: "", what: "a RegExp in use (lastIndex)" };
  const names = form === "typed" || form === "buffer" ? [] : namesBeside(value, form === "array");
  return names.length === 0 ? null : { path: "", what: `an object with a property ${names[0]} beside its content` };
}

function namesBeside(value: object, isArray: boolean): readonly string[] {
  const names = Object.keys(value);
  if (!isArray) return names;
  // Elements come first, in order.
  const last = names[names.length - 1];
  return last !== undefined && !isIndex(last) ? [last] : [];
}

function isIndex(name: string): boolean {
  const index = Number(name);
  return String(index >>> 0) === name && index < 0xffff_ffff;
}

export function hasSymbols(value: object): boolean {
  return Object.getOwnPropertySymbols(value).length > 0;
}

/** Whether an object has properties that its enumerable names do not show, or getters behind them. */
export function hasHiddenProperties(value: object, names: readonly string[]): boolean {
  if (Object.getOwnPropertyNames(value).length !== names.length || hasSymbols(value)) return true;
  for (let index = 0; index < names.length; index++) {
    // `value` is there in every property of data, also when it is undefined.
    if (!("value" in (Object.getOwnPropertyDescriptor(value, names[index] as string) as object))) return true;
  }
  return false;
}

/** Cheap for short arrays: whether there are properties beside the elements (as in the result of `match`). */
export function hasExpandos(values: readonly unknown[]): boolean {
  if (values.length > EXPANDO_LENGTH_MAX) return false;
  const names = Object.keys(values);
  return names.length > 0 && !isIndex(names[names.length - 1] as string);
}

/** `.name`, or `["odd name"]`. */
export function propertyPath(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** What something is that cannot be carried, for messages. */
export function describeForeign(value: unknown): string {
  if (typeof value === "function") {
    const isClass = /^class\b/.test(Function.prototype.toString.call(value));
    return `a ${isClass ? "class" : "function"}${value.name === "" ? "" : ` (${value.name})`}`;
  }
  if (typeof value === "symbol") return `a symbol (${String(value)})`;
  if (typeof value !== "object" || value === null) return preview(value);
  if (value instanceof Number || value instanceof String || value instanceof Boolean)
    return `a boxed value (new ${value.constructor.name}(…))`;
  if (Object.prototype.toString.call(value) === "[object Arguments]") return "an arguments object";
  return `an instance of class ${classNameOf(value)}`;
}

export function classNameOf(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "(unnamed)";
}

/** A value in a few words, for messages. */
export function preview(value: unknown): string {
  if (typeof value === "string")
    return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) {
    const form = formOfObject(value);
    return form === "object" || form === "bare" ? "an object (Object)" : describeForeign(value);
  }
  if (typeof value === "function") return describeForeign(value);
  return `${Object.is(value, -0) ? "-0" : String(value)} (${typeof value})`;
}

const REMEDY =
  "records and state hold plain data: objects and arrays of strings, numbers, bigints, booleans, null, undefined, Date, Map, Set, RegExp and bytes; " +
  "copy the fields that are needed into a plain object, and keep functions, symbols and instances of classes out";

/** `what` says which value: `the value`, `field "total"`. */
export function notPlain(what: string, { path, what: found }: Impurity, cause?: unknown): StreamError {
  return new StreamError(
    "VALUE_NOT_SERIALIZABLE",
    `${what}${path === "" ? "" : ` has at ${path} what`} is ${found}; it would not come back from another process or a checkpoint as it is: ${REMEDY}`,
    { destiny: "terminal", cause },
  );
}
