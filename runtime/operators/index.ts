/** Room `operators`: the ports of operators, sources and sinks, and the stream operators, one per file. */
export type { KeySelector, OperatorContext, OperatorFactory, Output, StreamOperator } from "./operator.ts";
export type { CommitOutcome, PlainSink, Sink, SinkContext, SinkWriter, TransactionWriter, TwoPhaseCommitSink } from "./sink.ts";
export type { PollResult, ReaderContext, Source, SourceContext, SourceOutput, SourceReader } from "./source.ts";
