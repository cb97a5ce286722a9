/**
 * Owns: random queries over the tables of data.test-support.ts, in words that DuckDB has, too: joins, groups, ranks, set operations and queries inside of queries,
 * in each other.
 */
import fc from "fast-check";

type Column = { readonly name: string; readonly type: "int" | "text" };
type Relation = { readonly sql: string; readonly columns: readonly Column[] };

/** Choices a query; it says the same again for the same ones, and less for fewer. */
const CHOICES = 400;
const DEPTH_MAX = 4;

export const randomQuery: fc.Arbitrary<string> = fc
  .noBias(fc.array(fc.nat({ max: 997 }), { minLength: CHOICES, maxLength: CHOICES }))
  .map((choices) => new QueryWriter(choices).query());

const sources: readonly Relation[] = [
  relation("SELECT id, user_id, product, quantity FROM orders", "id user_id product: quantity"),
  relation("SELECT id AS uid, name, city, level FROM users", "uid name: city: level"),
  relation("SELECT order_id, kind FROM payments", "order_id kind:"),
];

/** A colon behind texts. */
function relation(sql: string, columns: string): Relation {
  return {
    sql,
    columns: columns
      .split(" ")
      .map((name): Column => ({ name: name.replace(":", ""), type: name.endsWith(":") ? "text" : "int" })),
  };
}

