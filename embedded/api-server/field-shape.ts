/**
 * Owns: how each field is merged by server-side apply: by its members, as a whole, as entries with keys, or as a set. Pure data.
 *
 * Done: Kubernetes' own merge keys for what the operator writes (containers, env, ports, volumes, mounts, conditions, owners,
 * finalizers, service ports), atomic selectors and references; for our own kinds, what their schema says (x-kubernetes-list-type,
 * -list-map-keys, -map-type).
 * Not done: other lists of Kubernetes' own kinds count as atomic; objects without a shape merge by their members, as with unknown
 * schemas in Kubernetes.
 */
import type { Kind } from "../../operator/kubernetes/api/index.ts";
import { isObject, type Json, type JsonObject, listAt, objectAt } from "./json-value.ts";

export type FieldShape =
  | {
      readonly kind: "members";
      readonly known: Readonly<Record<string, FieldShape>>;
      /** Of members that are not known. */
      readonly others?: FieldShape;
    }
  | { readonly kind: "atomic" }
  | {
      readonly kind: "entries";
      /** Members that tell entries apart, with what an absent one counts as. */
      readonly keys: Readonly<Record<string, Json | undefined>>;
      readonly entry: FieldShape;
    }
  | { readonly kind: "set" };

const atomic: FieldShape = { kind: "atomic" };
const set: FieldShape = { kind: "set" };
const members = (known: Readonly<Record<string, FieldShape>>): FieldShape => ({ kind: "members", known });
const entries = (keys: Readonly<Record<string, Json | undefined>>, entry: FieldShape = members({})): FieldShape => ({
  kind: "entries",
  keys,
  entry,
});
const byName = (entry?: FieldShape): FieldShape => entries({ name: undefined }, entry);

/** An object about whose members nothing is known. */
const ANY: FieldShape = members({});

const envVar = members({
  valueFrom: members({ configMapKeyRef: atomic, secretKeyRef: atomic, fieldRef: atomic, resourceFieldRef: atomic }),
});
const container = members({
  env: byName(envVar),
  ports: entries({ containerPort: undefined, protocol: "TCP" }),
  volumeMounts: entries({ mountPath: undefined }),
  volumeDevices: entries({ devicePath: undefined }),
});
const podSpec = members({
  containers: byName(container),
  initContainers: byName(container),
  ephemeralContainers: byName(container),
  volumes: byName(),
  imagePullSecrets: byName(),
  nodeSelector: atomic,
  hostAliases: entries({ ip: undefined }),
  topologySpreadConstraints: entries({ topologyKey: undefined, whenUnsatisfiable: undefined }),
});
const metadata = members({ finalizers: set, ownerReferences: entries({ uid: undefined }, atomic) });
const status = members({ conditions: entries({ type: undefined }) });

const builtIn: Readonly<Partial<Record<Kind, FieldShape>>> = {
  Pod: members({ metadata, status, spec: podSpec }),
  StatefulSet: members({
    metadata,
    status,
    spec: members({ selector: atomic, template: members({ metadata, spec: podSpec }) }),
  }),
  Service: members({
    metadata,
    status,
    spec: members({ selector: atomic, ports: entries({ port: undefined, protocol: "TCP" }) }),
  }),
  ControllerRevision: members({ metadata, data: atomic }),
  PodDisruptionBudget: members({ metadata, status, spec: members({ selector: atomic }) }),
  Event: members({ metadata, regarding: atomic, related: atomic }),
};

const plain = members({ metadata, status });

/** The shape of a kind; `schema` is the structural schema of a kind of ours. */
export function shapeOf(kind: Kind, schema: JsonObject | undefined): FieldShape {
  if (schema === undefined) return builtIn[kind] ?? plain;
  const own = shapeOfSchema(schema);
  return members({ ...(own.kind === "members" ? own.known : {}), metadata });
}

export function shapeOfMember(shape: FieldShape, name: string): FieldShape {
  if (shape.kind !== "members") return ANY;
  return Object.hasOwn(shape.known, name) ? (shape.known[name] ?? ANY) : (shape.others ?? ANY);
}

/** A shape from what a CRD says of a field. */
function shapeOfSchema(schema: JsonObject): FieldShape {
  const items = schema["items"];
  const listType = schema["x-kubernetes-list-type"];
  if (schema["type"] === "array" || isObject(items)) {
    if (listType === "set") return set;
    if (listType !== "map" || !isObject(items)) return atomic;
    const properties = objectAt(items, "properties");
    const keys = listAt(schema, "x-kubernetes-list-map-keys").map(String);
    return entries(
      Object.fromEntries(keys.map((key) => [key, objectAt(properties, key)["default"]])),
      shapeOfSchema(items),
    );
  }
  if (schema["x-kubernetes-map-type"] === "atomic") return atomic;
  const known = Object.entries(objectAt(schema, "properties")).map(
    ([name, property]) => [name, isObject(property) ? shapeOfSchema(property) : ANY] as const,
  );
  const others = schema["additionalProperties"];
  return {
    kind: "members",
    known: Object.fromEntries(known),
    ...(isObject(others) ? { others: shapeOfSchema(others) } : {}),
  };
}
