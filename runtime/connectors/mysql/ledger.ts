/**
 * Owns: the ledger: the table in which a sink notes what it has committed, in the transaction that commits it.
 *
 * MLE1 An entry is unique for (job, sink, subtask, writer, number). `job` is the job's id, which is that of its incarnation, and `writer` is
 *      drawn anew for each attempt of a subtask: no two attempts, and no two jobs with the same name, have an entry in common.
 * MLE2 A writer commits in the order of its numbers, so an entry stands for all before it, and those are removed. An entry is never
 *      removed but for a later one: a savepoint that is restored a year from now finds it.
 */
import { t, type ValueOf } from "../../record/index.ts";
import { codeOf } from "./mysql-error.ts";
import { literal, quotedName } from "./sql-text.ts";
import type { Session } from "./session.ts";

/** Whose transaction, which of them (from 1), and of how many rows: what every exactly-once mode keeps in the checkpoint. */
export const entryFields = {
  job: t.string,
  sink: t.string,
  subtask: t.int32,
  writer: t.string,
  number: t.int64,
  rows: t.int64,
};

const entryType = t.record(entryFields);
export type Entry = ValueOf<typeof entryType>;

/** The statements of one ledger. */
export class Ledger {
  readonly #table: string;

  constructor(table: string) {
    this.#table = quotedName(table);
  }

  /** Makes it where it is missing. */
  async create(session: Session): Promise<void> {
    try {
      await session.rows(`select number from ${this.#table} limit 0`);
    } catch (error) {
      if (codeOf(error) !== "ER_NO_SUCH_TABLE") throw error;
      await session.run(this.definition());
    }
  }

  definition(): string {
    return [
      `create table if not exists ${this.#table} (`,
      "job varchar(64) character set ascii not null, sink varchar(200) character set utf8mb4 collate utf8mb4_bin not null,",
      "subtask int not null, writer varchar(64) character set ascii not null, number bigint not null,",
      "row_count bigint not null, committed_at timestamp(3) not null default current_timestamp(3),",
      "primary key (job, sink, subtask, writer, number)) engine = InnoDB",
    ].join(" ");
  }

  /** Whether the transaction of this entry has been committed (MLE2). */
  async has(session: Session, entry: Entry): Promise<boolean> {
    const rows = await session.rows(
      `select number from ${this.#table} where ${this.#writerOf(entry)} and number >= ${literal(entry.number)} limit 1`,
    );
    return rows.length > 0;
  }

  /** Within the transaction that commits. Errors: ER_DUP_ENTRY, when another process has just committed it. */
  async add(session: Session, { job, sink, subtask, writer, number, rows }: Entry): Promise<void> {
    const values = [job, sink, subtask, writer, number, rows].map(literal).join(", ");
    await session.run(`insert into ${this.#table} (job, sink, subtask, writer, number, row_count) values (${values})`);
  }

  /** Removes what the entry stands for (MLE2). */
  async trim(session: Session, entry: Entry): Promise<void> {
    await session.run(
      `delete from ${this.#table} where ${this.#writerOf(entry)} and number < ${literal(entry.number)}`,
    );
  }

  #writerOf({ job, sink, subtask, writer }: Entry): string {
    return `job = ${literal(job)} and sink = ${literal(sink)} and subtask = ${literal(subtask)} and writer = ${literal(writer)}`;
  }
}
