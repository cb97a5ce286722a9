/**
 * Owns: random queries over the tables of data.test-support.ts, that this runtime and DuckDB both understand: joins, groups, distinct rows, places, sets, and
 * subqueries, of each other.
 *
 * Sums of numbers with a fraction, and rows that equal order would tell apart, are left out: their results are not one.
 */
import fc, { type GeneratorValue } from "fast-check";

type Kind = "int" | "bigint" | "string" | "double" | "decimal";
type Column = { readonly name: string; readonly kind: Kind };
type Relation = { readonly text: string; readonly columns: readonly Column[] };
type Pair = { readonly left: Column; readonly right: Column };

const TABLES: readonly { readonly name: string; readonly columns: readonly Column[] }[] = [
  {
    name: "orders",
    columns: [
      { name: "id", kind: "bigint" },
      { name: "user_id", kind: "int" },
      { name: "product", kind: "string" },
      { name: "quantity", kind: "int" },
      { name: "price", kind: "decimal" },
      { name: "amount", kind: "double" },
    ],
  },
  {
    name: "users",
    columns: [
      { name: "id", kind: "int" },
      { name: "name", kind: "string" },
      { name: "city", kind: "string" },
      { name: "level", kind: "int" },
    ],
  },
  {
    name: "payments",
    columns: [
      { name: "order_id", kind: "bigint" },
      { name: "kind", kind: "string" },
    ],
  },
];
const WORDS = ["tea", "salt", "Bern", "Oslo", "card", "user-3"];
const COLUMNS_MAX = 4;

/** `depth`: how many operations stand in each other. */
export const randomQuery = (depth: number): fc.Arbitrary<string> =>
  fc.gen().map((value) => new QueryWriter(value).relation(depth).text);

class QueryWriter {
  readonly #value: GeneratorValue;
  #names = 0;

  constructor(value: GeneratorValue) {
    this.#value = value;
  }

  relation(depth: number): Relation {
    if (depth === 0) return this.#table();
    const input = this.relation(depth - 1);
    switch (this.#below(9)) {
      case 0:
      case 1:
      case 2:
        return this.#join(input, this.relation(this.#below(depth)));
      case 3:
        return this.#groups(input);
      case 4:
        return this.#distinct(input);
      case 5:
        return this.#matched(input, this.relation(this.#below(depth)));
      case 6:
        return this.#places(input);
      case 7:
        return this.#sets(input, this.relation(this.#below(depth)));
      default:
        return this.#filtered(`(${input.text})`, input.columns);
    }
  }

