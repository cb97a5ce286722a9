/**
 * Owns: what the API server knows of each kind: its subresources, and what of its fields may be and may change.
 * Does not own: rules of metadata (metadata-rules.ts), schemas of our own kinds (admission.ts). Pure.
 * Not done: rules that our objects cannot break by a plausible mistake (quantities, probes' ports, security contexts).
 *
 * KR1 What a real server refuses of what the operator writes is refused here too, with the same reason and field.
 */
import type { Kind } from "../../operator/kubernetes/api/index.ts";
import { isEqual, isObject, type Json, type JsonObject, listAt, objectAt, textAt, without } from "./json-value.ts";
import { containersOf, podTemplateSpec } from "./kind-defaults.ts";
import { labelProblems, type NameForm, nameProblems } from "./metadata-rules.ts";
import { type FieldProblem, field } from "./refusals.ts";

export type KindRules = {
  readonly nameForm: NameForm;
  /** Has the subresource `status`: a write of the object leaves it, a write of the status leaves all else. */
  readonly hasStatus: boolean;
  /** `all`: generation rises with every member but metadata and status; `spec`: with spec. */
  readonly generation: "all" | "spec" | "none";
  /** An update without a resourceVersion is refused. */
  readonly needsResourceVersion: boolean;
  /** What is wrong with the next version; `previous` is absent for a creation. Given only when metadata is sound. */
  readonly problems: (next: JsonObject, previous: JsonObject | undefined) => FieldProblem[];
};

const CONFIG_MAP_BYTES_MAX = 1024 * 1024;
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

const custom: KindRules = {
  nameForm: "subdomain",
  hasStatus: true,
  generation: "all",
  needsResourceVersion: true,
  problems: () => [],
};

const plain = { nameForm: "subdomain", hasStatus: false, generation: "none", needsResourceVersion: false } as const;

export const kindRules: Readonly<Record<Kind, KindRules>> = {
  StreamJob: custom,
  StreamJobSnapshot: custom,
  ConfigMap: { ...plain, problems: configMapProblems },
  Secret: { ...plain, problems: secretProblems },
  ControllerRevision: { ...plain, problems: revisionProblems },
  Event: { ...plain, problems: eventProblems },
  Lease: { ...plain, needsResourceVersion: true, problems: leaseProblems },
  Pod: { ...plain, hasStatus: true, problems: podProblems },
  Service: { ...plain, nameForm: "label1035", hasStatus: true, problems: serviceProblems },
  StatefulSet: { ...plain, hasStatus: true, generation: "spec", problems: statefulSetProblems },
  PodDisruptionBudget: {
    ...plain,
    hasStatus: true,
    generation: "spec",
    needsResourceVersion: true,
    problems: budgetProblems,
  },
};

/** A text that is no MicroTime where one must be: the server cannot even read such an object (400). null: all are. */
export function malformedMicroTime(kind: Kind, object: JsonObject): string | null {
  const spec = objectAt(object, "spec");
  const times: Json[] =
    kind === "Lease"
      ? [spec["acquireTime"] ?? null, spec["renewTime"] ?? null]
      : kind === "Event"
        ? [object["eventTime"] ?? null, objectAt(object, "series")["lastObservedTime"] ?? null]
        : [];
  const bad = times.find((time) => time !== null && !(typeof time === "string" && MICRO_TIME.test(time)));
  if (bad === undefined) return null;
  return `parsing time ${JSON.stringify(bad)} as "2006-01-02T15:04:05.000000Z07:00": a MicroTime has exactly six digits of a second`;
}

function configMapProblems(next: JsonObject, previous: JsonObject | undefined): FieldProblem[] {
  const problems: FieldProblem[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(objectAt(next, "data"))) {
    if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key)) {
      problems.push(
        field.invalid("data", key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"),
      );
    }
    if (typeof value !== "string") problems.push(field.invalid(`data.${key}`, value, "must be a string"));
    else bytes += Buffer.byteLength(value);
  }
  if (bytes > CONFIG_MAP_BYTES_MAX) problems.push(field.tooLong("data", CONFIG_MAP_BYTES_MAX));
  if (previous?.["immutable"] !== true) return problems;
  const detail = "field is immutable when `immutable` is set";
  if (next["immutable"] !== true) problems.push(field.forbidden("immutable", detail));
  for (const key of ["data", "binaryData"]) {
    if (!isEqual(next[key], previous[key])) problems.push(field.forbidden(key, detail));
  }
  return problems;
}

