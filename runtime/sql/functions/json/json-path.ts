/**
 * Owns: paths into JSON documents: what is found at one.
 * Does not own: how they are written (json-path-text.ts).
 *
 * SQUQ1 Paths mean what they mean in Flink, which is Jayway's JsonPath: a definite path (names and places only) finds one value or none, every other one finds a list, which may be
 *     empty. In the mode `strict`, which is the default, a definite way to something that is not there is an error; in the mode `lax` it leads to nothing.
 */
import { unreachable } from "../../../../base/index.ts";
import { isArray, isObject, type JsonNode, numberIn, writeJson } from "./json-document.ts";

export type PathMode = "strict" | "lax";

export type PathStep =
  | { readonly kind: "names"; readonly names: readonly string[] }
  | { readonly kind: "places"; readonly places: readonly number[] }
  | { readonly kind: "slice"; readonly from: number | null; readonly to: number | null }
  | { readonly kind: "all" }
  /** `..`: the step behind it, from here and from everything below. */
  | { readonly kind: "descend" }
  | { readonly kind: "filter"; readonly condition: PathCondition };

export type PathCondition =
  | { readonly kind: "and" | "or"; readonly parts: readonly PathCondition[] }
  | { readonly kind: "not"; readonly part: PathCondition }
  | { readonly kind: "exists"; readonly path: PathOperand & { readonly kind: "path" } }
  | { readonly kind: "compare"; readonly operator: string; readonly left: PathOperand; readonly right: PathOperand }
  | { readonly kind: "match"; readonly operand: PathOperand; readonly pattern: RegExp };

/** `@.a`, `$.a`, or a literal. */
export type PathOperand =
  | { readonly kind: "path"; readonly isFromRoot: boolean; readonly steps: readonly PathStep[] }
  | { readonly kind: "value"; readonly value: JsonNode };

export type JsonPath = { readonly mode: PathMode; readonly steps: readonly PathStep[] };

export type Found =
  | { readonly kind: "found"; readonly node: JsonNode }
  /** In the mode `lax`. */
  | { readonly kind: "nothing" }
  | { readonly kind: "error"; readonly reason: string };

export function findByPath({ mode, steps }: JsonPath, root: JsonNode): Found {
  const walk = new Walk(root);
  walk.go(root, steps, true);
  const { found, missing } = walk;
  if (!isDefinite(steps)) {
    if (missing !== null && mode === "strict") return { kind: "error", reason: missing };
    return { kind: "found", node: found };
  }
  const [node] = found;
  if (node !== undefined) return { kind: "found", node };
  return mode === "lax" ? { kind: "nothing" } : { kind: "error", reason: missing ?? "the path leads to nothing" };
}

const isDefinite = (steps: readonly PathStep[]): boolean =>
  steps.every((step, index) => isDefiniteStep(step, index === steps.length - 1));

/** Several names at the end make one object. */
function isDefiniteStep(step: PathStep, isLast: boolean): boolean {
  if (step.kind === "names") return step.names.length === 1 || isLast;
  return step.kind === "places" && step.places.length === 1;
}

class Walk {
  readonly #root: JsonNode;
  readonly found: JsonNode[] = [];
  /** What a definite way did not find. */
  missing: string | null = null;

  constructor(root: JsonNode) {
    this.#root = root;
  }

  /** `isSure`: all steps so far were definite, so that what is not there is missed. */
  go(node: JsonNode, steps: readonly PathStep[], isSure: boolean): void {
    const [step, ...rest] = steps;
    if (step === undefined) {
      this.found.push(node);
      return;
    }
    switch (step.kind) {
      case "names":
        return this.#goToNames(node, step.names, rest, isSure);
      case "places":
        return this.#goToPlaces(node, step.places, rest, isSure);
      case "slice":
        if (!isArray(node)) return this.#miss(isSure, "a slice of what is no array");
        return this.#goToAll(slicedBy(node, step), rest);
      case "all":
        return this.#goToAll(isArray(node) ? node : isObject(node) ? Object.values(node) : [], rest);
      case "filter":
        return this.#goWhere(node, step.condition, rest, isSure);
      case "descend":
        for (const each of allBelow(node)) this.#tryFrom(each, rest);
        return;
      default:
        return unreachable(step);
    }
  }