  #table(): Relation {
    const { name, columns } = this.#of(TABLES);
    return this.#filtered(name, columns);
  }

  #filtered(from: string, columns: readonly Column[]): Relation {
    const alias = this.#name("t");
    const kept = this.#some(columns).map((column) => ({ ...column, to: this.#name("c") }));
    const where = this.#below(2) === 0 ? "" : ` WHERE ${this.#condition(alias, columns)}`;
    return {
      text: `SELECT ${kept.map(({ name, to }) => `${alias}.${name} AS ${to}`).join(", ")} FROM ${from} AS ${alias}${where}`,
      columns: kept.map(({ to, kind }) => ({ name: to, kind })),
    };
  }

  #condition(alias: string, columns: readonly Column[]): string {
    const column = this.#of(columns);
    const name = `${alias}.${column.name}`;
    switch (this.#below(4)) {
      case 0:
        return `${name} IS ${this.#of(["", "NOT "])}NULL`;
      case 1:
        return `NOT (${this.#condition(alias, columns)} AND ${this.#condition(alias, columns)})`;
      default:
        return column.kind === "string"
          ? `${name} ${this.#of(["=", "<>", "<", ">="])} '${this.#of(WORDS)}'`
          : `${name} ${this.#of(["=", "<", "<=", ">", "<>"])} ${this.#below(column.kind === "bigint" ? 40 : 9)}`;
    }
  }

  #join(left: Relation, right: Relation): Relation {
    const pair = this.#pair(left, right);
    if (pair === null) return left;
    const [one, other] = [this.#name("l"), this.#name("r")];
    const join = this.#of(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
    const on = [`${one}.${pair.left.name} = ${other}.${pair.right.name}`];
    const also = this.#pair(left, right);
    if (also !== null && this.#below(2) === 0)
      on.push(`${one}.${also.left.name} ${this.#of(["=", "<", ">", "<>"])} ${other}.${also.right.name}`);
    const both = [
      ...left.columns.map((column) => ({ ...column, of: one })),
      ...right.columns.map((column) => ({ ...column, of: other })),
    ];
    const kept = this.#some(both).map((column) => ({ ...column, to: this.#name("c") }));
    return {
      text: `SELECT ${kept.map(({ of, name, to }) => `${of}.${name} AS ${to}`).join(", ")} FROM (${left.text}) AS ${one} ${join} (${right.text}) AS ${other} ON ${on.join(" AND ")}`,
      columns: kept.map(({ to, kind }) => ({ name: to, kind })),
    };
  }

  #groups(input: Relation): Relation {
    const alias = this.#name("g");
    const keys = input.columns
      .filter(({ kind }) => kind !== "double" && this.#below(2) === 0)
      .slice(0, 2)
      .map((column) => ({ ...column, to: this.#name("c") }));
    const column = this.#of(input.columns);
    const isWhole = column.kind === "int" || column.kind === "bigint";
    const call = isWhole ? this.#of(["MIN(", "MAX("]) : this.#of(["COUNT(", "COUNT(DISTINCT "]);
    const [rows, value] = [this.#name("c"), this.#name("c")];
    const names = keys.map(({ name }) => `${alias}.${name}`);
    const selected = [
      ...keys.map(({ name, to }) => `${alias}.${name} AS ${to}`),
      `COUNT(*) AS ${rows}`,
      `${call}${alias}.${column.name}) AS ${value}`,
    ];
    const by = names.length === 0 ? "" : ` GROUP BY ${names.join(", ")}`;
    const having = this.#below(3) === 0 ? ` HAVING COUNT(*) ${this.#of([">", "<"])} ${this.#below(5) + 1}` : "";
    return {
      text: `SELECT ${selected.join(", ")} FROM (${input.text}) AS ${alias}${by}${having}`,
      columns: [
        ...keys.map(({ to, kind }) => ({ name: to, kind })),
        { name: rows, kind: "bigint" },
        { name: value, kind: isWhole ? column.kind : "bigint" },
      ],
    };
  }

  #distinct({ text, columns }: Relation): Relation {
    const alias = this.#name("t");
    return { text: `SELECT DISTINCT ${columnsOf(alias, columns)} FROM (${text}) AS ${alias}`, columns };
  }

  /** Rows that have, or have not, one in the other relation. */
  #matched(left: Relation, right: Relation): Relation {
    const pair = this.#pair(left, right);
    if (pair === null) return left;
    const [one, other] = [this.#name("l"), this.#name("r")];
    const [mine, theirs] = [`${one}.${pair.left.name}`, `${other}.${pair.right.name}`];
    const not = this.#of(["", "NOT "]);
    const from = `FROM (${right.text}) AS ${other}`;
    const also = this.#below(2) === 0 ? null : this.#pair(left, right);
    const condition =
      also === null ? "" : ` AND ${other}.${also.right.name} ${this.#of(["<", ">", "<>"])} ${one}.${also.left.name}`;
    const test =
      this.#below(3) === 0
        ? `${mine} ${not}IN (SELECT ${theirs} ${from})`
        : `${not}EXISTS (SELECT 1 ${from} WHERE ${theirs} = ${mine}${condition})`;
    return {
      text: `SELECT ${columnsOf(one, left.columns)} FROM (${left.text}) AS ${one} WHERE ${test}`,
      columns: left.columns,
    };
  }

  /** In an order of all columns, so that only rows that are the same have no order. */
  #places({ text, columns }: Relation): Relation {
    const [inner, outer, place] = [this.#name("t"), this.#name("t"), this.#name("p")];
    const by = this.#below(2) === 0 ? "" : `PARTITION BY ${this.#of(columns).name} `;
    const order = columns.map(({ name }) => `${name} ${this.#of(["ASC NULLS FIRST", "DESC NULLS LAST"])}`).join(", ");
    const last = this.#below(4) + 2;
    const test = this.#of([`<= ${last}`, `BETWEEN 2 AND ${last}`]);
    const shown = this.#below(2) === 0 ? columns : [...columns, { name: place, kind: "bigint" as const }];
    return {
      text: `SELECT ${columnsOf(outer, shown)} FROM (SELECT ${columnsOf(inner, columns)}, ROW_NUMBER() OVER (${by}ORDER BY ${order}) AS ${place} FROM (${text}) AS ${inner}) AS ${outer} WHERE ${outer}.${place} ${test}`,
      columns: shown,
    };
  }

  #sets(left: Relation, right: Relation): Relation {
    const pair = this.#pair(left, right);
    if (pair === null || pair.left.kind !== pair.right.kind) return left;
    const [one, other, to] = [this.#name("l"), this.#name("r"), this.#name("c")];
    const set = this.#of(["UNION", "UNION ALL", "INTERSECT", "EXCEPT"]);
    return {
      text: `SELECT ${one}.${pair.left.name} AS ${to} FROM (${left.text}) AS ${one} ${set} SELECT ${other}.${pair.right.name} AS ${to} FROM (${right.text}) AS ${other}`,
      columns: [{ name: to, kind: pair.left.kind }],
    };
  }

  /** Columns that can be compared; null: there are none. */
  #pair(left: Relation, right: Relation): Pair | null {
    const pairs = left.columns.flatMap((one) =>
      right.columns.filter((other) => areComparable(one, other)).map((other) => ({ left: one, right: other })),
    );
    return pairs.length === 0 ? null : this.#of(pairs);
  }

  #some<T>(columns: readonly T[]): readonly T[] {
    const kept = columns.filter(() => this.#below(4) > 0).slice(0, COLUMNS_MAX);
    return kept.length === 0 ? columns.slice(0, 1) : kept;
  }

  #of<T>(items: readonly T[]): T {
    return items[this.#below(items.length)] as T;
  }

  #below(count: number): number {
    return this.#value(fc.nat, { max: count - 1 });
  }

  #name(prefix: string): string {
    this.#names += 1;
    return `${prefix}${this.#names}`;
  }
}

const columnsOf = (alias: string, columns: readonly Column[]): string =>
  columns.map(({ name }) => `${alias}.${name}`).join(", ");

const isWholeNumber = ({ kind }: Column): boolean => kind === "int" || kind === "bigint";

const areComparable = (one: Column, other: Column): boolean =>
  (isWholeNumber(one) && isWholeNumber(other)) || (one.kind === other.kind && one.kind !== "double");
