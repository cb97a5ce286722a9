/**
 * Owns: random expressions, conditions and aggregates over typed columns, in words that mean the same to DuckDB, or with its own words beside ours (`in two dialects`).
 *
 * Numbers stay small, so that nothing overflows; floating ones are quarters, whose sums are exact.
 */
export type ValueKind = "int" | "decimal" | "double" | "text" | "boolean" | "time";
export type Column = { readonly name: string; readonly type: ValueKind };

export const valueKinds: readonly ValueKind[] = ["int", "decimal", "double", "text", "boolean", "time"];

const [OPEN, MIDDLE, CLOSE] = ["⟦", "¦", "⟧"];

/** Text that DuckDB says otherwise; one may stand in another. */
export const twoWords = (ours: string, theirs: string): string => `${OPEN}${ours}${MIDDLE}${theirs}${CLOSE}`;

/** What one of both reads: of the innermost marks first. */
export function inDialect(text: string, dialect: "ours" | "theirs"): string {
  const marks = new RegExp(`${OPEN}([^${OPEN}${CLOSE}]*)${MIDDLE}([^${OPEN}${CLOSE}${MIDDLE}]*)${CLOSE}`, "g");
  let before = "";
  let after = text;
  while (before !== after) {
    before = after;
    after = before.replaceAll(marks, dialect === "ours" ? "$1" : "$2");
  }
  return after;
}

/** Says the same again for the same choices, and less for fewer. */
export class Choices {
  readonly #choices: readonly number[];
  #taken = 0;
  #names = 0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  below(limit: number): number {
    const choice = this.#choices[this.#taken++ % this.#choices.length] ?? 0;
    return choice % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  name(): string {
    return `n${this.#names++}`;
  }
}

const TEXTS = ["tea", "rice", "Bern", "cash", "user-3", "Öl", ""];
const DEPTH_MAX = 2;

export class ValueWriter {
  readonly #choices: Choices;

  constructor(choices: Choices) {
    this.#choices = choices;
  }

  /** Over these columns. */
  value(columns: readonly Column[], type: ValueKind, depth = 0): string {
    const c = this.#choices;
    const fitting = columns.filter((column) => column.type === type);
    const choice = c.below(12);
    if (choice < 5 && fitting.length > 0) return c.pick(fitting).name;
    if (depth > DEPTH_MAX || choice === 5) return this.#literal(type);
    const of = (kind: ValueKind = type): string => this.value(columns, kind, depth + 1);
    if (choice === 6) return `COALESCE(${of()}, ${this.#literal(type)})`;
    if (choice === 7) return `CASE WHEN ${this.condition(columns, depth + 1)} THEN ${of()} ELSE ${of()} END`;
    if (choice === 8) return `NULLIF(${of()}, ${of()})`;
    return this.#computed(type, of, () => this.condition(columns, depth + 1));
  }

