/**
 * Owns: the part of a StreamJob's spec about pods: `jobManager`, `taskManager`.
 * Does not own: the pods themselves (operator/resources), defaults (defaults.ts). Called by: stream-job-spec.ts.
 */
import { z } from "zod";
import { anything, atomicList, quantity, text, textMap, whole } from "./fields.ts";

const amounts = (what: string) =>
  z.record(z.string().max(253), quantity()).meta({ maxProperties: 32 }).optional().describe(what);

/** Resources of one container, as Kubernetes knows them. */
export const resourcesSchema = z.strictObject({
  requests: amounts('Resources reserved for the container, such as cpu "500m", memory "1Gi". Default: the limits.'),
  limits: amounts("Maximum resources the container may use. Default: no limit."),
});

/** A list of things that are told apart by their names, as the operator merges them with its own. */
const named = (known: z.ZodRawShape = {}) =>
  atomicList(anything({ name: text(253).describe("Its name."), ...known }), 256).optional();

/**
 * Of a pod's spec only what the operator itself reads or what no StatefulSet takes: a mistake there would otherwise be found when the
 * pods are made. All else is the API server's to judge.
 */
const podSpecSchema = templateSpec({
  containers: named({
    env: named().describe("Environment variables."),
    volumeMounts: named().describe("Where volumes are mounted."),
  }).describe("Containers; one with the name of the operator's container is merged into it, others are added."),
  volumes: named().describe("Volumes, merged with the operator's by name."),
  restartPolicy: z.enum(["Always"]).optional().describe("Always: a StatefulSet allows no other value."),
});

/** CEL cannot look into fields that a schema does not declare, so an API server takes a wrong directive; who reads the spec does not. */
function templateSpec<Shape extends z.ZodRawShape>(known: Shape) {
  return z
    .looseObject(known)
    .superRefine((spec, context) => {
      for (const { at, problem } of wrongDirectives(spec, []))
        context.addIssue({ code: "custom", path: at, message: problem, params: { reason: "DirectiveInvalid" } });
    })
    .meta({ "x-kubernetes-preserve-unknown-fields": true });
}

type WrongDirective = { readonly at: (string | number)[]; readonly problem: string };

/** What of a template is written for its merge and is no directive of a merge that is known here. */
function wrongDirectives(value: unknown, at: (string | number)[]): readonly WrongDirective[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => wrongDirectives(item, [...at, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]: [string, unknown]): readonly WrongDirective[] => {
    const here = [...at, name];
    if (name === "$patch") {
      const isKnown = member === "delete" || member === "replace";
      return isKnown ? [] : [{ at: here, problem: `must be delete or replace, not ${JSON.stringify(member)}` }];
    }
    if (name.startsWith("$") && name !== "$retainKeys")
      return [{ at: here, problem: "is no directive of a merge: $patch and $retainKeys are" }];
    return wrongDirectives(member, here);
  });
}

const podTemplateSchema = z.strictObject({
  metadata: z
    .strictObject({
      labels: textMap(64, 63).optional().describe("Additional labels; the operator's labels win."),
      annotations: textMap(64, 32_768).optional().describe("Annotations of the pods."),
    })
    .optional()
    .describe("Labels and annotations of the pods."),
  spec: podSpecSchema
    .optional()
    .describe(
      "A pod's spec, merged into the operator's defaults as `kubectl patch` merges: lists by their keys, null and `$patch` take away. Names, images, arguments, variables, ports and volumes that the pods need stay. The operator's container is called jobmanager or taskmanager, after its component; other containers are added.",
    ),
});

const common = {
  resources: resourcesSchema.optional().describe("CPU and memory of the container. Default: none set."),
  podTemplate: podTemplateSchema
    .optional()
    .describe("Additions to the pods that the operator creates: volumes, affinity, tolerations, sidecar containers."),
};

const budget = (when: string) =>
  z
    .boolean()
    .optional()
    .describe(`Whether a PodDisruptionBudget limits evictions to one pod at a time. Default ${when}`);

/** The JobManager pod, which coordinates the job. */
export const jobManagerSchema = z.strictObject({
  ...common,
  pdb: budget("false: there is one pod, which a node that is drained has to be able to evict."),
});

/** The TaskManager pods, which run the job's tasks. */
export const taskManagerSchema = z.strictObject({
  replicas: whole(1, 1024)
    .optional()
    .describe("Number of TaskManager pods. Default 1; 1 to 1024. `kubectl scale` and autoscalers change this field."),
  slots: whole(1, 1024)
    .optional()
    .describe("Number of slots of each TaskManager. Default: parallelism / replicas, rounded up; 1 to 1024."),
  ...common,
  pdb: budget("true."),
});