/** Values are base64; the server cannot read one that is not. */
function secretProblems(next: JsonObject, previous: JsonObject | undefined): FieldProblem[] {
  const problems = configMapProblems(next, previous);
  for (const [key, value] of Object.entries(objectAt(next, "data"))) {
    if (typeof value !== "string" || Buffer.from(value, "base64").toString("base64") === value) continue;
    problems.push(field.invalid(`data.${key}`, "", "illegal base64 data"));
  }
  if (previous === undefined || isEqual(next["type"] ?? "", previous["type"] ?? "")) return problems;
  return [...problems, field.invalid("type", next["type"] ?? "", "field is immutable")];
}

function revisionProblems(next: JsonObject, previous: JsonObject | undefined): FieldProblem[] {
  const revision = next["revision"];
  const problems: FieldProblem[] =
    typeof revision === "number" && Number.isInteger(revision) && revision >= 0
      ? []
      : [field.invalid("revision", revision ?? null, "must be a whole number that is 0 or greater")];
  if (previous === undefined) {
    return next["data"] === undefined ? [...problems, field.required("data", "data is mandatory")] : problems;
  }
  return isEqual(next["data"], previous["data"])
    ? problems
    : [...problems, field.invalid("data", next["data"] ?? null, "field is immutable")];
}

function eventProblems(next: JsonObject, previous: JsonObject | undefined): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const [key, max] of [
    ["reportingController", 128],
    ["reportingInstance", 128],
    ["action", 128],
    ["reason", 128],
  ] as const) {
    const value = textAt(next, key);
    if (value === "") problems.push(field.required(key));
    else if (value.length > max) problems.push(field.invalid(key, "", `can have at most ${max} characters`));
  }
  if (textAt(next, "eventTime") === "") problems.push(field.required("eventTime"));
  if (textAt(next, "note").length > 1024) problems.push(field.invalid("note", "", "can have at most 1024 characters"));
  const type = textAt(next, "type");
  if (type !== "Normal" && type !== "Warning")
    problems.push(field.invalid("type", type, "has invalid value: Normal or Warning"));
  const regarding = textAt(objectAt(next, "regarding"), "namespace");
  if (regarding !== textAt(objectAt(next, "metadata"), "namespace")) {
    problems.push(field.invalid("regarding.namespace", regarding, "does not match event.namespace"));
  }
  if (previous === undefined) return problems;
  const mayChange = ["series", "metadata"];
  for (const key of new Set([...Object.keys(next), ...Object.keys(previous)])) {
    if (mayChange.includes(key) || isEqual(next[key], previous[key])) continue;
    problems.push(field.invalid(key, next[key] ?? null, "field is immutable"));
  }
  return problems;
}

function leaseProblems(next: JsonObject): FieldProblem[] {
  const spec = objectAt(next, "spec");
  const problems: FieldProblem[] = [];
  const seconds = spec["leaseDurationSeconds"];
  if (seconds !== undefined && !(typeof seconds === "number" && Number.isInteger(seconds) && seconds > 0)) {
    problems.push(field.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"));
  }
  const transitions = spec["leaseTransitions"];
  if (transitions !== undefined && !(typeof transitions === "number" && transitions >= 0)) {
    problems.push(field.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0"));
  }
  return problems;
}

/** An image may change; a node may be given once, as a binding does (there is no scheduler here). */
function podProblems(next: JsonObject, previous: JsonObject | undefined): FieldProblem[] {
  const problems = podSpecProblems("spec", objectAt(next, "spec"));
  if (previous === undefined) return problems;
  const before = objectAt(previous, "spec");
  const after = objectAt(next, "spec");
  const givenNode = textAt(before, "nodeName") === "" ? ["nodeName"] : [];
  const free = ["containers", "initContainers", "activeDeadlineSeconds", "tolerations", ...givenNode];
  const withoutImages = (spec: JsonObject, key: "containers" | "initContainers"): Json =>
    containersOf(spec, key).map((each) => without(each, "image"));
  const isSame =
    isEqual(without(after, ...free), without(before, ...free)) &&
    isEqual(withoutImages(after, "containers"), withoutImages(before, "containers")) &&
    isEqual(withoutImages(after, "initContainers"), withoutImages(before, "initContainers"));
  if (isSame) return problems;
  const detail =
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)";
  return [...problems, field.forbidden("spec", detail)];
}

function podSpecProblems(path: string, spec: JsonObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const containers = containersOf(spec, "containers");
  if (containers.length === 0) problems.push(field.required(`${path}.containers`));
  const volumes = new Set(listAt(spec, "volumes").map((volume) => (isObject(volume) ? textAt(volume, "name") : "")));
  const names = new Set<string>();
  for (const key of ["initContainers", "containers"] as const) {
    for (const [index, container] of containersOf(spec, key).entries()) {
      const at = `${path}.${key}[${index}]`;
      const name = textAt(container, "name");
      problems.push(...nameProblems(`${at}.name`, name, "label"));
      if (names.has(name)) problems.push(field.duplicate(`${at}.name`, name));
      names.add(name);
      if (textAt(container, "image") === "") problems.push(field.required(`${at}.image`));
      problems.push(...containerProblems(at, container, volumes));
    }
  }
  return problems;
}

function containerProblems(path: string, container: JsonObject, volumes: ReadonlySet<string>): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const [index, variable] of listAt(container, "env").entries()) {
    if (!isObject(variable)) continue;
    const at = `${path}.env[${index}]`;
    if (textAt(variable, "name") === "") problems.push(field.required(`${at}.name`));
    const value = variable["value"];
    if (value !== undefined && typeof value !== "string")
      problems.push(field.invalid(`${at}.value`, value, "must be a string"));
    if (textAt(variable, "value") !== "" && variable["valueFrom"] !== undefined) {
      problems.push(field.invalid(`${at}.valueFrom`, "", "may not be specified when `value` is not empty"));
    }
  }
  for (const [index, port] of listAt(container, "ports").entries()) {
    if (!isObject(port)) continue;
    const number = port["containerPort"];
    if (!(typeof number === "number" && Number.isInteger(number) && number > 0 && number < 65_536)) {
      const at = `${path}.ports[${index}].containerPort`;
      problems.push(field.invalid(at, number ?? null, "must be between 1 and 65535, inclusive"));
    }
  }
  for (const [index, mount] of listAt(container, "volumeMounts").entries()) {
    const name = isObject(mount) ? textAt(mount, "name") : "";
    if (!volumes.has(name)) {
      problems.push({ field: `${path}.volumeMounts[${index}].name`, message: `Not found: ${JSON.stringify(name)}` });
    }
  }
  return problems;
}

