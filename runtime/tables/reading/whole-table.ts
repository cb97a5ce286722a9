/**
 * Owns: reading all rows of a source that has an end, outside of a task of its own: for tables that are looked up in.
 *
 * TBWT1 It reads as one subtask alone does. Nothing of it is in a checkpoint: it is read again by who needs it again.
 */
import { assert, readDelay } from "../../../base/index.ts";
import type { ReaderContext, Source, SourceOutput } from "../../ports/index.ts";
import { rowsOfColumns } from "../../record/index.ts";
import type { LoadContext } from "../table-description.ts";

type Row = Readonly<Record<string, unknown>>;

const POLL_RECORDS_MAX = 1024;

/** Errors: those of the source. */
export async function wholeTable(source: Source<unknown>, context: LoadContext): Promise<readonly Row[]> {
  assert(source.discover !== undefined, "a table that is read whole has all of its splits at the start");
  const { clock, log, metrics } = context;
  const common = { name: source.name, parallelism: 1, clock, log };
  const splits = await source.discover(common);
  const rows: Row[] = [];
  let failure: { readonly error: unknown } | null = null;
  let isWoken = false;
  let goOn = (): void => undefined;
  const wake = (): void => {
    isWoken = true;
    goOn();
  };
  const readerContext: ReaderContext<unknown> = {
    ...common,
    subtask: 0,
    metrics,
    splits,
    wake,
    fail: (error) => {
      failure ??= { error };
      wake();
    },
    wakeAfter: (delay) => void clock.after(readDelay(delay, "wakeAfter"), wake),
    openSplit: () => undefined,
    readSplit: () => undefined,
    finishSplit: () => undefined,
    requestSplits: () => undefined,
  };
  const output: SourceOutput<unknown> = {
    collect: (row) => void rows.push(row as Row),
    collectBatch: (batch) => {
      for (const row of rowsOfColumns(batch).rows) rows.push(row as Row);
    },
  };
  const reader = source.createReader(readerContext);
  try {
    await reader.open?.();
    for (;;) {
      isWoken = false;
      const result = reader.poll(output, POLL_RECORDS_MAX);
      const failed = failure as { readonly error: unknown } | null;
      if (failed !== null) throw failed.error;
      if (result === "end") return rows;
      if (result === "more" || isWoken) continue;
      await new Promise<void>((resolve) => {
        goOn = resolve;
        if (isWoken) resolve();
      });
    }
  } finally {
    await reader.close?.();
  }
}
