/**
 * Owns: from plans to streams: each node of a plan becomes an operator, with the edges that it needs.
 * Does not own: what operators do (runtime/sql/operators), what connectors do (runtime/tables), scans and sinks (plan-ends.ts).
 *
 * PLST1 A node that stands in a plan twice, or in two plans of a job, is one operator: its uid says what it computes.
 * PLST2 Rows of one key meet in one subtask, in the order in which they were emitted: edges by hash are by the columns that the node keeps its state by.
 *     What has no key has one subtask.
 */
import { unreachable } from "../../base/index.ts";
import { collectionSource } from "../connectors/basic/index.ts";
import { addOperator } from "../api/engine.ts";
import type { DataStream } from "../api/index.ts";
import type { JobConfiguration, StreamOrigin } from "../graph/index.ts";
import { batchWatermarksOperator } from "../operators/index.ts";
import type { OperatorFactory } from "../ports/index.ts";
import { forOwnWatermarks } from "../time/index.ts";
import {
  aggregateOperator,
  calcOperator,
  deduplicateOperator,
  expandOperator,
  intervalJoinOperator,
  joinOperator,
  overOperator,
  type PlanMode,
  type PlanNode,
  rankOperator,
  rowTypeOf,
  sortOperator,
  unnestOperator,
  valuesRows,
  watermarksOf,
  windowAggregateOperator,
  windowJoinOperator,
  windowTableOperator,
} from "../sql/index.ts";
import { keyedOrigins } from "./keyed-origins.ts";
import { scanStream } from "./plan-ends.ts";
import type { PlanWorld } from "./plan-world.ts";

type Stream = DataStream<unknown>;
type NodeOf<K extends PlanNode["kind"]> = Extract<PlanNode, { kind: K }>;
type Logic = OperatorFactory<unknown, unknown>;

export class PlanStreams {
  readonly #world: PlanWorld;
  /** By uid: it says what is computed. */
  readonly #made = new Map<string, Stream>();

  constructor(world: PlanWorld) {
    this.#world = world;
  }

  get mode(): PlanMode {
    return this.#world.mode;
  }

  /** Of rows as rowTypeOf says for the node's row. Errors: TableError, JOB_GRAPH_INVALID. */
  streamOf(node: PlanNode): Stream {
    const made = this.#made.get(node.uid) ?? this.#make(node);
    this.#made.set(node.uid, made);
    return made;
  }

  #make(node: PlanNode): Stream {
    const { session, mode } = this.#world;
    switch (node.kind) {
      case "scan":
        return scanStream(node, this.#world);
      case "values":
        return this.#values(node);
      case "union":
        return this.#union(node);
      case "watermark":
        return this.#watermark(node);
      case "calc":
        return this.#along(node, calcOperator(node, node.input.row, session));
      case "expand":
        return this.#along(node, expandOperator(node));
      case "unnest":
        return this.#along(node, unnestOperator(node, node.input.row, session));
      case "windowTable":
        return this.#windowTable(node);
      case "aggregate":
        return this.#byKey(node, node.groupBy, aggregateOperator(node, mode));
      case "windowAggregate":
        return this.#byKey(node, node.groupBy, windowAggregateOperator(node, session));
      case "over":
        return this.#byKey(node, node.partitionBy, overOperator(node, session));
      case "rank":
        return this.#byKey(node, node.partitionBy, rankOperator(node, mode));
      case "deduplicate":
        return this.#byKey(node, node.by, deduplicateOperator(node, mode));
      case "sort":
        return this.#byKey(node, [], sortOperator(node, mode));
      case "join":
        return this.#ofTwo(node, joinOperator(node, session, mode));
      case "intervalJoin":
        return this.#ofTwo(node, intervalJoinOperator(node, session));
      case "windowJoin":
        return this.#ofTwo(node, windowJoinOperator(node, session));
      default:
        return unreachable(node);
    }
  }

  #values(node: NodeOf<"values">): Stream {
    const { env, session } = this.#world;
    const source = collectionSource(valuesRows(node, session), { type: rowTypeOf(node.row) });
    return env.fromSource(source, { uid: node.uid, name: "values", parallelism: 1 }) as Stream;
  }

  #union({ inputs, row }: NodeOf<"union">): Stream {
    const streams = inputs.map((input) => this.streamOf(input));
    const { maker } = (streams[0] as Stream).parts;
    return maker.stream(
      streams.flatMap(({ parts }) => parts.origins),
      rowTypeOf(row),
    );
  }

  #watermark(node: NodeOf<"watermark">): Stream {
    const { session } = this.#world;
    const { maker, origins, type } = this.streamOf(node.input).parts;
    const id = maker.builder.add({
      role: "operator",
      defaultName: "watermarks",
      logic: ({ watermarkIntervalMs }: JobConfiguration) =>
        batchWatermarksOperator(forOwnWatermarks(), () => watermarksOf(node, session), watermarkIntervalMs),
      isKeyed: false,
      outputType: type,
      sideOutputs: [],
      inputs: origins.map((origin) => ({ ...origin, input: 0 })),
      options: { uid: node.uid },
    });
    return maker.output(id, type, {}) as Stream;
  }

  #windowTable(node: NodeOf<"windowTable">): Stream {
    const { session } = this.#world;
    const logic = windowTableOperator(node, session);
    return node.window.kind === "session" ? this.#byKey(node, node.window.partition, logic) : this.#along(node, logic);
  }

  /** Subtask to subtask. */
  #along(node: NodeOf<"calc" | "expand" | "unnest" | "windowTable">, logic: Logic): Stream {
    const { maker, origins } = this.streamOf(node.input).parts;
    return addOperator({ maker, inputs: [origins], isKeyed: false }, node.kind, logic, {
      uid: node.uid,
      type: rowTypeOf(node.row),
    });
  }

  #byKey(node: PlanNode & { readonly input: PlanNode }, keys: readonly number[], logic: Logic): Stream {
    const { maker } = this.streamOf(node.input).parts;
    return this.#keyed(node, maker, [keyedOrigins(this.streamOf(node.input), node.input.row, keys)], keys, logic);
  }

  #ofTwo(node: NodeOf<"join" | "intervalJoin" | "windowJoin">, logic: Logic): Stream {
    const { left, right, leftKeys, rightKeys } = node;
    const { maker } = this.streamOf(left).parts;
    const inputs = [
      keyedOrigins(this.streamOf(left), left.row, leftKeys),
      keyedOrigins(this.streamOf(right), right.row, rightKeys),
    ];
    return this.#keyed(node, maker, inputs, leftKeys, logic);
  }

  #keyed(
    node: PlanNode,
    maker: Stream["parts"]["maker"],
    inputs: readonly (readonly StreamOrigin[])[],
    keys: readonly number[],
    logic: Logic,
  ): Stream {
    return addOperator({ maker, inputs, isKeyed: true }, node.kind, logic, {
      uid: node.uid,
      type: rowTypeOf(node.row),
      ...(keys.length === 0 ? { parallelism: 1 } : {}),
    });
  }
}