class QueryWriter {
  readonly #choices: readonly number[];
  #taken = 0;
  #names = 0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  query(): string {
    return this.#relation(1 + this.#below(DEPTH_MAX)).sql;
  }

  #below(limit: number): number {
    const choice = this.#choices[this.#taken++ % this.#choices.length] ?? 0;
    return choice % limit;
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)] as T;
  }

  #name(): string {
    return `n${this.#names++}`;
  }

  #from({ sql }: Relation): string {
    return `(${sql}) AS ${this.#name()}`;
  }

  #relation(depth: number): Relation {
    if (depth <= 0) return this.#source();
    const forms = [
      this.#filtered,
      this.#projected,
      this.#joined,
      this.#joined,
      this.#grouped,
      this.#grouped,
      this.#distinct,
      this.#setOperation,
      this.#tested,
      this.#tested,
      this.#ranked,
    ];
    return this.#pick(forms).call(this, depth - 1);
  }

  /** With names of its own. */
  #source(): Relation {
    const { sql, columns } = this.#pick(sources);
    const renamed = columns.map(({ type }): Column => ({ name: this.#name(), type }));
    const items = columns.map(({ name }, index) => `${name} AS ${renamed[index]?.name}`);
    return { sql: `SELECT ${items.join(", ")} FROM (${sql}) AS ${this.#name()}`, columns: renamed };
  }

  #filtered(depth: number): Relation {
    const input = this.#relation(depth);
    return { ...input, sql: `SELECT * FROM ${this.#from(input)} WHERE ${this.#condition(input.columns, 0)}` };
  }

  #projected(depth: number): Relation {
    const input = this.#relation(depth);
    const columns = (["int", "text", "int"] as const).map((type): Column => ({ name: this.#name(), type }));
    const items = columns.map(({ name, type }) => `${this.#value(input.columns, type, 0)} AS ${name}`);
    return { sql: `SELECT ${items.join(", ")} FROM ${this.#from(input)}`, columns };
  }

  #joined(depth: number): Relation {
    const [left, right] = [this.#relation(depth), this.#relation(depth)];
    const columns = [...left.columns, ...right.columns];
    const join = this.#pick(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
    const [a, b] = [this.#number(left), this.#number(right)];
    // DuckDB has no FULL JOIN by other conditions.
    const more = join !== "FULL JOIN" && this.#below(2) === 0 ? ` AND ${this.#condition(columns, 1)}` : "";
    const where = this.#below(2) === 0 ? ` WHERE ${this.#condition(columns, 1)}` : "";
    return {
      sql: `SELECT * FROM ${this.#from(left)} ${join} ${this.#from(right)} ON ${a} = ${b}${more}${where}`,
      columns,
    };
  }

  #grouped(depth: number): Relation {
    const input = this.#relation(depth);
    const key = this.#pick(input.columns);
    const columns: readonly Column[] = [
      { name: this.#name(), type: key.type },
      { name: this.#name(), type: "int" },
      { name: this.#name(), type: "int" },
    ];
    const [first, second, third] = columns.map(({ name }) => name);
    const having = this.#below(3) === 0 ? ` HAVING COUNT(*) > ${this.#below(4)}` : "";
    const extreme = `${this.#pick(["MAX", "MIN"])}(${this.#value(input.columns, "int", 2)})`;
    const items = `${key.name} AS ${first}, COUNT(*) AS ${second}, ${extreme} AS ${third}`;
    return { sql: `SELECT ${items} FROM ${this.#from(input)} GROUP BY ${key.name}${having}`, columns };
  }

  #distinct(depth: number): Relation {
    const input = this.#relation(depth);
    const columns = input.columns.slice(0, 2);
    const names = columns.map(({ name }) => name).join(", ");
    return { sql: `SELECT DISTINCT ${names} FROM ${this.#from(input)}`, columns };
  }

  #setOperation(depth: number): Relation {
    const [left, right] = [this.#relation(depth), this.#relation(depth)];
    const [name, word] = [
      this.#name(),
      this.#pick(["UNION ALL", "UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"]),
    ];
    const first = `SELECT ${this.#number(left)} AS ${name} FROM ${this.#from(left)}`;
    const second = `SELECT ${this.#number(right)} FROM ${this.#from(right)}`;
    return { sql: `${first} ${word} ${second}`, columns: [{ name, type: "int" }] };
  }

  /** By a query inside. */
  #tested(depth: number): Relation {
    const [input, inner] = [this.#relation(depth), this.#relation(depth - 1)];
    const [x, y, from] = [this.#number(input), this.#number(inner), this.#from(inner)];
    const test = this.#pick([
      `${x} IN (SELECT ${y} FROM ${from})`,
      `${x} NOT IN (SELECT ${y} FROM ${from})`,
      `EXISTS (SELECT 1 FROM ${from} WHERE ${y} = ${x})`,
      `NOT EXISTS (SELECT 1 FROM ${from} WHERE ${y} = ${x} AND ${this.#condition(inner.columns, 2)})`,
      `${x} > (SELECT MIN(${y}) FROM ${from})`,
      `${x} <= (SELECT COUNT(*) FROM ${from} WHERE ${y} = ${x})`,
      `(${x} > 4 OR EXISTS (SELECT 1 FROM ${from} WHERE ${y} = ${x}))`,
    ]);
    const more = this.#below(2) === 0 ? ` AND ${this.#condition(input.columns, 1)}` : "";
    return { ...input, sql: `SELECT * FROM ${this.#from(input)} WHERE ${test}${more}` };
  }

  /** Of different rows, ordered by all columns: the numbers are the same everywhere. */
  #ranked(depth: number): Relation {
    const input = this.#relation(depth);
    const number = this.#name();
    const order = input.columns.map(({ name }) => name).join(", ");
    const window = `PARTITION BY ${this.#pick(input.columns).name} ORDER BY ${order}`;
    const different = `(SELECT DISTINCT * FROM ${this.#from(input)}) AS ${this.#name()}`;
    const numbered = `(SELECT *, ROW_NUMBER() OVER (${window}) AS ${number} FROM ${different}) AS ${this.#name()}`;
    return {
      sql: `SELECT * FROM ${numbered} WHERE ${number} <= ${1 + this.#below(3)}`,
      columns: [...input.columns, { name: number, type: "int" }],
    };
  }

  /** A column; a relation without a number has at least one. */
  #number({ columns }: Relation): string {
    const numbers = columns.filter(({ type }) => type === "int");
    return numbers.length === 0 ? `CHAR_LENGTH(${this.#pick(columns).name})` : this.#pick(numbers).name;
  }

  #value(columns: readonly Column[], type: Column["type"], depth: number): string {
    const fitting = columns.filter((column) => column.type === type);
    const choice = this.#below(10);
    if (choice < 6 && fitting.length > 0) return this.#pick(fitting).name;
    if (type === "text") return `'${this.#pick(["tea", "rice", "Bern", "cash", "user-3"])}'`;
    if (choice < 7 || depth > 1) return String(this.#below(9));
    const of = (): string => this.#value(columns, type, depth + 1);
    if (choice === 7) return `(${of()} + ${of()})`;
    if (choice === 8) return `COALESCE(${of()}, ${this.#below(5)})`;
    return `CASE WHEN ${this.#condition(columns, depth + 1)} THEN ${of()} ELSE ${of()} END`;
  }

  #condition(columns: readonly Column[], depth: number): string {
    const inner = (): string => this.#condition(columns, depth + 1);
    const number = (): string => this.#value(columns, "int", depth + 1);
    const texts = columns.filter(({ type }) => type === "text");
    switch (this.#below(depth < 2 ? 11 : 7)) {
      case 0:
        return `${this.#value(columns, this.#pick(["int", "text"] as const), 2)} IS ${this.#pick(["", "NOT "])}NULL`;
      case 1:
        return `${number()} BETWEEN ${this.#below(4)} AND ${4 + this.#below(6)}`;
      case 2:
        return `${number()} ${this.#pick(["", "NOT "])}IN (${this.#below(5)}, ${this.#below(9)}, 7)`;
      case 3:
        if (texts.length > 0)
          return `${this.#pick(texts).name} ${this.#pick(["=", "<>"])} ${this.#value(columns, "text", 2)}`;
        break;
      case 7:
        return `(${inner()} AND ${inner()})`;
      case 8:
      case 9:
        return `(${inner()} OR ${inner()})`;
      case 10:
        return `NOT (${inner()})`;
      default:
    }
    return `${number()} ${this.#pick(["=", "<>", "<", "<=", ">", ">="])} ${number()}`;
  }
}
