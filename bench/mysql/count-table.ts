/**
 * Owns: the table of a run of the MySQL bench: made, watched while it fills, and judged.
 *
 * BCT1 Rates are told by the table alone, alike for all engines: the sum of its counts is the number of records that are in it, since each row has
 *      the newest count of its user.
 */
import { createConnection, type RowDataPacket } from "mysql2/promise";

const LOOK_EVERY_MS = 200;
/** The part of the records that is left to warm-up. */
const STEADY_FROM = 0.2;

export type TableResult = { readonly records: number; readonly users: number; readonly recordsPerSecond: number };

type Look = { readonly atMs: number; readonly records: number };

export class CountTable {
  readonly #name: string;
  readonly #server: string;

  constructor(server: string, name: string) {
    this.#server = server;
    this.#name = name;
  }

  async make(): Promise<void> {
    await this.#run(`drop table if exists ${this.#name}`);
    await this.#run(`create table ${this.#name} (user varchar(40) primary key, count bigint not null)`);
  }

  drop(): Promise<void> {
    return this.#run(`drop table if exists ${this.#name}`);
  }

  /** While `run` fills it with `records`. Errors: those of `run`; it does not hold them all. */
  async watch<R>(records: number, run: () => Promise<R>): Promise<{ readonly run: R; readonly result: TableResult }> {
    const connection = await createConnection(this.#server);
    const sql = `select count(*) as users, coalesce(sum(count), 0) as records from ${this.#name}`;
    const look = async (): Promise<Look & { readonly users: number }> => {
      const [[row]] = await connection.query<RowDataPacket[]>(sql);
      return { atMs: performance.now(), records: Number(row?.["records"]), users: Number(row?.["users"]) };
    };
    try {
      const looks: Look[] = [{ atMs: performance.now(), records: 0 }];
      let hasEnded = false;
      const running = run().finally(() => (hasEnded = true));
      const watching = (async () => {
        while (!hasEnded) {
          await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
          looks.push(await look());
        }
      })();
      const [ran] = await Promise.all([running, watching]);
      const last = await look();
      looks.push(last);
      if (last.records !== records)
        throw new Error(`the table has ${last.records} records instead of ${records}: the run is void`);
      const seconds = (timeOf(looks, records) - timeOf(looks, records * STEADY_FROM)) / 1000;
      const result = { records, users: last.users, recordsPerSecond: (records * (1 - STEADY_FROM)) / seconds };
      return { run: ran, result };
    } finally {
      await connection.end();
    }
  }

  async #run(sql: string): Promise<void> {
    const connection = await createConnection(this.#server);
    await connection.query(sql);
    await connection.end();
  }
}

/** When so many were there, between two looks by proportion. */
function timeOf(looks: readonly Look[], records: number): number {
  const place = looks.findIndex((look) => look.records >= records);
  const [before, after] = [looks[place - 1], looks[place]];
  if (after === undefined) throw new Error(`the table never had ${records} records`);
  if (before === undefined || before.records === after.records) return after.atMs;
  const share = (records - before.records) / (after.records - before.records);
  return before.atMs + share * (after.atMs - before.atMs);
}
