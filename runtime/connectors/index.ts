/**
 * Room `connectors`: what a job reads from and writes to, and the ports for one's own (docs/connectors.md).
 *
 *   env.fromSource(textFiles({ path: "books", recursive: true }), …)      lines of files; offsets in state
 *   env.fromSource(generatorSource({ generate: (index) => …, ratePerSecond: 1000 }), …)
 *   stream.sinkTo(filesSink({ directory: "out" }))                       exactly-once: parts appear when a checkpoint completes
 *   stream.sinkTo(printSink())
 */
export type {
  CommitOutcome,
  PlainSink,
  PollResult,
  ReaderContext,
  Sink,
  SinkContext,
  SinkWriter,
  Source,
  SourceContext,
  SourceOutput,
  SourceReader,
  TransactionWriter,
  TwoPhaseCommitSink,
} from "../operators/index.ts";
export { type CollectionOptions, collectionSource } from "./collection/source.ts";
export { discardSink } from "./discard/sink.ts";
export { type FilesSinkOptions, type FilesTransaction, filesSink } from "./files/sink.ts";
export { type GeneratorOptions, generatorSource } from "./generator/source.ts";
export { type PrintOptions, printSink } from "./print/sink.ts";
export { type SocketTextOptions, socketTextSource } from "./socket/source.ts";
export type { StridedSplit } from "./strided-order.ts";
export { type TextFileSplit, type TextFilesOptions, textFiles } from "./text-files/source.ts";
