/**
 * Owns: a stream of which every subtask of the next operation gets every record.
 */
import { DataStream } from "./data-stream.ts";

/** Connect another stream to it, `orders.connect(rules.broadcast())`, for broadcast state; or go on as with any stream. */
export class BroadcastStream<T> extends DataStream<T> {
  /** Tells it from other streams where types are compared by their shape. */
  readonly isBroadcast = true;
}
