/**
 * Owns: the text of a generated function while it is written, and the values that it is closed over.
 * Called by: the generators beside it; calc.ts and scalar.ts make functions of it.
 *
 * SQXG1 Text of a query gets into the code in no way but these: numbers in a form of their own, names of fields by `quoted`, and everything else as a constant.
 * SQXG2 `isNull` is a name, `true`, or null where the value is never NULL. `value` is used once, unless it went through `settled`. Of numbers, BIGINTs and BOOLEANs
 *     it is a neutral value where it is NULL (`neutralOf`), so that what cannot fail is worked out without asking; of other types it is nothing then.
 * SQXG3 What may fail, or costs much, is a line of its own, in the branch where it was asked for.
 */
import { assert, StreamError } from "../../../base/index.ts";
import { generate } from "../../record/index.ts";
import type { OperandType } from "../types/type-families.ts";

/** A value in the generated code (SQXG2). */
export type Generated = {
  readonly value: string;
  readonly isNull: string | null;
  readonly type: OperandType;
};

/** How a value is there in generated code. A DATE is a number: the milliseconds of its midnight in UTC. */
export type Form = "number" | "bigint" | "boolean" | "text" | "object";

const MILLISECOND_DIGITS = 3;

export function formOf(type: OperandType): Form {
  switch (type.kind) {
    case "boolean":
    case "bigint":
      return type.kind;
    case "char":
    case "varchar":
      return "text";
    case "timestamp":
    case "timestamp_ltz":
      return type.precision <= MILLISECOND_DIGITS ? "number" : "object";
    case "tinyint":
    case "smallint":
    case "int":
    case "float":
    case "double":
    case "date":
    case "time":
    case "interval":
      return "number";
    default:
      return "object";
  }
}

const neutrals: Readonly<Record<Form, string>> = {
  number: "0",
  bigint: "0n",
  boolean: "false",
  text: '""',
  object: "null",
};

export const neutralOf = (type: OperandType): string => neutrals[formOf(type)];

const SIMPLE = /^(?:[a-z]+\d+|-?\d+(?:\.\d+)?n?|true|false|null|"")$/;

export class Code {
  readonly #constants: unknown[] = [];
  #lines: string[] = [];
  #names = 0;
  /** What was read in the branches that are open, the innermost last. */
  readonly #known: Map<string, Generated>[] = [new Map()];

  /** The name of a value of this program in the code. */
  constant(value: unknown): string {
    this.#constants.push(value);
    return `k${this.#constants.length - 1}`;
  }

  /** What a name of `constant` stands for; undefined: it is none. */
  constantOf(name: string): unknown {
    return /^k\d+$/.test(name) ? this.#constants[Number(name.slice(1))] : undefined;
  }

  name(): string {
    this.#names += 1;
    return `v${this.#names}`;
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  /** The name of a new variable that holds it. */
  keep(expression: string): string {
    if (SIMPLE.test(expression)) return expression;
    const name = this.name();
    this.line(`const ${name} = ${expression};`);
    return name;
  }

  /** The same value, which may be used several times. */
  settled(generated: Generated): Generated {
    return { ...generated, value: this.keep(generated.value) };
  }

  /** True outside of all branches: what is written here runs for each row. */
  get isUnconditional(): boolean {
    return this.#known.length === 1;
  }

  /** `head { … }`; what is read inside is not known behind it. */
  block(head: string, body: () => void): void {
    this.line(`${head} {`);
    this.#known.push(new Map());
    body();
    this.#known.pop();
    this.line("}");
  }

  /** What `make` writes and gives, without the lines that it wrote: they are to be added, or there are none. */
  branch<T>(make: () => T): { readonly result: T; readonly lines: readonly string[] } {
    const outer = this.#lines;
    this.#lines = [];
    this.#known.push(new Map());
    const result = make();
    const lines = this.#lines;
    this.#known.pop();
    this.#lines = outer;
    return { result, lines };
  }

  add(lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  /** Read once in a branch and those inside of it. */
  remembered(key: string, read: () => Generated): Generated {
    for (const known of this.#known) {
      const found = known.get(key);
      if (found !== undefined) return found;
    }
    const made = read();
    this.#known.at(-1)?.set(key, made);
    return made;
  }

  /** One of these names, or null when none is there. */
  anyNull(values: readonly Generated[]): string | null {
    const names = [...new Set(values.map(({ isNull }) => isNull).filter((isNull) => isNull !== null))];
    if (names.includes("true")) return "true";
    return names.length === 0 ? null : this.keep(names.join(" || "));
  }

  get text(): string {
    return this.#lines.join("\n");
  }

  /**
   * The function: `parameters` and `body` around what was written. What it is closed over are the constants alone; it is strict, and has no `this`.
   */
  compile(parameters: readonly string[], body: string): (...values: never[]) => unknown {
    assert(!/[^\w, ]/.test(parameters.join(", ")), "parameters are names");
    const constants = this.#constants.map((_value, index) => `const k${index} = constants[${index}];`).join("\n");
    const source = `${constants}\nreturn (${parameters.join(", ")}) => {\n${body}\n};`;
    const make = generate(["constants"], source) as
      | ((constants: readonly unknown[]) => (...values: never[]) => unknown)
      | null;
    if (make === null) throw notAllowed();
    return make(this.#constants);
  }
}

function notAllowed(): StreamError {
  return new StreamError(
    "JOB_GRAPH_INVALID",
    "SQL is run by functions that are made of text, which Node was told not to allow: start it without --disallow-code-generation-from-strings",
    { destiny: "terminal" },
  );
}
