/**
 * Owns: docs/streamjob-reference.md, made from the definitions: every field of both kinds, and everything that is refused.
 * Does not own: what the fields say of themselves (the schemas); writing the file (tools/reference-pages.ts).
 */
import { type RulesAt, streamJobRules, streamJobSnapshotRules } from "./cel-rules.ts";
import { streamJobDefinition, streamJobSnapshotDefinition } from "./custom-resource-definition.ts";
import {
  APPROVE_ANNOTATION,
  CERTIFICATES_ANNOTATION,
  CLEANUP_FINALIZER,
  INCARNATION_LABEL,
  JOB_LABEL,
  PAUSED_ANNOTATION,
  ROLLBACK_TO_ANNOTATION,
  STORAGE_ANNOTATION,
  STREAM_JOB_API_VERSION,
} from "./names.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { formOf } from "./validation-issues.ts";

/** The page, as Markdown. */
export function renderStreamJobReference(): string {
  const lines = [
    "<!-- Generated from crds/ by `npm run docs`; do not edit. -->",
    "",
    "# StreamJob and StreamJobSnapshot",
    "",
    `Both have \`apiVersion: ${STREAM_JOB_API_VERSION}\`. Short names: \`sj\` and \`sjsnap\`; both are in the category \`streaming\`. ` +
      "A duration is `500 ms`, `10s`, `5 min`, `1.5 h`, `2 d` or `1h30m`, as in code and in options. " +
      "An absent field has the default given here; nothing is written into your object.",
    "",
    "## StreamJob: spec",
    "",
    ...fieldTable(part(streamJobDefinition(), "spec"), "spec"),
    "",
    "### What is refused",
    "",
    "Beside values out of their bounds, and fields that are not listed here:",
    "",
    ...ruleList(streamJobRules),
    "",
    "## StreamJob: status",
    "",
    ...fieldTable(part(streamJobDefinition(), "status"), "status"),
    "",
    "## StreamJobSnapshot: spec",
    "",
    ...fieldTable(part(streamJobSnapshotDefinition(), "spec"), "spec"),
    "",
    "### What is refused",
    "",
    ...ruleList(streamJobSnapshotRules),
    "",
    "## StreamJobSnapshot: status",
    "",
    ...fieldTable(part(streamJobSnapshotDefinition(), "status"), "status"),
    "",
    "## Annotations, labels, finalizer",
    "",
    ...table(["name", "where", "meaning"], nameRows),
  ];
  return `${lines.join("\n")}\n`;
}

const nameRows: readonly (readonly string[])[] = [
  [
    code(PAUSED_ANNOTATION),
    "annotation of a StreamJob",
    '"true": the operator stops managing the job, including self-healing, until the annotation is removed.',
  ],
  [
    code(APPROVE_ANNOTATION),
    "annotation of a StreamJob",
    "With `upgrade.approval: manual`: the generation that may be rolled out.",
  ],
  [
    code(ROLLBACK_TO_ANNOTATION),
    "annotation of a StreamJob",
    "Requests a rollback to the ControllerRevision of that name.",
  ],
  [
    code(STORAGE_ANNOTATION),
    "annotation of a StreamJob",
    "Written by `streamjob storage`: a pod looks at the stores of the job, or deletes what nothing can need of them.",
  ],
  [
    code(CERTIFICATES_ANNOTATION),
    "annotation of an incarnation's Service",
    "Which certificates the Secret `<job>-<incarnation>-tls` holds. Remove it, and the operator writes the Secret anew.",
  ],
  [code(JOB_LABEL), "label of every child", "Name of the StreamJob."],
  [code(INCARNATION_LABEL), "label of a child of one incarnation", "Number of the incarnation."],
  [
    code(CLEANUP_FINALIZER),
    "finalizer of both kinds",
    "Keeps the object until everything it owns outside the API server has been cleaned up.",
  ],
];

function part(definition: ReturnType<typeof streamJobDefinition>, name: "spec" | "status"): StructuralSchema {
  return definition.spec.versions[0]?.schema.openAPIV3Schema.properties?.[name] ?? {};
}

function fieldTable(schema: StructuralSchema, path: string): readonly string[] {
  return table(["field", "value", "meaning"], fieldRows(schema, path));
}

/** Each field, then the fields in it, in the order of the schema. */
function fieldRows(schema: StructuralSchema, path: string): readonly (readonly string[])[] {
  const inside = schema.items ?? schema;
  return Object.entries(inside.properties ?? {}).flatMap(([name, child]) => {
    const here = `${path}${schema.items === undefined ? "" : "[]"}.${name}`;
    const required = inside.required?.includes(name) === true ? ", required" : "";
    const orNull = child.nullable === true ? ", or null" : "";
    return [[code(here), `${formIn(child)}${orNull}${required}`, child.description ?? ""], ...fieldRows(child, here)];
  });
}

function formIn(schema: StructuralSchema): string {
  if (schema.type === "array" && schema.items?.properties === undefined)
    return `${formOf(schema)}, each ${formOf(schema.items)}`;
  if (schema.additionalProperties !== undefined) {
    return `a map of at most ${schema.maxProperties}, each ${formOf(schema.additionalProperties)}`;
  }
  return formOf(schema);
}

function ruleList(places: readonly RulesAt[]): readonly string[] {
  return places.flatMap(({ at, rules }) =>
    rules.map(({ fieldPath = "", reportedAt, message }) => {
      const where = `${at.join(".").replaceAll(".*", "[]")}${reportedAt ?? fieldPath}`;
      return `- ${code(where.replace(/^[.]/, ""))}: ${message}.`;
    }),
  );
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)];
}
