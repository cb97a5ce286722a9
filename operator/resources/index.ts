/** Room `operator/resources`, pure: a spec as Kubernetes objects; names, labels, owners. */
export {
  type IncarnationChildren,
  type IncarnationInput,
  incarnationChildren,
  storeUriIn,
} from "./incarnation-children.ts";
export { controllerRevision, disruptionBudget, type RevisionData, restService } from "./job-children.ts";
export {
  type Component,
  disruptionBudgetName,
  incarnationName,
  incarnationOf,
  jobLabels,
  jobManagerHost,
  podLabels,
  REST_PORT,
  restServiceName,
  revisionName,
  statefulSetName,
} from "./names.ts";
export { isOwnedBy, ownedBy } from "./owner.ts";
