/**
 * Owns: what streams need to make others: the graph that they describe, and one maker for all kinds of streams.
 *
 * SMK1 The kinds of streams make each other (`keyBy`, `connect`, `process`), so each is handed the maker instead of importing the others.
 */
import type { StreamOrigin } from "../graph/index.ts";
import type { SideOutputTypes } from "../ports/index.ts";
import type { Key, ValueType } from "../record/index.ts";
import type { BroadcastConnectedStream, KeyedBroadcastConnectedStream } from "./broadcast-connected-stream.ts";
import type { BroadcastStream } from "./broadcast-stream.ts";
import type { ConnectedStreams, KeyedConnectedStreams } from "./connected-streams.ts";
import type { DataStream } from "./data-stream.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import type { KeyedStream } from "./keyed-stream.ts";

/** Records of one type, from one or more producers. */
export type StreamParts<T> = {
  readonly maker: StreamMaker;
  readonly origins: readonly StreamOrigin[];
  readonly type: ValueType<T>;
};

export interface StreamMaker {
  readonly builder: GraphBuilder;
  stream<T>(origins: readonly StreamOrigin[], type: ValueType<T>): DataStream<T>;
  /** Of an operator that was just added, with the side outputs that it declares. */
  output<O, X extends SideOutputTypes>(node: number, type: ValueType<O>, sideOutputs: X): DataStream<O, X>;
  keyed<K extends Key, T>(origins: readonly StreamOrigin[], type: ValueType<T>): KeyedStream<K, T>;
  broadcast<T>(origins: readonly StreamOrigin[], type: ValueType<T>): BroadcastStream<T>;
  connect<A, B>(first: StreamParts<A>, second: StreamParts<B>): ConnectedStreams<A, B>;
  connectKeyed<K extends Key, A, B>(first: StreamParts<A>, second: StreamParts<B>): KeyedConnectedStreams<K, A, B>;
  connectBroadcast<T, B>(first: StreamParts<T>, second: StreamParts<B>): BroadcastConnectedStream<T, B>;
  connectKeyedBroadcast<K extends Key, T, B>(
    first: StreamParts<T>,
    second: StreamParts<B>,
  ): KeyedBroadcastConnectedStream<K, T, B>;
}