  #literal(type: ValueKind): string {
    const c = this.#choices;
    switch (type) {
      case "int":
        return String(c.below(9));
      case "decimal":
        return `CAST(${c.below(40)}.25 AS DECIMAL(10, 2))`;
      case "double":
        return `CAST(${c.below(40)}.75 AS DOUBLE)`;
      case "text":
        return `'${c.pick(TEXTS)}'`;
      case "boolean":
        return c.pick(["TRUE", "FALSE", "CAST(NULL AS BOOLEAN)"]);
      case "time":
        return `TIMESTAMP '2026-01-01 12:00:${String(c.below(60)).padStart(2, "0")}.5'`;
    }
  }

  #computed(type: ValueKind, of: (kind?: ValueKind) => string, condition: () => string): string {
    const c = this.#choices;
    const forms: Readonly<Record<ValueKind, readonly (() => string)[]>> = {
      int: [
        () => `(${of()} + ${of()})`,
        () => `(${of()} - ${of()})`,
        () => `MOD(${of()}, ${2 + c.below(5)})`,
        () => `ABS(${of()})`,
        () => `CHAR_LENGTH(${of("text")})`,
        () => `POSITION('e' IN ${of("text")})`,
        () => `CAST(EXTRACT(${c.pick(["SECOND", "MINUTE", "HOUR", "DAY"])} FROM ${of("time")}) AS INT)`,
        () => {
          // A text such as 99.95 is cut, as in Flink, and not rounded.
          const inner = of("text");
          return twoWords(`TRY_CAST(${inner} AS INT)`, `CAST(TRUNC(TRY_CAST(${inner} AS DOUBLE)) AS INT)`);
        },
        () => `(- ${of()})`,
      ],
      decimal: [
        () => `CAST(${of()} + ${of()} AS DECIMAL(20, 2))`,
        () => `CAST(${of("int")} AS DECIMAL(20, 2))`,
        () => `ABS(${of()})`,
        () => `CAST(${of()} - ${of("int")} AS DECIMAL(20, 2))`,
      ],
      double: [
        () => `(${of()} + ${of()})`,
        () => `(${of()} - ${of()})`,
        () => `(${of()} / 4)`,
        () => `FLOOR(${of()})`,
        () => `CEIL(${of()})`,
        () => `CAST(${of("int")} AS DOUBLE)`,
        () => `CAST(${of("decimal")} AS DOUBLE)`,
        () => `(${of()} * ${of("int")})`,
      ],
      text: [
        () => `UPPER(${of()})`,
        () => `LOWER(${of()})`,
        () => `SUBSTRING(${of()}, ${1 + c.below(3)}, ${c.below(4)})`,
        () => `(${of()} || ${of()})`,
        () => `REPLACE(${of()}, '${c.pick(["e", "r", "s"])}', '${c.pick(["", "x", "ee"])}')`,
        () => `TRIM(BOTH ' ' FROM (' ' || ${of()}))`,
        () => `REVERSE(${of()})`,
        () => `LEFT(${of()}, ${c.below(4)})`,
        () => `RIGHT(${of()}, ${c.below(4)})`,
        () => `CAST(${of("int")} AS ${twoWords("STRING", "VARCHAR")})`,
        () => `CAST(CAST(${of("decimal")} AS DECIMAL(20, 2)) AS ${twoWords("STRING", "VARCHAR")})`,
        () => `LPAD(${of()}, ${1 + c.below(6)}, '*')`,
      ],
      boolean: [() => `(${condition()})`],
      time: [
        () => `(${of()} + INTERVAL '${c.below(90)}' SECOND)`,
        () => `(${of()} - INTERVAL '${c.below(9)}' MINUTE)`,
        () => {
          const [unit, inner] = [c.pick(["MINUTE", "HOUR", "SECOND"]), of()];
          return twoWords(`FLOOR(${inner} TO ${unit})`, `DATE_TRUNC('${unit}', ${inner})`);
        },
      ],
    };
    return c.pick(forms[type])();
  }

  condition(columns: readonly Column[], depth = 0): string {
    const c = this.#choices;
    const inner = (): string => this.condition(columns, depth + 1);
    const of = (type: ValueKind): string => this.value(columns, type, depth + 1);
    const type = columns.length > 0 && c.below(3) > 0 ? c.pick(columns).type : c.pick(valueKinds);
    switch (c.below(depth < 2 ? 14 : 9)) {
      case 0:
        return `${of(type)} IS ${c.pick(["", "NOT "])}NULL`;
      case 1:
        return `${of("int")} BETWEEN ${c.below(4)} AND ${4 + c.below(6)}`;
      case 2:
        return `${of("int")} ${c.pick(["", "NOT "])}IN (${c.below(5)}, ${c.below(9)}, 7)`;
      case 3:
        return `${of("text")} ${c.pick(["", "NOT "])}LIKE '${c.pick(["%e%", "_e%", "%", "t__", "%-_", "Ö%"])}'`;
      case 4:
        return `${of(type)} IS ${c.pick(["", "NOT "])}DISTINCT FROM ${of(type)}`;
      case 5:
        return `(${of("boolean")}) IS ${c.pick(["", "NOT "])}${c.pick(["TRUE", "FALSE"])}`;
      case 6:
        return `${of("text")} IN ('${c.pick(TEXTS)}', '${c.pick(TEXTS)}')`;
      case 9:
      case 10:
        return `(${inner()} AND ${inner()})`;
      case 11:
      case 12:
        return `(${inner()} OR ${inner()})`;
      case 13:
        return `NOT (${inner()})`;
      default:
        return `${of(type)} ${c.pick(["=", "<>", "<", "<=", ">", ">="])} ${of(type)}`;
    }
  }

  /** With the type of its result. */
  aggregate(columns: readonly Column[]): { readonly sql: string; readonly type: ValueKind } {
    const c = this.#choices;
    const of = (type: ValueKind): string => this.value(columns, type, 1);
    const any = (): ValueKind => c.pick(valueKinds);
    const ordered = (): ValueKind => c.pick(valueKinds.filter((type) => type !== "boolean"));
    const summed = (): ValueKind => c.pick(["int", "double", "decimal"] as const);
    const filter = c.below(4) === 0 ? ` FILTER (WHERE ${this.condition(columns, 1)})` : "";
    switch (c.below(9)) {
      case 0:
        return { sql: `COUNT(*)${filter}`, type: "int" };
      case 1:
        return { sql: `COUNT(${of(any())})${filter}`, type: "int" };
      case 2:
        return { sql: `COUNT(DISTINCT ${of(any())})${filter}`, type: "int" };
      case 3:
      case 4: {
        const type = summed();
        const distinct = c.below(3) === 0 ? "DISTINCT " : "";
        const sum = `SUM(${distinct}${of(type)})${filter}`;
        return { sql: type === "decimal" ? `CAST(${sum} AS DECIMAL(20, 2))` : sum, type };
      }
      case 5: {
        const argument = of("double");
        return { sql: `AVG(${argument})${filter}`, type: "double" };
      }
      case 6: {
        const argument = of("int");
        const theirs = `CAST(TRUNC(CAST(SUM(${argument})${filter} AS DOUBLE) / COUNT(${argument})${filter}) AS INT)`;
        return { sql: twoWords(`AVG(${argument})${filter}`, theirs), type: "int" };
      }
      default: {
        const type = ordered();
        return { sql: `${c.pick(["MIN", "MAX"])}(${of(type)})${filter}`, type };
      }
    }
  }
}
