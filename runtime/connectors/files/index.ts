/** Room `connectors/files` (`streamjob/connectors/files`): lines of text files as a source; an exactly-once sink of part files. */
export type { TextFileSplit } from "./discovery.ts";
export { filesSink, type FilesSinkOptions, type FilesTransaction } from "./files-sink.ts";
export { textFiles, type TextFilesOptions } from "./text-source.ts";
