/**
 * Owns: the sink that throws everything away: for benchmarks, where the job itself is measured.
 */
import type { PlainSink, SinkWriter } from "../../ports/index.ts";

const writer: SinkWriter<unknown> = { write() {} };

/** Takes every record and does nothing with it. `name`: default `discard`. */
export function discardSink<T>(options: { readonly name?: string } = {}): PlainSink<T> {
  return { kind: "sink", name: options.name ?? "discard", guarantee: "at-least-once", createWriter: () => writer };
}
