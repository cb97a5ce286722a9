/**
 * Owns: random queries that go by time, straight above a table: windows as table functions and what is grouped, ranked and joined by them, OVER, joins within a time,
 * the first and last rows of a key. What DuckDB has no word for is told to it by what it means.
 */
import { type Choices, type Column, twoWords, type ValueWriter } from "./random-values.test-support.ts";

export type Relation = { readonly sql: string; readonly columns: readonly Column[] };

type Timed = { readonly name: string; readonly columns: readonly Column[]; readonly key: string };

const column = (text: string): Column => {
  const [name = "", type = "int"] = text.split(":");
  return { name, type: type as Column["type"] };
};
const columnsOf = (text: string): readonly Column[] => text.split(" ").map(column);

const orders: Timed = {
  name: "orders",
  columns: columnsOf("id user_id product:text quantity price:decimal amount:double ts:time"),
  key: "product",
};
const payments: Timed = { name: "payments", columns: columnsOf("order_id kind:text ts:time"), key: "kind" };

const bucket = (seconds: number, time = "ts"): string =>
  `TIME_BUCKET(INTERVAL '${seconds}' SECOND, ${time}, TIMESTAMP '1970-01-01 00:00:00')`;
const seconds = (count: number): string => `INTERVAL '${count}' SECOND`;

export class WindowWriter {
  readonly #choices: Choices;
  readonly #values: ValueWriter;

  constructor(choices: Choices, values: ValueWriter) {
    this.#choices = choices;
    this.#values = values;
  }

  relation(): Relation {
    const c = this.#choices;
    const forms = [this.#grouped, this.#grouped, this.#ranked, this.#over, this.#within, this.#one, this.#joined];
    return c.pick(forms).call(this);
  }

  /** FROM a table with its windows: `window_start` and `window_end` behind its columns. */
  #windows(table: Timed): string {
    const c = this.#choices;
    const { name, key } = table;
    const call = (shape: string, intervals: readonly number[], partition = ""): string =>
      `TABLE(${shape}(TABLE ${name}${partition}, DESCRIPTOR(ts), ${intervals.map(seconds).join(", ")}))`;
    switch (c.below(4)) {
      case 0: {
        const size = c.pick([2, 5, 7, 10]);
        return twoWords(
          call("TUMBLE", [size]),
          `(SELECT *, ${bucket(size)} AS window_start, ${bucket(size)} + ${seconds(size)} AS window_end FROM ${name})`,
        );
      }
      case 1: {
        const [slide, size] = c.pick([
          [2, 6],
          [5, 10],
          [3, 9],
        ] as const);
        return twoWords(
          call("HOP", [slide, size]),
          `(SELECT *, window_start + ${seconds(size)} AS window_end FROM (SELECT t.*, ${bucket(slide, "t.ts")} - CAST(k AS INT) * ${seconds(slide)} AS window_start FROM ${name} AS t, RANGE(${size / slide}) AS r(k)))`,
        );
      }
      case 2: {
        const [step, size] = c.pick([
          [2, 6],
          [5, 20],
        ] as const);
        return twoWords(
          call("CUMULATE", [step, size]),
          `(SELECT * FROM (SELECT t.*, ${bucket(size, "t.ts")} AS window_start, ${bucket(size, "t.ts")} + CAST(k AS INT) * ${seconds(step)} AS window_end FROM ${name} AS t, RANGE(1, ${size / step + 1}) AS r(k)) WHERE window_end > ts)`,
        );
      }
      default: {
        const gap = c.pick([1, 3]);
        const by = `PARTITION BY ${key}`;
        const island = `SUM(CASE WHEN prev IS NULL OR ts > prev + ${seconds(gap)} THEN 1 ELSE 0 END) OVER (${by} ORDER BY ts) AS island`;
        const marked = `SELECT *, ${island} FROM (SELECT *, LAG(ts) OVER (${by} ORDER BY ts) AS prev FROM ${name})`;
        return twoWords(
          call("SESSION", [gap], ` PARTITION BY ${key}`),
          `(SELECT *, MIN(ts) OVER (${by}, island) AS window_start, MAX(ts) OVER (${by}, island) + ${seconds(gap)} AS window_end FROM (${marked}))`,
        );
      }
    }
  }

