/** Room `embedded/workloads`: the controller that makes pods of StatefulSets. */
export { StatefulSetController, type StatefulSetControllerOptions } from "./stateful-set-controller.ts";
