/**
 * Owns: the mode `upsert`: rows are written as they come, each batch in a transaction of its own, and what was written before a crash is
 * written again: the same keys, so the same rows.
 *
 * MUP1 A batch that met a deadlock or a lock is written again, up to BUSY_ATTEMPTS times; a lost connection fails the task.
 */
import { sleep } from "../../../base/index.ts";
import type { PlainSink, SinkWriter } from "../../ports/index.ts";
import { mysqlError, troubleOf } from "./mysql-error.ts";
import type { CheckedSink } from "./options.ts";
import { SinkSession } from "./sink-session.ts";

const BUSY_ATTEMPTS = 10;

/** The sink of this mode. */
export function upsertSink<T>(sink: CheckedSink<T>): PlainSink<T> {
  return {
    kind: "sink",
    name: sink.name,
    guarantee: "at-least-once",
    createWriter: (context) => new UpsertWriter(new SinkSession(sink, context)),
  };
}

class UpsertWriter<T> implements SinkWriter<T> {
  readonly #to: SinkSession<T>;
  #rows: string[] = [];
  #bytes = 0;

  constructor(to: SinkSession<T>) {
    this.#to = to;
  }

  open(): Promise<void> {
    return this.#to.open(null);
  }

  write(value: T): void | Promise<void> {
    const row = this.#to.statement.rowOf(value);
    this.#rows.push(row);
    this.#bytes += row.length;
    if (this.#rows.length >= this.#to.sink.batchRows || this.#bytes >= this.#to.batchBytes) return this.flush();
  }

  async flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    for (const statement of this.#to.statementsOf(rows)) await this.#run(statement);
  }

  close(): void {
    this.#to.close();
  }

  async #run(statement: string): Promise<void> {
    const { clock, log } = this.#to.context;
    for (let attempt = 1; ; attempt++) {
      try {
        await (await this.#to.session()).run(statement);
        this.#to.succeeded();
        return;
      } catch (error) {
        if (troubleOf(error) !== "busy" || attempt === BUSY_ATTEMPTS) throw mysqlError(this.#to, "write rows", error);
        log.info({ attempt }, "another transaction held the rows; writing them again");
        await sleep(clock, this.#to.nextDelayMs());
      }
    }
  }
}
