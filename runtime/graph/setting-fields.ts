/**
 * Owns: where the value of a setting stands in a configuration: `a`, or `a.b`.
 */

/** Puts a value where its field says: `a` or `a.b`; nowhere if it says nothing. */
export function putField(target: Record<string, unknown>, field: string, value: unknown): void {
  const [first = "", second] = field.split(".");
  if (first === "") return;
  if (second === undefined) target[first] = value;
  else target[first] = { ...(target[first] as object | undefined), [second]: value };
}

/** What stands at a field. */
export function fieldOf(target: object, field: string): unknown {
  return field.split(".").reduce<unknown>((found, name) => (found as Record<string, unknown>)[name], target);
}
