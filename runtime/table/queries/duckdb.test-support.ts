/**
 * Owns: what DuckDB gives for a query over the same rows, as texts that compare with ours.
 */
import { DuckDBDecimalValue, DuckDBInstance, DuckDBTimestampValue } from "@duckdb/node-api";
import type { Data } from "./data.test-support.ts";

const CREATE = `
  CREATE TABLE orders (id BIGINT, user_id INT, product VARCHAR, quantity INT, price DECIMAL(10, 2), amount DOUBLE, ts TIMESTAMP);
  CREATE TABLE users (id INT, name VARCHAR, city VARCHAR, level INT);
  CREATE TABLE payments (order_id BIGINT, kind VARCHAR, ts TIMESTAMP);
`;
const PRICE_UNITS = 100n;

/** The rows of each query, in no order. */
export async function duckdbResults(data: Data, queries: readonly string[]): Promise<readonly (readonly string[])[]> {
  await using duckdb = await openDuckdb(data);
  const results: (readonly string[])[] = [];
  for (const query of queries) {
    const result = await duckdb.results(query);
    if (result.kind === "refused") throw new Error(`DuckDB refuses ${query}: ${result.message}`);
    results.push(result.rows);
  }
  return results;
}

type Result =
  | { readonly kind: "rows"; readonly rows: readonly string[] }
  | { readonly kind: "refused"; readonly message: string };

/** With these tables, in memory. */
export async function openDuckdb(
  data: Data,
): Promise<AsyncDisposable & { readonly results: (query: string) => Promise<Result> }> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(CREATE + insertsOf(data));
  return {
    async results(query) {
      let rows: readonly (readonly unknown[])[];
      try {
        rows = (await connection.runAndReadAll(query)).getRows();
      } catch (error) {
        return { kind: "refused", message: error instanceof Error ? error.message : String(error) };
      }
      return { kind: "rows", rows: rows.map((row) => row.map(textOf).join(" | ")) };
    },
    async [Symbol.asyncDispose]() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

function insertsOf({ orders, users, payments }: Data): string {
  const time = (ms: number): string => `TIMESTAMP '${new Date(ms).toISOString().replace("T", " ").replace("Z", "")}'`;
  const text = (value: string | null): string => (value === null ? "NULL" : `'${value}'`);
  const price = (units: bigint): string => `${units / PRICE_UNITS}.${String(units % PRICE_UNITS).padStart(2, "0")}`;
  const tables = {
    orders: orders.map((row) =>
      [
        row.id,
        row.user_id ?? "NULL",
        text(row.product),
        row.quantity,
        price(row.price),
        row.amount,
        time(row.ts),
      ].join(),
    ),
    users: users.map((row) => [row.id, text(row.name), text(row.city), row.level].join()),
    payments: payments.map((row) => [row.order_id, text(row.kind), time(row.ts)].join()),
  };
  return Object.entries(tables)
    .map(([name, rows]) => `INSERT INTO ${name} VALUES ${rows.map((row) => `(${row})`).join()};`)
    .join("\n");
}

/** Numbers of any type compare by their value. */
export function numberText(value: number): string {
  return String(Number(value.toPrecision(12)));
}

function textOf(value: unknown): string {
  if (value === null) return "NULL";
  if (typeof value === "number") return numberText(value);
  if (value instanceof DuckDBDecimalValue) return numberText(value.toDouble());
  if (value instanceof DuckDBTimestampValue) return String(value.micros / 1000n);
  if (typeof value === "boolean") return numberText(value ? 1 : 0);
  if (typeof value === "bigint") return numberText(Number(value));
  if (typeof value === "string") return value;
  throw new Error(`a value of DuckDB that no test has had: ${String(value)}`);
}
