/**
 * Owns: what the API server fills in for kinds that are Kubernetes' own, as far as somebody could stumble over it. Pure.
 * Not done: what only matters on a real node or network (allocated cluster IPs, service account tokens, tolerations).
 *
 * KD1 Only absent members are filled in; a second round changes nothing.
 */
import { isObject, type Json, type JsonObject, listAt, objectAt, textAt } from "./json-value.ts";

type Fill = (value: JsonObject) => JsonObject;

/** `{...defaults, ...value}`, but null counts as absent. */
function fill(value: JsonObject, defaults: JsonObject): JsonObject {
  const absent = Object.entries(defaults).filter(([key]) => (value[key] ?? null) === null);
  return absent.length === 0 ? value : { ...value, ...Object.fromEntries(absent) };
}

/** Changes the object under a key, if there is one. */
function within(value: JsonObject, key: string, change: Fill): JsonObject {
  const child = value[key];
  return isObject(child) ? { ...value, [key]: change(child) } : value;
}

function eachOf(value: JsonObject, key: string, change: Fill): JsonObject {
  const items = value[key];
  if (!Array.isArray(items)) return value;
  return { ...value, [key]: items.map((item: Json) => (isObject(item) ? change(item) : item)) };
}

const probe: Fill = (value) => {
  const filled = fill(value, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
  return within(filled, "httpGet", (get) => fill(get, { path: "/", scheme: "HTTP" }));
};

const environment: Fill = (variable) =>
  within(variable, "valueFrom", (from) =>
    within(from, "fieldRef", (reference) => fill(reference, { apiVersion: "v1" })),
  );

const container: Fill = (value) => {
  const image = textAt(value, "image");
  const tag = image.slice(image.lastIndexOf("/") + 1).split(":")[1];
  const isMoving = !image.includes("@") && (tag === undefined || tag === "latest");
  let filled = fill(value, {
    imagePullPolicy: isMoving ? "Always" : "IfNotPresent",
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
  filled = eachOf(filled, "ports", (port) => fill(port, { protocol: "TCP" }));
  filled = eachOf(filled, "env", environment);
  for (const key of ["readinessProbe", "livenessProbe", "startupProbe"]) filled = within(filled, key, probe);
  return filled;
};

const volume: Fill = (value) => {
  const withMode = within(value, "configMap", (source) => fill(source, { defaultMode: 420 }));
  return within(withMode, "secret", (source) => fill(source, { defaultMode: 420 }));
};

const podSpec: Fill = (spec) => {
  let filled = fill(spec, {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
  });
  filled = eachOf(filled, "containers", container);
  filled = eachOf(filled, "initContainers", container);
  return eachOf(filled, "volumes", volume);
};

const servicePort: Fill = (port) =>
  fill(port, { protocol: "TCP", ...(port["port"] === undefined ? {} : { targetPort: port["port"] }) });

/** By kind; a kind that is not here has no defaults. */
export const kindDefaults: Readonly<Record<string, Fill>> = {
  Pod: (pod) => within(pod, "spec", (spec) => fill(podSpec(spec), { enableServiceLinks: true })),
  StatefulSet: (set) =>
    within(set, "spec", (spec) => {
      const filled = fill(spec, {
        replicas: 1,
        podManagementPolicy: "OrderedReady",
        revisionHistoryLimit: 10,
        updateStrategy: { type: "RollingUpdate" },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      });
      const withStrategy = within(filled, "updateStrategy", (strategy) =>
        textAt(strategy, "type") === "RollingUpdate"
          ? within(fill(strategy, { rollingUpdate: {} }), "rollingUpdate", (rolling) => fill(rolling, { partition: 0 }))
          : strategy,
      );
      return within(withStrategy, "template", (template) => within(template, "spec", podSpec));
    }),
  Secret: (secret) => fill(secret, { type: "Opaque" }),
  Service: (service) =>
    within(service, "spec", (spec) =>
      eachOf(fill(spec, { type: "ClusterIP", sessionAffinity: "None" }), "ports", servicePort),
    ),
};

/** The status that a new object begins with, where a kind has one. */
export const firstStatus: Readonly<Record<string, JsonObject>> = {
  Pod: { phase: "Pending" },
  StatefulSet: { replicas: 0, availableReplicas: 0 },
  Service: { loadBalancer: {} },
  PodDisruptionBudget: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
};

/** Members of a list by one of their members: for rules that compare two versions of a pod. */
export function containersOf(spec: JsonObject, key: "containers" | "initContainers"): readonly JsonObject[] {
  return listAt(spec, key).filter(isObject);
}

export function podTemplateSpec(set: JsonObject): JsonObject {
  return objectAt(objectAt(objectAt(set, "spec"), "template"), "spec");
}
