/**
 * Owns: one statement of a session as a job on this machine: its processes, and its result as it comes.
 *
 * QRN1 The job is that of a script: what the session has made, and the statement (runtime/program/query-job.ts). Functions' paths begin at `folder`.
 * QRN2 A job that fails is not started again, unless the session has set a restart strategy: its result would come a second time.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromErrorInfo } from "../../base/index.ts";
import { type LookedStatement, readResultLine, type ResultChange } from "../../runtime/table/engine.ts";
import { createLocalCluster } from "../jobs/local-cluster.ts";
import type { Colors } from "../terminal/narrator.ts";

export type QueryEvents = {
  readonly onChange: (change: ResultChange) => void;
  /** What else the job prints. */
  readonly onLine: (line: string) => void;
  /** Of the job's story. */
  readonly say: (line: string) => void;
  readonly colors: Colors;
};

export type QueryRun = {
  /** Resolves when the job and its processes have ended: an error, or null. */
  readonly whenOver: Promise<Error | null>;
  /** Cancels the job. */
  stop(): Promise<void>;
};

export type RunQuery = (looked: LookedStatement, events: QueryEvents) => Promise<QueryRun>;

const MODULE = fileURLToPath(new URL("../../runtime/program/query-job.ts", import.meta.url));
const RESTARTS = ["restart-strategy.type", "restart-strategy"];

/** Errors: those of createLocalCluster. */
export const runQueryIn =
  (folder: string, parallelism: number | undefined): RunQuery =>
  async ({ script, settings }, { onChange, onLine, say, colors }) => {
    const own = mkdtempSync(join(tmpdir(), "streamjob-sql-"));
    const path = join(own, "statement.sql");
    writeFileSync(path, script, { mode: 0o600 });
    const lines = new Lines((line) => {
      const { printed, change } = readResultLine(line);
      if (printed !== null) onLine(printed);
      if (change !== null) onChange(change);
    });
    const remove = (): void => rmSync(own, { recursive: true, force: true });
    try {
      const cluster = await createLocalCluster({
        module: MODULE,
        args: [path, folder],
        ...(settings.has("pipeline.name") ? {} : { name: "sql" }),
        ...(parallelism === undefined ? {} : { parallelism }),
        options: RESTARTS.some((key) => settings.has(key)) ? {} : { "restart-strategy.type": "none" },
        stdout: (piece) => lines.take(piece),
        say,
        colors,
      });
      const over = cluster.waitTerminal().then(({ failure }) => {
        lines.end();
        remove();
        return failure === null ? null : fromErrorInfo(failure);
      });
      return {
        whenOver: over,
        stop: async () => {
          await cluster.stop();
          await over;
        },
      };
    } catch (error) {
      remove();
      throw error;
    }
  };

/** Lines out of pieces of UTF-8. */
class Lines {
  readonly #take: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #rest = "";

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  take(piece: Buffer): void {
    const lines = (this.#rest + this.#decoder.decode(piece, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  end(): void {
    if (this.#rest !== "") this.#take(this.#rest);
    this.#rest = "";
  }
}
