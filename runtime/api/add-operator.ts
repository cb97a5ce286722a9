/**
 * Owns: what every operation that makes an operator does: its options and type checked, its node added, its output made a stream.
 * Called by: the kinds of streams.
 */
import { StreamError } from "../../base/index.ts";
import type { StreamEdge, StreamOrigin } from "../graph/index.ts";
import type { OperatorFactory, SideOutputTypes } from "../ports/index.ts";
import { t, type ValueType } from "../record/index.ts";
import type { DataStream } from "./data-stream.ts";
import { checkOperatorOptions, checkType, type OperatorOptions } from "./operator-options.ts";
import type { StreamMaker } from "./stream-maker.ts";

export type AnyOptions<O> = OperatorOptions & { readonly type?: ValueType<O> | undefined };

/** Where an operator stands: what it takes, input by input. */
export type OperatorPlace = {
  readonly maker: StreamMaker;
  readonly inputs: readonly (readonly StreamOrigin[])[];
  readonly isKeyed: boolean;
};

/** `operation`: what the user called, for messages. */
export function addOperator<I, O, X extends SideOutputTypes>(
  { maker, inputs, isKeyed }: OperatorPlace,
  operation: string,
  logic: OperatorFactory<I, O>,
  options: AnyOptions<O>,
): DataStream<O, X> {
  const { type = t.anyOf<O>(), ...operatorOptions } = options;
  checkOperatorOptions(operation, operatorOptions);
  checkType(operation, type);
  const sideOutputs = (logic.sideOutputs ?? {}) as X;
  const id = maker.builder.add({
    role: "operator",
    defaultName: logic.name,
    logic: () => logic,
    isKeyed,
    outputType: type,
    sideOutputs: Object.entries(sideOutputs).map(([name, ofRecords]) => ({ name, type: ofRecords })),
    inputs: edgesOf(inputs),
    options: operatorOptions,
  });
  return maker.output(id, type, sideOutputs);
}

/** The edges of all inputs, in their order. */
export function edgesOf(inputs: readonly (readonly StreamOrigin[])[]): readonly StreamEdge[] {
  return inputs.flatMap((origins, input) => origins.map((origin) => ({ ...origin, input })));
}

/** What a job's graph cannot be. */
export function invalidGraph(message: string): StreamError {
  return new StreamError("JOB_GRAPH_INVALID", message, { destiny: "terminal" });
}
