/** Room `operator/observe`: what there is of a StreamJob, from the watch caches and its JobManagers, as an Observed. Writes nothing. */
export { ExceptionMemory, type ExceptionNews } from "./exception-memory.ts";
export { type Change, JobLinks } from "./job-links.ts";
export { type ObjectReader, type ObjectReaders, type WatchedKind, watchedKinds } from "./object-reader.ts";
export { type Look, type ObserveDeps, observe } from "./observe.ts";
export { orphansOf } from "./orphans.ts";
export { storedStatus } from "./stored-status.ts";
