/**
 * Owns: what is to be started for a container: its program, arguments and environment, with volumes written and addresses and
 * paths rewritten; or why nothing can be started.
 * Called by: pod-worker.ts, before each start.
 *
 * COP1 What cannot be kept is refused with its reason, never left out: secrets, unknown fields of the pod, missing ConfigMaps.
 * COP2 The reasons are Kubernetes' own (CreateContainerConfigError, CreateContainerError, ErrImagePull), so that whoever reads a pod's
 *     status need not know where it runs.
 */
import { environmentVariable } from "../../base/index.ts";
import type { ConfigMap, Container, EnvVar, Pod } from "../../operator/kubernetes/api/index.ts";
import type { ProcessPlan } from "./container-process.ts";
import { prepareVolumes, type VolumesContext } from "./pod-volumes.ts";
import type { ImageTable, Program } from "./programs.ts";
import { type AddressReference, type Mount, rewriteAddresses, rewritePaths } from "./text-rewriting.ts";

export type PlanContext = VolumesContext & {
  readonly images: ImageTable;
  /** Host port of an address; null: nothing is behind it now. */
  readonly resolve: (reference: AddressReference) => Promise<number | null>;
};

export type Refusal = {
  readonly kind: "refused";
  readonly reason: "CreateContainerConfigError" | "CreateContainerError" | "ErrImagePull";
  readonly message: string;
};

export type PlanResult = { readonly kind: "ready"; readonly plan: ProcessPlan } | Refusal;

export const POD_IP = "127.0.0.1";
export const NODE_NAME = "local";

/** What of a pod can never be run here, whatever is created or changed beside it; null: nothing. */
export function refuseForGood(pod: Pod): string | null {
  const { containers, initContainers = [] } = pod.spec;
  if (containers.length !== 1)
    return `the embedded cluster runs pods of one container; this one has ${containers.length}`;
  if (initContainers.length > 0) return "the embedded cluster runs no init containers; this pod has some";
  if (containers[0]?.command !== undefined) {
    return "the embedded cluster runs programs that it knows by the container's first argument; `command` cannot be given";
  }
  return null;
}

/** The next start of the pod's container. */
export async function planContainer(pod: Pod, container: Container, context: PlanContext): Promise<PlanResult> {
  const programs = context.images(container.image);
  if (programs === null)
    return refused("ErrImagePull", `image "${container.image}" is not known to the embedded cluster`);
  const [name, ...rest] = container.args ?? [];
  const program = name !== undefined && Object.hasOwn(programs, name) ? programs[name] : undefined;
  if (program === undefined) {
    const known = Object.keys(programs).join(", ");
    return refused(
      "CreateContainerError",
      `the container's first argument is ${name === undefined ? "missing" : `"${name}"`}; image "${container.image}" has ${known}`,
    );
  }
  const volumes = await prepareVolumes(pod, container, context);
  if (volumes.kind === "refused") return refused("CreateContainerConfigError", volumes.message);
  try {
    return { kind: "ready", plan: await buildPlan({ pod, container, program, rest, mounts: volumes.mounts, context }) };
  } catch (error) {
    if (error instanceof ConfigError) return refused("CreateContainerConfigError", error.message);
    throw error;
  }
}

/** Inside this file only: an expected outcome, found deep in a value. */
class ConfigError extends Error {}

type Parts = {
  readonly pod: Pod;
  readonly container: Container;
  readonly program: Program;
  /** Arguments behind the program's name. */
  readonly rest: readonly string[];
  readonly mounts: readonly Mount[];
  readonly context: PlanContext;
};

