/**
 * Owns: how generated loops read the columns of a batch.
 *
 * SQXR1 A text becomes a string only where one is asked for: all texts of the batch at once where each row needs it, one by one in branches; comparisons with a literal look at bytes.
 */
import { type Column, type ColumnField, isNull as isNullAt, valueAt, valuesAt } from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { type Code, type Generated, neutralOf } from "./code.ts";
import type { ColumnSource, TextCondition, TextMatch } from "./context.ts";
import { textMatcher } from "./text-matcher.ts";

/** In scope in the loop: `columns`, `rows`, `from`, `count`; `at`, the number of the record, and `r`, its place. */
export const LOOP_HEAD = "for (let at = from; at < count; at++) {\nconst r = rows[at];";

export class BatchSource implements ColumnSource {
  readonly #row: PlanRow;
  readonly #fields: readonly ColumnField[];
  /** What stands before the loop, by the names that it declares. */
  readonly #head = new Map<string, string>();

  constructor(row: PlanRow, fields: readonly ColumnField[]) {
    this.#row = row;
    this.#fields = fields;
  }

  get head(): string {
    return [...this.#head.values()].join("\n");
  }

  read(code: Code, index: number): Generated {
    return code.remembered(`column ${index}`, () => this.#read(code, index));
  }

  matchText(code: Code, index: number, match: TextMatch): TextCondition | null {
    if (!match.text.isWellFormed() || this.#fields[index]?.kind !== "text") return null;
    this.#declareColumn(index);
    const condition = `${code.constant(textMatcher(match))}(c${index}, r)`;
    return { condition, isNull: this.#row[index]?.type.isNullable === true ? this.#readNull(code, index) : null };
  }

  readBytes(code: Code, index: number): Generated | null {
    if (this.#fields[index]?.kind !== "text") return null;
    const { type } = this.#row[index] as PlanRow[number];
    this.#declareColumn(index);
    return { value: `c${index}`, isNull: type.isNullable ? this.#readNull(code, index) : null, type };
  }

  #read(code: Code, index: number): Generated {
    const { type } = this.#row[index] as PlanRow[number];
    const field = this.#fields[index] as ColumnField;
    this.#declareColumn(index);
    if (field.kind === "objects") {
      const value = code.keep(`a${index}[r]`);
      return { value, isNull: type.isNullable ? code.keep(`${value} === null`) : null, type };
    }
    const isNull = type.isNullable ? this.#readNull(code, index) : null;
    if (field.kind === "text") return { value: this.#readText(code, index), isNull, type };
    const value = field.kind === "boolean" ? `(a${index}[r] === 1)` : `a${index}[r]`;
    // Where there is no value the arrays hold anything (CLM1).
    const known = isNull === null ? value : code.keep(`${isNull} ? ${neutralOf(type)} : ${value}`);
    return { value: known, isNull, type };
  }

  #readNull(code: Code, index: number): string {
    this.#head.set(`z${index}`, `const z${index} = c${index}.nulls;`);
    const read = (): Generated => ({
      value: code.keep(`z${index} !== null && ${code.constant(isNullAt)}(z${index}, r)`),
      isNull: null,
      type: { kind: "boolean", isNullable: false },
    });
    return code.remembered(`null ${index}`, read).value;
  }

  #readText(code: Code, index: number): string {
    const field = code.constant(this.#fields[index]);
    if (!code.isUnconditional) return code.keep(`${code.constant(valueAt)}(c${index}, ${field}, r)`);
    this.#head.set(`s${index}`, `const s${index} = ${code.constant(textsOf)}(c${index}, ${field}, rows, from, count);`);
    return code.keep(`s${index}[at - from]`);
  }

  #declareColumn(index: number): void {
    if (this.#head.has(`c${index}`)) return;
    const values = this.#fields[index]?.kind === "text" ? "" : ` const a${index} = c${index}.values;`;
    this.#head.set(`c${index}`, `const c${index} = columns[${index}];${values}`);
  }
}

const textsOf = (column: Column, field: ColumnField, ...[rows, from, to]: [Int32Array, number, number]): unknown[] =>
  valuesAt(column, field, rows, { from, to });
