/**
 * Owns: from plans to streams: each node of a plan becomes an operator, with the edges that it needs.
 * Does not own: what operators do (runtime/sql/operators), what connectors do (runtime/tables), scans and sinks (plan-ends.ts).
 *
 * PLST1 A node that stands in a plan twice, or in two plans of a job, is one operator: its uid says what it computes.
 * PLST2 Of an aggregate in two phases the first one stands ahead of the edge by its keys, in the chain of what it takes rows from.
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
  expiring,
  intervalJoinOperator,
  joinOperator,
  localAggregateOperator,
  localUidOf,
  normalizeOperator,
  operatorName,
  overOperator,
  partialKeysOf,
  type PlanMode,
  type PlanNode,
  rankOperator,
  rowTypeOf,
  sortOperator,
  temporalJoinOperator,
  unnestOperator,
  valuesRows,
  watermarksOf,
  windowAggregateOperator,
  windowJoinOperator,
  windowTableOperator,
} from "../sql/index.ts";
import { isSingle, keysOf, subtasksOf } from "./distribution.ts";
import { keyedOrigins } from "./keyed-origins.ts";
import { lookupJoinOperator } from "./lookup-streams.ts";
import { scanStream } from "./plan-ends.ts";
import type { PlanWorld } from "./plan-world.ts";

type Stream = DataStream<unknown>;
type NodeOf<K extends PlanNode["kind"]> = Extract<PlanNode, { kind: K }>;
type NodeWithInputs = Exclude<PlanNode, NodeOf<"scan" | "values" | "union" | "watermark">>;
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
    switch (node.kind) {
      case "scan":
        return scanStream(node, this.#world);
      case "values":
        return this.#values(node);
      case "union":
        return this.#union(node);
      case "watermark":
        return this.#watermark(node);
      default:
        return this.#operator(node, expiring(node, this.#logicOf(node)));
    }
  }

  #logicOf(node: NodeWithInputs): Logic {
    const { session, mode } = this.#world;
    switch (node.kind) {
      case "calc":
        return calcOperator(node, node.input.row, session);
      case "expand":
        return expandOperator(node);
      case "unnest":
        return unnestOperator(node, node.input.row, session);
      case "windowTable":
        return windowTableOperator(node, session);
      case "aggregate":
        return aggregateOperator(node, mode);
      case "windowAggregate":
        return windowAggregateOperator(node, session);
      case "over":
        return overOperator(node, session);
      case "rank":
        return rankOperator(node, session, mode);
      case "deduplicate":
        return deduplicateOperator(node, mode);
      case "normalize":
        return normalizeOperator(node);
      case "sort":
        return sortOperator(node, mode);
      case "join":
        return joinOperator(node, session, mode);
      case "intervalJoin":
        return intervalJoinOperator(node, session);
      case "windowJoin":
        return windowJoinOperator(node, session);
      case "lookupJoin":
        return lookupJoinOperator(node, this.#world);
      case "temporalJoin":
        return temporalJoinOperator(node, session);
      default:
        return unreachable(node);
    }
  }

  #values(node: NodeOf<"values">): Stream {
    const { env, session } = this.#world;
    const source = collectionSource(valuesRows(node, session), { type: rowTypeOf(node.row) });
    return env.fromSource(source, { uid: node.uid, name: "values", parallelism: 1 }) as Stream;
  }

  /** TDIS2: rows of one subtask that may be taken back are spread by all their columns, so that both go the same way. */
  #union(node: NodeOf<"union">): Stream {
    const { inputs, row, changes } = node;
    const streams = inputs.map((input) => this.streamOf(input));
    const { maker } = (streams[0] as Stream).parts;
    const spreads = changes !== "append" && !isSingle(node);
    const everyColumn = row.map((_column, place) => place);
    const origins = inputs.flatMap((input, index) => {
      const stream = streams[index] as Stream;
      return spreads && isSingle(input) ? keyedOrigins(stream, input.row, everyColumn) : stream.parts.origins;
    });
    return maker.stream(origins, rowTypeOf(row));
  }

  #watermark(node: NodeOf<"watermark">): Stream {
    const { session } = this.#world;
    const { maker, origins, type } = this.streamOf(node.input).parts;
    const id = maker.builder.add({
      role: "operator",
      defaultName: "watermarks",
      logic: ({ watermarkIntervalMs }: JobConfiguration) =>
        batchWatermarksOperator(
          forOwnWatermarks(),
          () => watermarksOf(node, session),
          // SQPM3
          Math.max(watermarkIntervalMs, node.everyMs ?? 0),
        ),
      isKeyed: false,
      outputType: type,
      sideOutputs: [],
      inputs: origins.map((origin) => ({ ...origin, input: 0 })),
      options: { uid: node.uid, ...subtasksOf(node) },
    });
    return maker.output(id, type, {}) as Stream;
  }

  #operator(node: NodeWithInputs, logic: Logic): Stream {
    const keys = keysOf(node);
    const inputs = "left" in node ? [node.left, node.right] : [node.input];
    const { maker } = this.streamOf(inputs[0] as PlanNode).parts;
    const origins = inputs.map((input, index): readonly StreamOrigin[] => {
      const stream = this.streamOf(input);
      if (node.kind === "aggregate" && node.isTwoPhase === true) return this.#localOrigins(node, stream);
      if (keys === null) return stream.parts.origins;
      return keyedOrigins(stream, input.row, "rightKeys" in node && index === 1 ? node.rightKeys : keys);
    });
    return addOperator({ maker, inputs: origins, isKeyed: keys !== null }, node.kind, logic, {
      uid: node.uid,
      name: operatorName(node),
      type: rowTypeOf(node.row),
      ...subtasksOf(node),
    });
  }

  /** PLST2 */
  #localOrigins(node: NodeOf<"aggregate">, { parts }: Stream): readonly StreamOrigin[] {
    const { maker, origins } = parts;
    const { logic, type } = localAggregateOperator(node);
    const { row, keys } = partialKeysOf(node);
    const local = addOperator({ maker, inputs: [origins], isKeyed: false }, "localAggregate", logic, {
      uid: localUidOf(node),
      name: `local ${operatorName(node)}`,
      type,
      ...subtasksOf(node.input),
    });
    return keyedOrigins(local, row, keys);
  }
}