  /** SESSION by other columns than its own would be another window. */
  #grouped(): Relation {
    const c = this.#choices;
    const table = c.pick([orders, orders, payments]);
    const [start, end, key] = [c.name(), c.name(), c.name()];
    const keyed = table.columns.find(({ name }) => name === table.key) as Column;
    const calls = Array.from({ length: 1 + c.below(3) }, () => ({
      name: c.name(),
      ...this.#values.aggregate(table.columns),
    }));
    const items = [
      `window_start AS ${start}`,
      `window_end AS ${end}`,
      `${table.key} AS ${key}`,
      ...calls.map(({ sql, name }) => `${sql} AS ${name}`),
    ];
    const where = c.below(3) === 0 ? ` WHERE ${this.#values.condition(table.columns)}` : "";
    return {
      sql: `SELECT ${items.join(", ")} FROM ${this.#windows(table)}${where} GROUP BY window_start, window_end, ${table.key}`,
      columns: [
        { name: start, type: "time" },
        { name: end, type: "time" },
        { name: key, type: keyed.type },
        ...calls.map(({ name, type }): Column => ({ name, type })),
      ],
    };
  }

  #ranked(): Relation {
    const c = this.#choices;
    const [number, start] = [c.name(), c.name()];
    const order = `${c.pick(["price DESC, ", "quantity, ", ""])}ts${c.pick(["", " DESC"])}`;
    const by = c.pick(["", ", product"]);
    const call = `ROW_NUMBER() OVER (PARTITION BY window_start, window_end${by} ORDER BY ${order}) AS ${number}`;
    const renamed = orders.columns.map(({ type }): Column => ({ name: c.name(), type }));
    const items = orders.columns.map(({ name }, index) => `${name} AS ${renamed[index]?.name}`);
    return {
      sql: `SELECT ${items.join(", ")}, window_start AS ${start}, ${number} FROM (SELECT *, ${call} FROM ${this.#windows(orders)}) AS ${c.name()} WHERE ${number} <= ${1 + c.below(3)}`,
      columns: [...renamed, { name: start, type: "time" }, { name: number, type: "int" }],
    };
  }

  /** Times of orders are all different. */
  #over(): Relation {
    const c = this.#choices;
    const frame = c.pick([
      "",
      ` ROWS BETWEEN ${1 + c.below(4)} PRECEDING AND CURRENT ROW`,
      ` RANGE BETWEEN INTERVAL '${1 + c.below(5)}' SECOND PRECEDING AND CURRENT ROW`,
      " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
    ]);
    const by = c.pick(["PARTITION BY product ", "PARTITION BY user_id ", ""]);
    const [id, first, second] = [c.name(), c.name(), c.name()];
    const calls = [
      ["SUM(quantity)", "int"],
      ["COUNT(user_id)", "int"],
      ["MAX(price)", "decimal"],
      ["MIN(amount)", "double"],
      ["MAX(product)", "text"],
      ["COUNT(*)", "int"],
      ["SUM(amount)", "double"],
    ] as const;
    const [one, type] = c.pick(calls);
    const other = c.pick(["LAG(quantity)", "LAG(quantity, 2)", "ROW_NUMBER()"]);
    return {
      sql: `SELECT id AS ${id}, ${one} OVER (${by}ORDER BY ts${frame}) AS ${first}, ${other} OVER (${by}ORDER BY ts) AS ${second} FROM orders`,
      columns: [
        { name: id, type: "int" },
        { name: first, type },
        { name: second, type: "int" },
      ],
    };
  }

  #within(): Relation {
    const c = this.#choices;
    const [o, p] = [c.name(), c.name()];
    const join = c.pick(["JOIN", "LEFT JOIN", "RIGHT JOIN"]);
    const within = c.pick([
      `${p}.ts BETWEEN ${o}.ts AND ${o}.ts + ${seconds(1 + c.below(9))}`,
      `${p}.ts > ${o}.ts - ${seconds(c.below(3))} AND ${p}.ts < ${o}.ts + ${seconds(5)}`,
    ]);
    const columns = columnsOf("id product:text amount:double kind:text").map(
      ({ type }): Column => ({ name: c.name(), type }),
    );
    const names = [`${o}.id`, `${o}.product`, `${o}.amount`, `${p}.kind`];
    const items = names.map((name, index) => `${name} AS ${columns[index]?.name}`);
    return {
      sql: `SELECT ${items.join(", ")} FROM orders AS ${o} ${join} payments AS ${p} ON ${o}.id = ${p}.order_id AND ${within}`,
      columns,
    };
  }

  /** The first or the last row of a key. */
  #one(): Relation {
    const c = this.#choices;
    const number = c.name();
    const renamed = orders.columns.map(({ type }): Column => ({ name: c.name(), type }));
    const items = orders.columns.map(({ name }, index) => `${name} AS ${renamed[index]?.name}`);
    const call = `ROW_NUMBER() OVER (PARTITION BY ${c.pick(["product", "user_id", "quantity"])} ORDER BY ts${c.pick(["", " DESC"])}) AS ${number}`;
    return {
      sql: `SELECT ${items.join(", ")} FROM (SELECT *, ${call} FROM orders) AS ${c.name()} WHERE ${number} = 1`,
      columns: renamed,
    };
  }

  /** Rows of the same window. */
  #joined(): Relation {
    const c = this.#choices;
    const size = c.pick([5, 10]);
    const of = ({ name }: Timed): string =>
      twoWords(
        `TABLE(TUMBLE(TABLE ${name}, DESCRIPTOR(ts), ${seconds(size)}))`,
        `(SELECT *, ${bucket(size)} AS window_start, ${bucket(size)} + ${seconds(size)} AS window_end FROM ${name})`,
      );
    const [o, p] = [c.name(), c.name()];
    const join = c.pick(["JOIN", "LEFT JOIN", "FULL JOIN"]);
    const columns = columnsOf("id quantity kind:text start:time").map(({ type }): Column => ({ name: c.name(), type }));
    const names = [`${o}.id`, `${o}.quantity`, `${p}.kind`, `${o}.window_start`];
    const items = names.map((name, index) => `${name} AS ${columns[index]?.name}`);
    const on = `${o}.window_start = ${p}.window_start AND ${o}.window_end = ${p}.window_end AND ${o}.id = ${p}.order_id`;
    return {
      sql: `SELECT ${items.join(", ")} FROM (SELECT * FROM ${of(orders)}) AS ${o} ${join} (SELECT * FROM ${of(payments)}) AS ${p} ON ${on}`,
      columns,
    };
  }
}
