/**
 * Owns: the one maker of all kinds of streams of a job (SMK1).
 */
import type { StreamOrigin } from "../graph/index.ts";
import type { SideOutputTypes } from "../ports/index.ts";
import type { Key, ValueType } from "../record/index.ts";
import { BroadcastConnectedStream, KeyedBroadcastConnectedStream } from "./broadcast-connected-stream.ts";
import { BroadcastStream } from "./broadcast-stream.ts";
import { ConnectedStreams, KeyedConnectedStreams } from "./connected-streams.ts";
import { DataStream } from "./data-stream.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import { KeyedStream } from "./keyed-stream.ts";
import type { StreamMaker, StreamParts } from "./stream-maker.ts";

export class Streams implements StreamMaker {
  readonly builder: GraphBuilder;

  constructor(builder: GraphBuilder) {
    this.builder = builder;
  }

  stream<T>(origins: readonly StreamOrigin[], type: ValueType<T>): DataStream<T> {
    return new DataStream({ maker: this, origins, type });
  }

  output<O, X extends SideOutputTypes>(node: number, type: ValueType<O>, sideOutputs: X): DataStream<O, X> {
    const origins = [{ from: node, sideOutput: null, partitioning: { kind: "forward" } }] as const;
    return new DataStream({ maker: this, origins, type }, { node, types: sideOutputs });
  }

  keyed<K extends Key, T>(origins: readonly StreamOrigin[], type: ValueType<T>): KeyedStream<K, T> {
    return new KeyedStream({ maker: this, origins, type });
  }

  broadcast<T>(origins: readonly StreamOrigin[], type: ValueType<T>): BroadcastStream<T> {
    return new BroadcastStream({ maker: this, origins, type });
  }

  connect<A, B>(first: StreamParts<A>, second: StreamParts<B>): ConnectedStreams<A, B> {
    return new ConnectedStreams(first, second);
  }

  connectKeyed<K extends Key, A, B>(first: StreamParts<A>, second: StreamParts<B>): KeyedConnectedStreams<K, A, B> {
    return new KeyedConnectedStreams(first, second);
  }

  connectBroadcast<T, B>(first: StreamParts<T>, second: StreamParts<B>): BroadcastConnectedStream<T, B> {
    return new BroadcastConnectedStream(first, second);
  }

  connectKeyedBroadcast<K extends Key, T, B>(
    first: StreamParts<T>,
    second: StreamParts<B>,
  ): KeyedBroadcastConnectedStream<K, T, B> {
    return new KeyedBroadcastConnectedStream(first, second);
  }
}
