/**
 * Owns: the operator of a lookup join: a table's connector, asked as async I/O asks (AS-1 to AS-8), or read whole.
 *
 * LKST1 Rows that are being asked for are in the checkpoint, and are asked for again after a restore, with all of their time and calls: after a long halt each would have no more
 *     than a second, and a server that needs longer for all of them would fail the job again and again.
 */
import { assert, isPromiseLike, StreamError } from "../../base/index.ts";
import { asyncOperator, asyncPlan } from "../operators/index.ts";
import type { AsyncCall, AsyncFunction, AsyncRetry, OperatorFactory } from "../ports/index.ts";
import {
  isReadWhole,
  loadedLookupJoinOperator,
  type Lookup,
  lookupOf,
  type PlanNode,
  rowTypeOf,
} from "../sql/index.ts";
import { type AskedTable, tableConnector, type TableConnector, type TableLookup } from "../tables/index.ts";
import { lookupSettingsOf } from "./lookup-settings.ts";
import type { PlanWorld } from "./plan-world.ts";
import { descriptionOf, storedPlaces } from "./table-descriptions.ts";

type LookupJoinNode = Extract<PlanNode, { kind: "lookupJoin" }>;
type Row = Readonly<Record<string, unknown>>;
/** `isMissing`: the table was asked, and had no row. */
type Answer = { readonly rows: readonly Row[]; readonly isMissing: boolean };
type Asking = { readonly lookup: Lookup; readonly resource: unknown };

/** Before the second call for a row; each further wait is twice as long. */
const RETRY_DELAY = "1 s";

/** Errors: TableError. */
export function lookupOfTable(
  node: LookupJoinNode,
  connector: TableConnector = tableConnector(descriptionOf(node.name, node.table, "isRead")),
): TableLookup {
  const { table, columns, asks } = node;
  const made = connector.lookup?.({
    columns: storedPlaces(table, columns),
    asks: storedPlaces(
      table,
      asks.map(({ column }) => column),
    ),
  });
  assert(made !== undefined, "a connector that cannot be asked refuses it");
  assert((made.kind === "loaded") === isReadWhole(table), `plans know whether the table ${node.name} is read whole`);
  return made;
}

export function lookupJoinOperator(
  node: LookupJoinNode,
  { session, lookups = () => lookupSettingsOf(new Map()) }: PlanWorld,
): OperatorFactory<unknown, unknown> {
  const table = lookupOfTable(node);
  if (table.kind === "loaded") return loadedLookupJoinOperator(node, session, table.load);
  const { hint } = node;
  const set = lookups();
  const fn = asking(node, table, () => lookupOf(node, session));
  const retry = retryOf(hint?.retry ?? null, table.retries);
  const plan = {
    ...asyncPlan<Row, Answer, Asking>("lookup join", {
      order: hint?.order ?? set.order,
      capacity: hint?.capacity ?? set.capacity,
      timeout: hint?.timeoutMs ?? set.timeoutMs,
      ...(retry === null ? {} : { retry }),
    }),
    resumesAnew: true,
    lateRemedy: `look whether the server of ${node.name} answers, or give more time: SET 'table.exec.async-lookup.timeout', or 'timeout' in the hint LOOKUP`,
  };
  const recordsOf = ({ rows }: Answer): readonly Row[] => rows;
  const inputType = rowTypeOf(node.input.row);
  return asyncOperator({ name: "lookupJoin", fn, plan, recordsOf, inputType: inputType as never }) as OperatorFactory<
    unknown,
    unknown
  >;
}

/** SQHL2: one rule for calls that failed and rows without an answer. Null: nothing is asked twice. */
function retryOf(missing: NonNullable<LookupJoinNode["hint"]>["retry"], retries: number): AsyncRetry<Answer> | null {
  if (missing !== null)
    return {
      attempts: Math.max(missing.retries, retries) + 1,
      delay: missing.delayMs,
      onError: isWorthRepeating,
      onResult: ({ isMissing }) => isMissing,
    };
  return retries < 1 ? null : { attempts: retries + 1, delay: RETRY_DELAY, multiplier: 2, onError: isWorthRepeating };
}

const isWorthRepeating = (error: unknown): boolean => error instanceof StreamError && error.destiny === "retry";

function asking(
  { name }: LookupJoinNode,
  { fn }: AskedTable,
  createLookup: () => Lookup,
): AsyncFunction<Row, Answer, Asking> {
  return {
    open: async (context) => ({ lookup: createLookup(), resource: await fn.open?.({ ...context, name }) }),
    invoke: (row, call) => {
      const { lookup } = call.resource;
      const values = lookup.askedBy(row);
      const joined = (answers: readonly Row[]): Answer => ({
        rows: lookup.matches(row, answers).map((answer) => lookup.rowOf(row, answer)),
        isMissing: values !== null && answers.length === 0,
      });
      if (values === null) return joined([]);
      const answers = fn.invoke(values, callOf(call));
      return isPromiseLike(answers)
        ? (answers as PromiseLike<readonly Row[]>).then(joined)
        : joined(answers as readonly Row[]);
    },
    close: ({ resource }) => fn.close?.(resource),
  };
}

/** Its signal is made only for who asks for it. */
const callOf = (call: AsyncCall<Asking>): AsyncCall<unknown> => ({
  resource: call.resource.resource,
  attempt: call.attempt,
  timestamp: call.timestamp,
  get signal() {
    return call.signal;
  },
});
