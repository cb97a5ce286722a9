/**
 * Owns: what generated code asks of values that it has no operators for: their order, whether they are equal, their parts.
 */

export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) if (left[at] !== right[at]) return (left[at] as number) - (right[at] as number);
  return left.length - right.length;
}

type Fields = Readonly<Record<string, unknown>>;

/** Of values of one type, as rows have them; NULL equals NULL inside of them. */
export function areEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (left instanceof Uint8Array) return right instanceof Uint8Array && compareBytes(left, right) === 0;
  if (Array.isArray(left))
    return (
      Array.isArray(right) && left.length === right.length && left.every((item, index) => areEqual(item, right[index]))
    );
  if (left instanceof Map) {
    if (!(right instanceof Map) || left.size !== right.size) return false;
    return [...left].every(([key, value]) => right.has(key) && areEqual(value, right.get(key)));
  }
  if ("getTime" in left) return "getTime" in right && (left as Date).getTime() === (right as Date).getTime();
  // Field by field: the order of an object's fields is that of who made it, and numbers come first in it.
  const [fields, others] = [left as Fields, right as Fields];
  return Object.keys(fields).every((name) => areEqual(fields[name], others[name]));
}

/** The first place is 1; null: there is none. */
export function elementAt(array: readonly unknown[], place: number | bigint): unknown {
  const element = array[Number(place) - 1];
  return element === undefined ? null : element;
}

export function entryOf(map: ReadonlyMap<unknown, unknown>, key: unknown): unknown {
  const value = map.get(key);
  return value === undefined ? null : value;
}

/** Of keys and values in turns. */
export function mapOf(...items: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let at = 0; at < items.length; at += 2) map.set(items[at], items[at + 1]);
  return map;
}

export function joinedBytes(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}
