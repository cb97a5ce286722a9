/**
 * Owns: whether a query reads columns of the query around it.
 */
import type { TypedExpression, TypedQuery } from "../validate/typed-tree.ts";

/** Whether it does, in any of its parts. */
export const escapes = (query: TypedQuery): boolean => reaches(query, 0);

/** Of one expression of a query, with the queries inside it. */
export const reachesOut = (value: TypedExpression): boolean => reaches(value, 0);

/** What has no columns of its query in it, and may be large. */
const skipped: ReadonlySet<string> = new Set(["schema", "type", "at", "literal", "table", "time"]);

/** `level`: how many queries further in this is. */
function reaches(part: unknown, level: number): boolean {
  if (part === null || typeof part !== "object") return false;
  if (Array.isArray(part)) return part.some((each) => reaches(each, level));
  const { kind } = part as { readonly kind?: string };
  if (kind === "scan") return false;
  if (kind === "column" && "depth" in part) return (part.depth as number) > level;
  if (kind === "subquery") return reaches((part as { query: TypedQuery }).query, level + 1);
  if (kind === "quantified") {
    const { operand, query } = part as { operand: TypedExpression; query: TypedQuery };
    return reaches(operand, level) || reaches(query, level + 1);
  }
  // A query in FROM sees what the query around its own query is, but for LATERAL.
  if (kind === "derived") {
    const { query, isLateral } = part as { query: TypedQuery; isLateral: boolean };
    return reaches(query, level + (isLateral ? 1 : 0));
  }
  return Object.entries(part).some(
    ([name, value]) => (!skipped.has(name) || (name === "table" && kind === "temporal")) && reaches(value, level),
  );
}