function serviceProblems(next: JsonObject, previous: JsonObject | undefined): FieldProblem[] {
  const spec = objectAt(next, "spec");
  const problems: FieldProblem[] = [];
  const ports = listAt(spec, "ports").filter(isObject);
  if (ports.length === 0 && spec["clusterIP"] !== "None") problems.push(field.required("spec.ports"));
  const names = ports.map((port) => textAt(port, "name"));
  for (const [index, name] of names.entries()) {
    if (ports.length > 1 && name === "") problems.push(field.required(`spec.ports[${index}].name`));
    else if (names.indexOf(name) !== index) problems.push(field.duplicate(`spec.ports[${index}].name`, name));
  }
  const ip = textAt(objectAt(previous, "spec"), "clusterIP");
  if (previous !== undefined && ip !== "" && ip !== textAt(spec, "clusterIP")) {
    problems.push(field.invalid("spec.clusterIP", spec["clusterIP"] ?? "", "field is immutable"));
  }
  return problems;
}

function statefulSetProblems(next: JsonObject, previous: JsonObject | undefined): FieldProblem[] {
  const spec = objectAt(next, "spec");
  const problems: FieldProblem[] = [];
  const replicas = spec["replicas"];
  if (!(typeof replicas === "number" && Number.isInteger(replicas) && replicas >= 0)) {
    problems.push(field.invalid("spec.replicas", replicas ?? null, "must be greater than or equal to 0"));
  }
  const wanted = objectAt(objectAt(spec, "selector"), "matchLabels");
  const labels = objectAt(objectAt(objectAt(spec, "template"), "metadata"), "labels");
  const at = "spec.template.metadata.labels";
  if (Object.keys(wanted).length === 0) {
    problems.push(field.invalid("spec.selector", wanted, "empty selector is invalid for statefulset"));
  } else if (!Object.entries(wanted).every(([key, value]) => labels[key] === value)) {
    problems.push(field.invalid(at, labels, "`selector` does not match template `labels`"));
  }
  problems.push(...labelProblems(at, labels), ...podSpecProblems("spec.template.spec", podTemplateSpec(next)));
  if (textAt(podTemplateSpec(next), "restartPolicy") !== "Always") {
    const policy = podTemplateSpec(next)["restartPolicy"] ?? null;
    problems.push(field.unsupported("spec.template.spec.restartPolicy", policy, ["Always"]));
  }
  if (previous === undefined) return problems;
  const free = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
  ];
  if (isEqual(without(spec, ...free), without(objectAt(previous, "spec"), ...free))) return problems;
  const list = free.map((each) => `'${each}'`).join(", ");
  return [
    ...problems,
    field.forbidden("spec", `updates to statefulset spec for fields other than ${list} are forbidden`),
  ];
}

function budgetProblems(next: JsonObject): FieldProblem[] {
  const spec = objectAt(next, "spec");
  if (spec["minAvailable"] === undefined || spec["maxUnavailable"] === undefined) return [];
  return [field.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")];
}