async function buildPlan(parts: Parts): Promise<ProcessPlan> {
  const { pod, container, program, rest, mounts, context } = parts;
  const rewrite = async (text: string): Promise<string> =>
    rewritePaths(await rewriteAddresses(text, (reference) => resolveOrRefuse(reference, context)), mounts);
  const readConfigMap = readOnce(context.readConfigMap);
  const declared: Record<string, string> = {};
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable, pod, declared, readConfigMap);
    if (value !== null) declared[variable.name] = value;
  }
  const env: Record<string, string> = { ...program.env };
  for (const [name, value] of Object.entries(declared)) env[name] = await rewrite(value);
  const args = [...program.args];
  for (const argument of rest) args.push(await rewrite(expand(argument, declared)));
  return { command: program.command, args, env };
}

async function resolveOrRefuse(reference: AddressReference, context: PlanContext): Promise<number> {
  const port = await context.resolve(reference);
  if (port !== null) return port;
  const what = reference.kind === "own" ? "this pod" : `${reference.kind} ${reference.namespace}/${reference.name}`;
  throw new ConfigError(`nothing is behind port ${reference.port} of ${what}`);
}

/** null: optional, and not there. */
async function valueOf(
  variable: EnvVar,
  pod: Pod,
  declared: Readonly<Record<string, string>>,
  readConfigMap: PlanContext["readConfigMap"],
): Promise<string | null> {
  const { valueFrom } = variable;
  if (valueFrom === undefined) return expand(variable.value ?? "", declared);
  if (valueFrom.configMapKeyRef !== undefined) {
    const { name = "", key, optional = false } = valueFrom.configMapKeyRef;
    const configMap = await readConfigMap(name);
    const value = configMap?.data?.[key];
    if (value !== undefined) return value;
    if (optional) return null;
    throw new ConfigError(
      configMap === null ? `configmap "${name}" not found` : `configmap "${name}" has no key "${key}"`,
    );
  }
  if (valueFrom.secretKeyRef !== undefined) {
    // Inherited from whoever started the control plane: a laptop's stand-in for the Secret.
    if (valueFrom.secretKeyRef.optional === true || environmentVariable(variable.name) !== undefined) return null;
    throw new ConfigError(
      `variable ${variable.name} is of secret "${valueFrom.secretKeyRef.name}", and the embedded cluster has no secrets. Set it in the environment of the control plane: containers inherit that.`,
    );
  }
  if (valueFrom.fieldRef !== undefined) return fieldOf(pod, valueFrom.fieldRef.fieldPath);
  throw new ConfigError(`variable ${variable.name} has a source that the embedded cluster does not know`);
}

function fieldOf(pod: Pod, path: string): string {
  const { metadata, spec } = pod;
  const fields: Readonly<Record<string, string | undefined>> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": NODE_NAME,
    "spec.serviceAccountName": spec.serviceAccountName ?? "default",
    "status.podIP": POD_IP,
    "status.hostIP": POD_IP,
  };
  const value = Object.hasOwn(fields, path) ? fields[path] : undefined;
  if (value !== undefined) return value;
  const entry = /^metadata\.(?<map>labels|annotations)\['(?<key>[^']+)'\]$/.exec(path)?.groups;
  const map = entry?.["map"] === "labels" ? metadata.labels : metadata.annotations;
  if (entry?.["key"] !== undefined) return map?.[entry["key"]] ?? "";
  throw new ConfigError(`fieldPath "${path}" is not known to the embedded cluster`);
}

/** `$(NAME)` of a variable declared before, `$$(NAME)` for the text itself; an unknown name stays as it is. */
function expand(text: string, declared: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$?)\(([\w.-]+)\)/g, (whole, escape: string, name: string) => {
    if (escape !== "") return whole.slice(1);
    return Object.hasOwn(declared, name) ? (declared[name] ?? whole) : whole;
  });
}

/** One start sees one version of a ConfigMap. */
function readOnce(read: PlanContext["readConfigMap"]): PlanContext["readConfigMap"] {
  const known = new Map<string, Promise<ConfigMap | null>>();
  return (name) => {
    const reading = known.get(name) ?? read(name);
    known.set(name, reading);
    return reading;
  };
}

const refused = (reason: Refusal["reason"], message: string): Refusal => ({ kind: "refused", reason, message });
