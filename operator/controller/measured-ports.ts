/**
 * Owns: the two ports to the outside with every call counted.
 *
 * MEP1 A call is passed on as it is, and so is its answer or error.
 */
import type { Answer, JobManagerApi } from "../engine/index.ts";
import { isApiError, type Kind, type KubernetesApi } from "../kubernetes/api/index.ts";
import type { ControllerMetrics } from "./metrics.ts";

/** The API server, with requests counted by verb, kind and outcome. */
export function measuredApi(api: KubernetesApi, { apiRequests }: ControllerMetrics): KubernetesApi {
  const counted = async <T>(verb: string, kind: Kind, request: Promise<T>): Promise<T> => {
    try {
      const answer = await request;
      apiRequests.inc({ verb, kind, outcome: "ok" });
      return answer;
    } catch (error) {
      apiRequests.inc({ verb, kind, outcome: isApiError(error) ? error.reason : "error" });
      throw error;
    }
  };
  return {
    get: (kind, key, options) => counted("get", kind, api.get(kind, key, options)),
    list: (kind, options) => counted("list", kind, api.list(kind, options)),
    watch: async (kind, options, onEvent) => {
      const end = await api.watch(kind, options, onEvent);
      apiRequests.inc({ verb: "watch", kind, outcome: end.kind });
      return end;
    },
    create: (kind, object, options) => counted("create", kind, api.create(kind, object, options)),
    update: (kind, object, options) => counted("update", kind, api.update(kind, object, options)),
    updateStatus: (kind, object, options) => counted("updateStatus", kind, api.updateStatus(kind, object, options)),
    patch: (kind, key, patch, options) => counted("patch", kind, api.patch(kind, key, patch, options)),
    apply: (kind, object, options) => counted("apply", kind, api.apply(kind, object, options)),
    delete: (kind, key, options) => counted("delete", kind, api.delete(kind, key, options)),
    logs: (pod, options) => counted("logs", "Pod", api.logs(pod, options)),
  };
}

/** JobManagers, with calls counted by name and outcome. */
export function measuredJobManagers(jobManagers: JobManagerApi, { jobManagerCalls }: ControllerMetrics): JobManagerApi {
  const counted = async <T>(call: keyof JobManagerApi, sent: Promise<Answer<T>>): Promise<Answer<T>> => {
    const answer = await sent;
    jobManagerCalls.inc({ call, outcome: answer.kind });
    return answer;
  };
  return {
    incarnation: (target, signal) => counted("incarnation", jobManagers.incarnation(target, signal)),
    preflight: (target, from, signal) => counted("preflight", jobManagers.preflight(target, from, signal)),
    activate: (target, activation, signal) => counted("activate", jobManagers.activate(target, activation, signal)),
    stop: (target, trigger, signal) => counted("stop", jobManagers.stop(target, trigger, signal)),
    checkpoint: (target, triggerId, signal) => counted("checkpoint", jobManagers.checkpoint(target, triggerId, signal)),
    savepoint: (target, trigger, signal) => counted("savepoint", jobManagers.savepoint(target, trigger, signal)),
    trigger: (target, id, signal) => counted("trigger", jobManagers.trigger(target, id, signal)),
    cancel: (target, signal) => counted("cancel", jobManagers.cancel(target, signal)),
    disposeSavepoint: (target, request, signal) =>
      counted("disposeSavepoint", jobManagers.disposeSavepoint(target, request, signal)),
    disposal: (target, id, signal) => counted("disposal", jobManagers.disposal(target, id, signal)),
    collect: (target, request, signal) => counted("collect", jobManagers.collect(target, request, signal)),
    collection: (target, id, signal) => counted("collection", jobManagers.collection(target, id, signal)),
    exceptions: (target, signal) => counted("exceptions", jobManagers.exceptions(target, signal)),
  };
}
