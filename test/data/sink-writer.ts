/** Owns: a writer of a MySQL sink driven by hand, in this process or in one of its own that can be killed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { mysqlSink, type MySqlSinkOptions } from "../../runtime/connectors/mysql/index.ts";
import type { Sink, SinkContext, SinkWriter, TransactionWriter } from "../../runtime/ports/index.ts";
import { decodeValues, encodeValues, t } from "../../runtime/record/index.ts";
import { prepared, sinkContext } from "../../runtime/testkit/sink-by-hand.test-support.ts";

export type WordCount = { readonly word: string; readonly count: number };

/** An exactly-once writer, with all hooks. `X` is nobody's business but the sink's. */
export type Writer<T> = Required<TransactionWriter<T, unknown>>;

/** Of these tests. */
const inWords = (where: Partial<SinkContext>): SinkContext =>
  sinkContext({ name: "mysql", jobId: "1".repeat(32), ...where });

/** Opened; not restored. */
export async function openWriter<T>(
  options: MySqlSinkOptions<T>,
  where: Partial<SinkContext> = {},
): Promise<Writer<T>> {
  const sink = mysqlSink<T>(options as MySqlSinkOptions<T> & { readonly mode?: "ledger" });
  const writer = sink.createWriter(inWords(where)) as Writer<T>;
  await writer.open();
  return writer;
}

export async function openPlainWriter<T>(options: MySqlSinkOptions<T>): Promise<Required<SinkWriter<T>>> {
  const sink = mysqlSink<T>({ ...options, mode: "upsert" }) as Sink<T> & { readonly guarantee: "at-least-once" };
  const writer = sink.createWriter(inWords({})) as Required<SinkWriter<T>>;
  await writer.open();
  return writer;
}

/** What a process of its own is to do: prepare these rows, commit or not, and stay until it is killed. */
type Errand = {
  readonly options: MySqlSinkOptions<WordCount>;
  readonly where: Partial<SinkContext>;
  readonly rows: readonly WordCount[];
  readonly commits: boolean;
};

/** Does the errand in a process of its own, which lives until `kill`. Answers the transaction of the checkpoint. */
export async function writerProcess(errand: Errand): Promise<{ transaction: unknown; kill(): Promise<void> }> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(errand)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { value, done } = await lines.next();
  if (done === true) throw new Error("the writer's process ended before it had prepared");
  return {
    transaction: decodeValues(t.any, Buffer.from(String(value), "base64"))[0],
    kill: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { options, where, rows, commits } = JSON.parse(process.argv[2] as string) as Errand;
  const writer = await openWriter(options, where);
  const transaction = await prepared(writer, rows);
  if (commits) await writer.commit(transaction);
  process.stdout.write(`${Buffer.from(encodeValues(t.any, [transaction])).toString("base64")}\n`);
  setInterval(() => undefined, 1000);
}
