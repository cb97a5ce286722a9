/** Room `connectors/basic` (`streamjob/connectors/basic`): collections and generators as sources; print and discard as sinks. */
export { type CollectionOptions, collectionSource } from "./collection-source.ts";
export { discardSink } from "./discard-sink.ts";
export { type GeneratorOptions, generatorSource } from "./generator-source.ts";
export { type PrintOptions, printSink } from "./print-sink.ts";
export type { StridedSplit } from "./strided-order.ts";
