/**
 * Owns: where a job module starts: settings, arguments, and the sources of streams.
 * Called by: load.ts, which makes one for each build.
 */
import { StreamError } from "../../base/index.ts";
import { collectionSource } from "../connectors/basic/index.ts";
import {
  type ConfigurationChange,
  defaultConfiguration,
  type JobConfiguration,
  mergeConfiguration,
  parseOptions,
} from "../graph/index.ts";
import type { Source } from "../ports/index.ts";
import type { ValueType } from "../record/index.ts";
import type { WatermarkStrategy } from "../time/index.ts";
import type { DataStream } from "./data-stream.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import { checkOperatorOptions, type OperatorOptions } from "./operator-options.ts";
import { type JobSettings, readSettings } from "./settings.ts";
import { Streams } from "./streams.ts";

/** `watermarks`: event time right at the source, the best place for it. */
export type SourceOptions<T> = OperatorOptions & { readonly watermarks?: WatermarkStrategy<T> };

export class StreamEnvironment {
  /** What stood after `--` on the command line. */
  readonly args: readonly string[];
  readonly #builder: GraphBuilder;
  readonly #streams: Streams;
  #configuration: JobConfiguration;

  /** @internal For the API itself; a job's build function gets one. */
  constructor(
    builder: GraphBuilder,
    start: { readonly args: readonly string[]; readonly settings: ConfigurationChange },
  ) {
    this.args = start.args;
    this.#builder = builder;
    this.#streams = new Streams(builder);
    this.#configuration = mergeConfiguration(defaultConfiguration(), start.settings);
  }

  /**
   * Sets the job's settings; what is left out stays as it was. `-D name=value` on the command line goes over these.
   * Errors: OPTION_UNKNOWN, OPTION_INVALID.
   */
  configure(settings: JobSettings): void {
    this.#builder.assertOpen("configure");
    this.#configuration = mergeConfiguration(this.#configuration, readSettings(settings));
  }

  /** @internal The same as `configure`, by the names that `-D` has. Errors: OPTION_UNKNOWN, OPTION_INVALID. */
  setOptions(options: Readonly<Record<string, string>>): void {
    this.#configuration = mergeConfiguration(this.#configuration, parseOptions(options));
  }

  /** A stream of what a source reads; its type is the source's. */
  fromSource<T, S>(source: Source<T, S>, options: SourceOptions<T> = {}): DataStream<T> {
    const { watermarks, ...operatorOptions } = options;
    checkOperatorOptions("fromSource", operatorOptions, ["watermarks"]);
    if (source?.kind !== "source") {
      throw new StreamError(
        "JOB_GRAPH_INVALID",
        "fromSource takes a source, such as textFiles() of streamjob/connectors/files",
        {
          destiny: "terminal",
        },
      );
    }
    const id = this.#builder.add({
      role: "source",
      defaultName: source.name,
      logic: () => source,
      isKeyed: false,
      outputType: source.type,
      sideOutputs: [],
      inputs: [],
      options: operatorOptions,
    });
    const stream = this.#streams.output(id, source.type, {});
    if (watermarks === undefined) return stream;
    const { uid, name, chaining: _ofTheSource, ...subtasks } = operatorOptions;
    return stream.assignTimestampsAndWatermarks(watermarks, {
      ...subtasks,
      ...(uid === undefined ? {} : { uid: `${uid}:watermarks` }),
      name: `${name ?? source.name} watermarks`,
    });
  }

  /** A bounded stream of the values given; for tests and small tables. */
  fromCollection<T>(
    values: readonly T[],
    options: SourceOptions<T> & { readonly type?: ValueType<T> } = {},
  ): DataStream<T> {
    const { type, ...sourceOptions } = options;
    return this.fromSource(collectionSource(values, type === undefined ? {} : { type }), sourceOptions);
  }

  /** For the loader: what code has set so far. */
  configuration(): JobConfiguration {
    return this.#configuration;
  }
}
