/**
 * Owns: random queries over the tables of data.test-support.ts, in words that DuckDB has, too, or in those of each (random-values.test-support.ts): joins, groups, ranks, set
 * operations, queries by time and queries inside of queries, in each other.
 */
import fc from "fast-check";
import { Choices, type Column, inDialect, valueKinds, ValueWriter } from "./random-values.test-support.ts";
import { type Relation, WindowWriter } from "./random-windows.test-support.ts";

/** The same query. */
export type RandomQuery = { readonly ours: string; readonly theirs: string };

/** Choices a query; it says the same again for the same ones, and less for fewer. */
const CHOICES = 400;
const DEPTH_MAX = 4;

export const randomQuery: fc.Arbitrary<RandomQuery> = fc
  .noBias(fc.array(fc.nat({ max: 997 }), { minLength: CHOICES, maxLength: CHOICES }))
  .map((choices) => {
    const query = new QueryWriter(new Choices(choices)).query();
    return { ours: inDialect(query, "ours"), theirs: inDialect(query, "theirs") };
  });

const sources: readonly Relation[] = [
  relation(
    "SELECT id, user_id, product, quantity, price, amount, ts FROM orders",
    "id user_id product:text quantity price:decimal amount:double ts:time",
  ),
  relation("SELECT id AS uid, name, city, level FROM users", "uid name:text city:text level"),
  relation("SELECT order_id, kind, ts AS paid FROM payments", "order_id kind:text paid:time"),
];

function relation(sql: string, columns: string): Relation {
  return {
    sql,
    columns: columns.split(" ").map((text): Column => {
      const [name = "", type = "int"] = text.split(":");
      return { name, type: type as Column["type"] };
    }),
  };
}

class QueryWriter {
  readonly #choices: Choices;
  readonly #values: ValueWriter;
  readonly #windows: WindowWriter;

  constructor(choices: Choices) {
    this.#choices = choices;
    this.#values = new ValueWriter(choices);
    this.#windows = new WindowWriter(choices, this.#values);
  }

  query(): string {
    return this.#relation(this.#choices.below(DEPTH_MAX + 1)).sql;
  }

