/** Room `operators`: the ports of operators, sources and sinks, and the stream operators, one per file. */
export { asyncOperator, recordList, singleRecord } from "./async/async-operator.ts";
export { asyncPlan } from "./async/async-options.ts";
export { workerPool, type WorkerPoolOptions } from "./async/worker-pool.ts";
export { aggregateOperator } from "./keyed/aggregate-operator.ts";
export { columnSumOperator } from "./keyed/column-sum-operator.ts";
export {
  aggregating,
  broadcastList,
  broadcastMap,
  list,
  map,
  operatorList,
  reducing,
  unionList,
  value,
} from "./declared-state.ts";
export {
  broadcastProcessOperator,
  coProcessOperator,
  keyedBroadcastProcessOperator,
  keyedCoProcessOperator,
} from "./connected/co-process-operator.ts";
export { pairedOperator } from "./connected/paired-operator.ts";
export { filterOperator } from "./basic/filter-operator.ts";
export { flatMapOperator } from "./basic/flat-map-operator.ts";

export { keyedProcessOperator } from "./keyed/keyed-process-operator.ts";
export { mapOperator } from "./basic/map-operator.ts";

export { processOperator } from "./basic/process-operator.ts";
export { reduceOperator } from "./keyed/reduce-operator.ts";

export { sinkOperator } from "./sink/sink-operator.ts";

export { assertSynchronous } from "./synchronous-function.ts";
export { sumOperator } from "./keyed/sum-operator.ts";
export { batchWatermarksOperator, type HighestOf } from "./basic/batch-watermarks-operator.ts";
export { timestampsAndWatermarksOperator } from "./basic/timestamps-and-watermarks-operator.ts";
export { UserCall } from "./user-call.ts";
