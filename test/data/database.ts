/** Owns: a database of one test file on the real MariaDB, and what is there. */
import { after } from "node:test";
import mysql, { type Connection, type RowDataPacket } from "mysql2/promise";
import { mariadbPart, testPart } from "../environment/index.ts";

/** How a server is reached, as connectors are told it. */
export type Address = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
};

/** A database of one file. */
export class Database {
  readonly address: Address;
  readonly #connection: Connection;

  constructor(address: Address, connection: Connection) {
    this.address = address;
    this.#connection = connection;
  }

  async rows<R>(sql: string, values: readonly (string | number)[] = []): Promise<R[]> {
    const [rows] = await this.#connection.query<RowDataPacket[]>(sql, [...values]);
    return rows.map((row) => ({ ...row }) as R);
  }

  async run(sql: string): Promise<void> {
    await this.#connection.query(sql);
  }
}

/** The server of this group, with a database named `name`, which is empty. */
export async function testDatabase(
  name: string,
): Promise<{ readonly skip: false | string; readonly database: () => Database }> {
  const part = await testPart(mariadbPart);
  if (part.skip !== false) return { skip: part.skip, database: () => part.gives() as never };
  const { host, port, user, password } = part.gives();
  const connection = await mysql.createConnection({ host, port, user, password });
  await connection.query(`drop database if exists ${name}`);
  await connection.query(`create database ${name} character set utf8mb4`);
  await connection.query(`use ${name}`);
  // Only ended: by then the server of a file that runs alone is gone.
  connection.on("error", () => undefined);
  after(() => connection.destroy());
  const database = new Database({ host, port, user, password, database: name }, connection);
  return { skip: false, database: () => database };
}
