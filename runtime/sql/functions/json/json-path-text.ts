/**
 * Owns: how paths into JSON documents are written: `$.a[0]['b c']`, `lax $..x[?(@.n > 1)]`.
 *
 * SQUG1 A path that cannot be read is refused where the query is checked, with the place in it; Flink finds it when the first row comes.
 */
import type { JsonPath, PathCondition, PathOperand, PathStep } from "./json-path.ts";

export type PathProblem = { readonly kind: "problem"; readonly reason: string };

export function readJsonPath(text: string): JsonPath | PathProblem {
  const [, mode, spec = ""] = /^\s*(?:(strict|lax)\s+)?([\s\S]*)$/i.exec(text) ?? [];
  const reader = new PathReader(spec.trim());
  try {
    return { mode: mode?.toLowerCase() === "lax" ? "lax" : "strict", steps: reader.path() };
  } catch (error) {
    if (error instanceof PathSyntaxError) return { kind: "problem", reason: error.message };
    throw error;
  }
}

class PathSyntaxError extends Error {}

const OPERATORS = ["==", "!=", "<=", ">=", "=~", "<", ">"] as const;

class PathReader {
  readonly #text: string;
  #place = 0;

  constructor(text: string) {
    this.#text = text;
  }

  path(): readonly PathStep[] {
    if (!this.#takes("$")) this.#fail("it begins with $");
    const steps = this.#steps();
    if (this.#place < this.#text.length) this.#fail("a step begins with . or [");
    return steps;
  }

  #fail(reason: string): never {
    const rest = this.#text.slice(this.#place, this.#place + 20);
    throw new PathSyntaxError(
      `${reason}; there is ${rest === "" ? "nothing more" : `'${rest}'`} at place ${this.#place + 1}`,
    );
  }

  #takes(token: string): boolean {
    if (!this.#text.startsWith(token, this.#place)) return false;
    this.#place += token.length;
    return true;
  }

  /** The text, when it is there. */
  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#place;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) return null;
    this.#place += found.length;
    return found;
  }

  #skipBlanks(): void {
    this.#match(/\s*/y);
  }

  #steps(): readonly PathStep[] {
    const steps: PathStep[] = [];
    for (;;) {
      const isDescent = this.#takes("..");
      if (isDescent) steps.push({ kind: "descend" });
      const hasDot = isDescent || this.#takes(".");
      if (this.#takes("[")) steps.push(this.#bracket());
      else if (hasDot) steps.push(this.#name());
      else return steps;
    }
  }

  #name(): PathStep {
    if (this.#takes("*")) return { kind: "all" };
    const name = this.#match(/[^\s.[\]()'"*?@,:&|!=<>]+/y);
    if (name === null) return this.#fail("a name stands behind a point");
    if (this.#text.startsWith("(", this.#place))
      this.#fail("functions are not supported: read the values, and compute in SQL");
    return { kind: "names", names: [name] };
  }

  #bracket(): PathStep {
    this.#skipBlanks();
    let step: PathStep;
    if (this.#takes("*")) step = { kind: "all" };
    else if (this.#takes("?")) step = this.#filter();
    else if (/['"]/.test(this.#text.charAt(this.#place)))
      step = { kind: "names", names: this.#list(() => this.#quoted()) };
    else step = this.#places();
    this.#skipBlanks();
    if (!this.#takes("]")) this.#fail("a bracket is closed by ]");
    return step;
  }

  #list<T>(item: () => T): readonly T[] {
    const items: T[] = [];
    do {
      this.#skipBlanks();
      items.push(item());
      this.#skipBlanks();
    } while (this.#takes(","));
    return items;
  }

  #quoted(): string {
    const text = this.#match(/'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y);
    if (text === null) return this.#fail("a name in brackets is in quotes");
    return text.slice(1, -1).replaceAll(/\\([\s\S])/g, "$1");
  }

  #places(): PathStep {
    const slice = this.#match(/(-?\d+)?\s*:\s*(-?\d+)?/y);
    if (slice !== null) {
      const [from = "", to = ""] = slice.split(":").map((part) => part.trim());
      return { kind: "slice", from: from === "" ? null : Number(from), to: to === "" ? null : Number(to) };
    }
    return { kind: "places", places: this.#list(() => this.#integer()) };
  }

  #integer(): number {
    const digits = this.#match(/-?\d+/y);
    return digits === null ? this.#fail("brackets hold a place, a name in quotes, * or a filter") : Number(digits);
  }

  #filter(): PathStep {
    if (!this.#takes("(")) this.#fail("a filter is written [?( … )]");
    const condition = this.#or();
    this.#skipBlanks();
    if (!this.#takes(")")) this.#fail("a filter is closed by )");
    return { kind: "filter", condition };
  }

  #or(): PathCondition {
    return this.#chain("or", "||", () => this.#chain("and", "&&", () => this.#condition()));
  }

  #chain(kind: "and" | "or", sign: string, item: () => PathCondition): PathCondition {
    const parts: PathCondition[] = [];
    do {
      this.#skipBlanks();
      parts.push(item());
      this.#skipBlanks();
    } while (this.#takes(sign));
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind, parts };
  }

  #condition(): PathCondition {
    if (this.#takes("!")) return { kind: "not", part: this.#condition() };
    if (this.#takes("(")) {
      const condition = this.#or();
      this.#skipBlanks();
      return this.#takes(")") ? condition : this.#fail("a parenthesis is closed by )");
    }
    const left = this.#operand();
    this.#skipBlanks();
    const operator = OPERATORS.find((each) => this.#takes(each));
    if (operator === undefined)
      return left.kind === "path" ? { kind: "exists", path: left } : this.#fail("a literal is compared with something");
    this.#skipBlanks();
    if (operator === "=~") return { kind: "match", operand: left, pattern: this.#pattern() };
    return { kind: "compare", operator, left, right: this.#operand() };
  }

  #operand(): PathOperand {
    if (this.#takes("@")) return { kind: "path", isFromRoot: false, steps: this.#steps() };
    if (this.#takes("$")) return { kind: "path", isFromRoot: true, steps: this.#steps() };
    if (/['"]/.test(this.#text.charAt(this.#place))) return { kind: "value", value: this.#quoted() };
    const literal = this.#match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y);
    return literal === null
      ? this.#fail("a filter compares @.name with a number, a text in quotes, true, false or null")
      : { kind: "value", value: JSON.parse(literal) };
  }

  #pattern(): RegExp {
    const text = this.#match(/\/(?:[^/\\]|\\[\s\S])+\/[i]?/y);
    if (text === null) return this.#fail("a pattern is written /…/ or /…/i");
    const end = text.lastIndexOf("/");
    try {
      // Of the whole text, as in Java's `matches`.
      return new RegExp(`^(?:${text.slice(1, end)})$`, text.slice(end + 1));
    } catch (error) {
      if (error instanceof SyntaxError) return this.#fail("the pattern cannot be read");
      throw error;
    }
  }
}
