/**
 * Owns: a table as a job module sees it: the result of a query, and the ways on from there.
 *
 * TBLE1 It is a description, as streams are: nothing is planned into operators until it is asked for as a stream, and then once.
 */
import { StreamError } from "../../base/index.ts";
import type { DataStream, OperatorOptions } from "../api/index.ts";
import type { OperatorFactory } from "../ports/index.ts";
import { addOperator } from "../api/engine.ts";
import { printSink } from "../connectors/basic/index.ts";
import { t, type ValueType } from "../record/index.ts";
import { castToText, type PlanNode, rowTypeOf, typeText, valueTypeOf } from "../sql/index.ts";
import {
  changelogOperator,
  type ChangelogRecord,
  changelogType,
  retractOperator,
  type RetractRecord,
  retractType,
} from "./changes.ts";
import { subtasksOf } from "./distribution.ts";
import { keyedOrigins } from "./keyed-origins.ts";
import { printedTable } from "./printed-table.ts";
import { rowTimestampsOperator } from "./row-timestamps.ts";
import type { PlanStreams } from "./plan-streams.ts";

export type TableColumn = {
  readonly name: string;
  /** As SQL writes it: `DECIMAL(10, 2) NOT NULL`. */
  readonly type: string;
};

/** `R`: its rows; nothing checks that they are. */
export class Table<R = Record<string, unknown>> {
  readonly #plan: PlanNode;
  readonly #streams: PlanStreams;

  /** @internal For the room itself. */
  constructor(plan: PlanNode, streams: PlanStreams) {
    this.#plan = plan;
    this.#streams = streams;
  }

  get columns(): readonly TableColumn[] {
    return this.#plan.row.map(({ name, type }) => ({ name, type: typeText(type) }));
  }

  /** Of the records of its streams. Errors: JOB_GRAPH_INVALID, for a column that no stream has. */
  get type(): ValueType<R> {
    for (const { name, type } of this.#plan.row) {
      const value = valueTypeOf(type);
      if (value.kind === "refused") throw invalid(`the column ${name}: ${value.reason}. ${value.remedy}`);
    }
    return rowTypeOf(this.#plan.row) as ValueType<R>;
  }

  /** Its rows, when none of them ever changes. Errors: JOB_GRAPH_INVALID for results that change. */
  toStream(options: OperatorOptions = {}): DataStream<R> {
    if (this.#plan.changes !== "append")
      throw invalid(
        "the result of this query changes, and toStream would take what is taken back for new. Use toRetractStream or toChangelogStream, or group by windows",
      );
    const { type } = this;
    const { parts } = this.#stream();
    const rowtime = this.#plan.row.findIndex(({ time }) => time === "rowtime");
    if (rowtime < 0) return parts.maker.stream(parts.origins, type);
    return addOperator(
      { maker: parts.maker, inputs: [parts.origins], isKeyed: false },
      "toStream",
      rowTimestampsOperator(rowtime) as OperatorFactory<unknown, R>,
      { ...options, type },
    );
  }

  /** A record for each change: `{ isAdded: true, row }` for a row that is new, `{ isAdded: false, row }` for one that is taken back. */
  toRetractStream(options: OperatorOptions = {}): DataStream<RetractRecord<R>> {
    return this.#changes<RetractRecord<R>>("toRetractStream", retractOperator, {
      ...options,
      type: retractType(this.type),
    });
  }

  /** A record for each change: `{ kind: "+I" | "-U" | "+U" | "-D", row }`. */
  toChangelogStream(options: OperatorOptions = {}): DataStream<ChangelogRecord<R>> {
    return this.#changes<ChangelogRecord<R>>("toChangelogStream", changelogOperator, {
      ...options,
      type: changelogType(this.type),
    });
  }

  /** Prints it on the standard output of a TaskManager: changes when they come, or in batch mode the whole table with its schema. */
  print(options: OperatorOptions = {}): void {
    const { uid, ...others } = options;
    const texts = this.#streams.streamOf(castToText(this.#plan));
    const { maker } = texts.parts;
    const inputs = [keyedOrigins(texts, this.#plan.row, [])];
    const lines = addOperator(
      { maker, inputs, isKeyed: false },
      "print",
      printedTable(this.#plan.row, this.#streams.mode),
      {
        ...others,
        ...(uid === undefined ? {} : { uid: `${uid}:table` }),
        type: t.string,
        parallelism: 1,
      },
    );
    lines.sinkTo(printSink(), { ...options, parallelism: 1 });
  }

  #stream(): DataStream<unknown> {
    return this.#streams.streamOf(this.#plan);
  }

  #changes<O>(
    operation: string,
    logic: OperatorFactory<unknown, unknown>,
    options: OperatorOptions & { type: ValueType<O> },
  ): DataStream<O> {
    const { maker, origins } = this.#stream().parts;
    return addOperator({ maker, inputs: [origins], isKeyed: false }, operation, logic as OperatorFactory<unknown, O>, {
      ...subtasksOf(this.#plan),
      ...options,
    });
  }
}

function invalid(message: string): StreamError {
  return new StreamError("JOB_GRAPH_INVALID", `table: ${message}.`, { destiny: "terminal" });
}