  #from({ sql }: Relation): string {
    return `(${sql}) AS ${this.#choices.name()}`;
  }

  #relation(depth: number): Relation {
    const c = this.#choices;
    if (depth <= 0) return c.below(3) === 0 ? this.#windows.relation() : this.#source();
    const forms = [
      this.#filtered,
      this.#projected,
      this.#projected,
      this.#joined,
      this.#joined,
      this.#grouped,
      this.#grouped,
      this.#rolledUp,
      this.#distinct,
      this.#setOperation,
      this.#tested,
      this.#tested,
      this.#ranked,
    ];
    return c.pick(forms).call(this, depth - 1);
  }

  /** With names of its own. */
  #source(): Relation {
    const { sql, columns } = this.#choices.pick(sources);
    const renamed = columns.map(({ type }): Column => ({ name: this.#choices.name(), type }));
    const items = columns.map(({ name }, index) => `${name} AS ${renamed[index]?.name}`);
    return { sql: `SELECT ${items.join(", ")} FROM (${sql}) AS ${this.#choices.name()}`, columns: renamed };
  }

  #filtered(depth: number): Relation {
    const input = this.#relation(depth);
    return { ...input, sql: `SELECT * FROM ${this.#from(input)} WHERE ${this.#values.condition(input.columns)}` };
  }

  #projected(depth: number): Relation {
    const c = this.#choices;
    const input = this.#relation(depth);
    const columns = (["int", c.pick(valueKinds), c.pick(valueKinds), "text"] as const).map(
      (type): Column => ({ name: c.name(), type }),
    );
    const items = columns.map(({ name, type }) => `${this.#values.value(input.columns, type)} AS ${name}`);
    return { sql: `SELECT ${items.join(", ")} FROM ${this.#from(input)}`, columns };
  }

  #joined(depth: number): Relation {
    const c = this.#choices;
    const [left, right] = [this.#relation(depth), this.#relation(depth)];
    const columns = [...left.columns, ...right.columns];
    const join = c.pick(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
    const [a, b] = this.#pair(left, right);
    // DuckDB has no FULL JOIN by other conditions.
    const more = join !== "FULL JOIN" && c.below(2) === 0 ? ` AND ${this.#values.condition(columns, 1)}` : "";
    const where = c.below(2) === 0 ? ` WHERE ${this.#values.condition(columns, 1)}` : "";
    return {
      sql: `SELECT * FROM ${this.#from(left)} ${join} ${this.#from(right)} ON ${a} = ${b}${more}${where}`,
      columns,
    };
  }

  /** A column of each of one type; numbers mostly, so that some rows meet. */
  #pair(left: Relation, right: Relation): readonly [string, string] {
    const c = this.#choices;
    const types = left.columns
      .map(({ type }) => type)
      .filter((type) => right.columns.some((each) => each.type === type));
    if (types.length === 0 || c.below(3) > 0) return [this.#number(left), this.#number(right)];
    const type = c.pick(types);
    const of = ({ columns }: Relation): string => c.pick(columns.filter((each) => each.type === type)).name;
    return [of(left), of(right)];
  }

  #grouped(depth: number): Relation {
    const c = this.#choices;
    const input = this.#relation(depth);
    const keys = Array.from({ length: c.below(3) }, () => c.pick(input.columns));
    const named = keys.map(({ name, type }) => ({ from: name, name: c.name(), type }));
    const calls = Array.from({ length: 1 + c.below(3) }, () => ({
      name: c.name(),
      ...this.#values.aggregate(input.columns),
    }));
    const having = c.below(3) === 0 ? ` HAVING COUNT(*) > ${c.below(4)}` : "";
    const items = [
      ...named.map(({ from, name }) => `${from} AS ${name}`),
      ...calls.map(({ sql, name }) => `${sql} AS ${name}`),
    ];
    const by = named.length === 0 ? "" : ` GROUP BY ${[...new Set(keys.map(({ name }) => name))].join(", ")}`;
    const columns = [...named, ...calls].map(({ name, type }): Column => ({ name, type }));
    return { sql: `SELECT ${items.join(", ")} FROM ${this.#from(input)}${by}${having}`, columns };
  }

  /** Several groupings of the same rows. Of no rows the whole set has one in DuckDB, and none in Flink. */
  #rolledUp(depth: number): Relation {
    const c = this.#choices;
    const input = this.#relation(depth);
    const [first, second] = [c.pick(input.columns), c.pick(input.columns)];
    if (first.name === second.name) return input;
    const [a, b, set, total] = [c.name(), c.name(), c.name(), c.name()];
    const call = this.#values.aggregate(
      input.columns.filter(({ name }) => name !== first.name && name !== second.name),
    );
    const sets = c.pick([
      `ROLLUP (${first.name}, ${second.name})`,
      `CUBE (${first.name}, ${second.name})`,
      `GROUPING SETS ((${first.name}), (${second.name}), ())`,
    ]);
    const items = `${first.name} AS ${a}, ${second.name} AS ${b}, GROUPING(${first.name}, ${second.name}) AS ${set}, ${call.sql} AS ${total}`;
    return {
      sql: `SELECT ${items} FROM ${this.#from(input)} GROUP BY ${sets} HAVING COUNT(*) > 0`,
      columns: [
        { name: a, type: first.type },
        { name: b, type: second.type },
        { name: set, type: "int" },
        { name: total, type: call.type },
      ],
    };
  }

  #distinct(depth: number): Relation {
    const input = this.#relation(depth);
    const columns = input.columns.slice(0, 2);
    const names = columns.map(({ name }) => name).join(", ");
    return { sql: `SELECT DISTINCT ${names} FROM ${this.#from(input)}`, columns };
  }

  #setOperation(depth: number): Relation {
    const c = this.#choices;
    const [left, right] = [this.#relation(depth), this.#relation(depth)];
    const type = c.pick(valueKinds);
    const [name, word] = [
      c.name(),
      c.pick(["UNION ALL", "UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"]),
    ];
    const of = ({ columns }: Relation): string => {
      const fitting = columns.filter((each) => each.type === type);
      return fitting.length === 0 ? this.#values.value(columns, type, 1) : c.pick(fitting).name;
    };
    const first = `SELECT ${of(left)} AS ${name} FROM ${this.#from(left)}`;
    const second = `SELECT ${of(right)} FROM ${this.#from(right)}`;
    return { sql: `${first} ${word} ${second}`, columns: [{ name, type }] };
  }

  /** By a query inside. */
  #tested(depth: number): Relation {
    const c = this.#choices;
    const [input, inner] = [this.#relation(depth), this.#relation(depth - 1)];
    const [[x, y], from] = [this.#pair(input, inner), this.#from(inner)];
    const [m, n] = [this.#number(input), this.#number(inner)];
    const test = c.pick([
      `${x} IN (SELECT ${y} FROM ${from})`,
      `${x} NOT IN (SELECT ${y} FROM ${from})`,
      `EXISTS (SELECT 1 FROM ${from} WHERE ${y} = ${x})`,
      `NOT EXISTS (SELECT 1 FROM ${from} WHERE ${y} = ${x} AND ${this.#values.condition(inner.columns, 2)})`,
      `${m} > (SELECT MIN(${n}) FROM ${from})`,
      `${m} <= (SELECT COUNT(*) FROM ${from} WHERE ${y} = ${x})`,
      `(${m} > 4 OR EXISTS (SELECT 1 FROM ${from} WHERE ${y} = ${x}))`,
    ]);
    const more = c.below(2) === 0 ? ` AND ${this.#values.condition(input.columns, 1)}` : "";
    return { ...input, sql: `SELECT * FROM ${this.#from(input)} WHERE ${test}${more}` };
  }

  /** Of different rows, ordered by all columns: the numbers are the same everywhere. */
  #ranked(depth: number): Relation {
    const c = this.#choices;
    const input = this.#relation(depth);
    const number = c.name();
    const order = input.columns
      .map(
        ({ name }) => `${name} ${c.pick(["ASC NULLS FIRST", "DESC NULLS LAST", "ASC NULLS LAST", "DESC NULLS FIRST"])}`,
      )
      .join(", ");
    const window = `PARTITION BY ${c.pick(input.columns).name} ORDER BY ${order}`;
    const different = `(SELECT DISTINCT * FROM ${this.#from(input)}) AS ${c.name()}`;
    const numbered = `(SELECT *, ROW_NUMBER() OVER (${window}) AS ${number} FROM ${different}) AS ${c.name()}`;
    return {
      sql: `SELECT * FROM ${numbered} WHERE ${number} <= ${1 + c.below(3)}`,
      columns: [...input.columns, { name: number, type: "int" }],
    };
  }

  /** A column; a relation without a number has at least one column. */
  #number({ columns }: Relation): string {
    const numbers = columns.filter(({ type }) => type === "int");
    return numbers.length > 0 ? this.#choices.pick(numbers).name : this.#values.value(columns, "int", 1);
  }
}
