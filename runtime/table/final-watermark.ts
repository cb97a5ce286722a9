/**
 * Owns: streams of the job as bounded tables: their watermarks are left out, but for the last one.
 *
 * FWMK1 In batch mode no row is late, and windows end with the input (SQPF2), whatever watermarks a stream of the job brings.
 */
import { addOperator } from "../api/engine.ts";
import type { DataStream } from "../api/index.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../ports/index.ts";

class FinalWatermark implements StreamOperator<unknown, unknown> {
  readonly ownsWatermarks = true;
  readonly emits = "input";
  #output!: Output<unknown>;

  open(_context: OperatorContext, output: Output<unknown>): void {
    this.#output = output;
  }

  process(value: unknown, timestamp: number): void {
    this.#output.collect(value, timestamp);
  }
}

const finalWatermark: OperatorFactory<unknown, unknown> = {
  kind: "operator",
  name: "finalWatermark",
  create: () => new FinalWatermark(),
};

/** `uid`: of the scan. */
export function withFinalWatermark({ parts, type }: DataStream<unknown>, uid: string): DataStream<unknown> {
  const { maker, origins } = parts;
  const options = { uid: `${uid}:bounded`, name: "bounded", type };
  return addOperator({ maker, inputs: [origins], isKeyed: false }, "finalWatermark", finalWatermark, options);
}
