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

const FORGOTTEN_WITHIN_MS = 60_000;

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
    // A statement that has no rows answers no list.
    return Array.isArray(rows) ? rows.map((row) => ({ ...row }) as R) : [];
  }

  async run(sql: string): Promise<void> {
    await this.#connection.query(sql);
  }

  /** Ids of the prepared XA branches on the server. */
  branches(): Promise<string[]> {
    return preparedBranches((sql) => this.rows(sql));
  }

  /** Rolls back what a test that failed has left, which would hold up the next one. */
  forgetBranches(): Promise<void> {
    return forgetBranches((sql) => this.rows(sql));
  }

  /** Ends the connections that writers of this database have left open, as if their processes had died. */
  killOthers(): Promise<void> {
    return killOthers((sql) => this.rows(sql));
  }
}

type Query = (sql: string) => Promise<Readonly<Record<string, unknown>>[]>;

/** Ids of the prepared XA branches on the whole server. */
export async function preparedBranches(query: Query): Promise<string[]> {
  return (await query("xa recover")).map(({ data }) => String(data));
}

/** Rolls back the prepared XA branches of the whole server, as docs/mysql.md tells a person to do it. */
export async function forgetBranches(query: Query): Promise<void> {
  for (const { formatID, gtrid_length: length, data } of await query("xa recover")) {
    const [globalId, connectionId] = [String(data).slice(0, Number(length)), String(data).slice(Number(length))];
    await query(`kill ${Number(connectionId)}`).catch(() => undefined);
    for (const until = Date.now() + FORGOTTEN_WITHIN_MS; (await preparedBranches(query)).includes(String(data)); ) {
      if (Date.now() > until) throw new Error(`the XA branch ${String(data)} cannot be rolled back`);
      // Not known until its connection has ended.
      await query(`xa rollback '${globalId}', '${connectionId}', ${Number(formatID)}`).catch(() => undefined);
    }
  }
}

/** Ends all connections to the database of `query` but its own. */
export async function killOthers(query: Query): Promise<void> {
  const others = await query(
    "select id from information_schema.processlist where db = database() and id <> connection_id()",
  );
  // One may have ended in between.
  for (const { id } of others) await query(`kill ${Number(id)}`).catch(() => undefined);
}

/** The server of this group, with a database named `name`, which is empty. `isOwn`: on a server of the file's own. */
export async function testDatabase(
  name: string,
  { isOwn = false }: { readonly isOwn?: boolean } = {},
): Promise<{ readonly skip: false | string; readonly database: () => Database }> {
  const part = await testPart(mariadbPart, { isOwn });
  if (part.skip !== false) return { skip: part.skip, database: () => part.gives() as never };
  const { host, port, user, password } = part.gives();
  const connection = await mysql.createConnection({ host, port, user, password });
  const database = new Database({ host, port, user, password, database: name }, connection);
  await connection.query(`drop database if exists ${name}`);
  await connection.query(`create database ${name} character set utf8mb4`);
  await connection.query(`use ${name}`);
  // Only ended: by then the server of a file that runs alone is gone.
  connection.on("error", () => undefined);
  after(() => connection.destroy());
  return { skip: false, database: () => database };
}