  #miss(isSure: boolean, reason: string): void {
    if (isSure) this.missing ??= reason;
  }

  #goToAll(nodes: readonly JsonNode[], rest: readonly PathStep[]): void {
    for (const each of nodes) this.go(each, rest, false);
  }

  #goToNames(node: JsonNode, names: readonly string[], rest: readonly PathStep[], isSure: boolean): void {
    if (!isObject(node)) return this.#miss(isSure, `${quoted(names)} of what is no object`);
    const there = names.filter((name) => Object.hasOwn(node, name));
    const isOne = names.length === 1;
    if (!isOne && rest.length === 0) {
      this.found.push(Object.fromEntries(there.map((name) => [name, node[name] as JsonNode])));
      return;
    }
    // A missing name at the end is missed when nothing is found at all.
    if (there.length === 0) return this.#miss(isSure && isOne && rest.length > 0, `there is no ${quoted(names)}`);
    for (const name of there) this.go(node[name] as JsonNode, rest, isSure && isOne);
  }

  #goToPlaces(node: JsonNode, places: readonly number[], rest: readonly PathStep[], isSure: boolean): void {
    if (!isArray(node)) return this.#miss(isSure, `[${places.join(",")}] of what is no array`);
    for (const place of places) {
      const element = node[place < 0 ? node.length + place : place];
      if (element !== undefined) this.go(element, rest, isSure && places.length === 1);
    }
  }

  #goWhere(node: JsonNode, condition: PathCondition, rest: readonly PathStep[], isSure: boolean): void {
    if (!isArray(node) && !isObject(node)) return this.#miss(isSure, "a filter of what is no array and no object");
    const candidates = isArray(node) ? node : [node];
    this.#goToAll(
      candidates.filter((each) => holds(condition, each, this.#root)),
      rest,
    );
  }

  /** Below `..` a step counts where there is something for it. */
  #tryFrom(node: JsonNode, rest: readonly PathStep[]): void {
    const [step] = rest;
    const fits = step?.kind === "names" ? isObject(node) : isArray(node) || (step?.kind !== "places" && isObject(node));
    if (fits) this.go(node, rest, false);
  }
}

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(", ");

function slicedBy(
  items: readonly JsonNode[],
  { from, to }: { from: number | null; to: number | null },
): readonly JsonNode[] {
  return items.slice(from ?? 0, to ?? items.length);
}

/** Itself first, then what it holds, each with what is below it. */
function* allBelow(root: JsonNode): Generator<JsonNode> {
  const waiting: JsonNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    yield node;
    const parts = isArray(node) ? node : isObject(node) ? Object.values(node) : [];
    for (let index = parts.length - 1; index >= 0; index--) waiting.push(parts[index] as JsonNode);
  }
}

function holds(condition: PathCondition, node: JsonNode, root: JsonNode): boolean {
  switch (condition.kind) {
    case "and":
      return condition.parts.every((part) => holds(part, node, root));
    case "or":
      return condition.parts.some((part) => holds(part, node, root));
    case "not":
      return !holds(condition.part, node, root);
    case "exists":
      return valueOf(condition.path, node, root) !== undefined;
    case "compare":
      return compares(condition.operator, valueOf(condition.left, node, root), valueOf(condition.right, node, root));
    case "match": {
      const value = valueOf(condition.operand, node, root);
      return typeof value === "string" && condition.pattern.test(value);
    }
    default:
      return unreachable(condition);
  }
}

/** Undefined: nothing is there. */
function valueOf(operand: PathOperand, node: JsonNode, root: JsonNode): JsonNode | undefined {
  if (operand.kind === "value") return operand.value;
  const found = findByPath({ mode: "lax", steps: operand.steps }, operand.isFromRoot ? root : node);
  return found.kind === "found" ? found.node : undefined;
}

function compares(operator: string, left: JsonNode | undefined, right: JsonNode | undefined): boolean {
  if (operator === "==" || operator === "!=") return isEqual(left, right) === (operator === "==");
  const order = orderOf(left, right);
  if (order === null) return false;
  if (operator === "<") return order < 0;
  if (operator === "<=") return order <= 0;
  return operator === ">" ? order > 0 : order >= 0;
}

function isEqual(left: JsonNode | undefined, right: JsonNode | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  const [a, b] = [numberIn(left), numberIn(right)];
  if (a !== null || b !== null) return a === b;
  if (left === right) return true;
  const text = writeJson(left);
  return text !== undefined && text === writeJson(right);
}

/** Null: they have no order. */
function orderOf(left: JsonNode | undefined, right: JsonNode | undefined): number | null {
  if (typeof left === "string" && typeof right === "string") return left < right ? -1 : left > right ? 1 : 0;
  if (left === undefined || right === undefined) return null;
  const [a, b] = [numberIn(left), numberIn(right)];
  return a === null || b === null ? null : a - b;
}
