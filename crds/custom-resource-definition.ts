/**
 * Owns: the definitions of both kinds that an API server takes: names, columns, subresources, schema, rules; as objects and as YAML.
 * Does not own: the schemas; writing the files (tools/reference-pages.ts, by `npm run docs`).
 * Called by: the embedded API server, the chart's templates, tools.
 *
 * CRD1 The YAML of each is below 256 KiB: `kubectl apply` on the client's side keeps a copy in an annotation of at most that size.
 * CRD2 `status.observedGeneration` is -1 for an object that nobody has seen: its status says so, and tools wait.
 */
import { stringify } from "yaml";
import type { z } from "zod";
import { type RulesAt, streamJobRules, streamJobSnapshotRules } from "./cel-rules.ts";
import {
  API_GROUP,
  API_VERSION,
  STREAM_JOB_KIND,
  STREAM_JOB_PLURAL,
  STREAM_JOB_SNAPSHOT_KIND,
  STREAM_JOB_SNAPSHOT_PLURAL,
} from "./names.ts";
import { type StructuralSchema, structuralSchema, withRules } from "./structural-schema.ts";
import { streamJobSnapshotSpecSchema, streamJobSnapshotStatusSchema } from "./stream-job-snapshot.ts";
import { streamJobSpecSchema } from "./stream-job-spec.ts";
import { streamJobStatusSchema } from "./stream-job-status.ts";

/** Largest YAML of a definition, in bytes (CRD1). */
export const DEFINITION_BYTES_MAX = 256 * 1024;

export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  readonly description: string;
  /** 1: only with `-o wide`. */
  readonly priority?: number;
}

export interface CustomResourceDefinition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: "Namespaced";
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames: readonly string[];
      readonly categories: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly served: true;
      readonly storage: true;
      readonly additionalPrinterColumns: readonly PrinterColumn[];
      readonly subresources: {
        readonly status: Readonly<Record<string, never>>;
        readonly scale?: {
          readonly specReplicasPath: string;
          readonly statusReplicasPath: string;
          readonly labelSelectorPath: string;
        };
      };
      readonly schema: { readonly openAPIV3Schema: StructuralSchema };
    }[];
  };
}

interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly rules: readonly RulesAt[];
  readonly columns: readonly PrinterColumn[];
  readonly isScalable: boolean;
}

const age: PrinterColumn = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Time since the object was created.",
};

const streamJobKind: Kind = {
  kind: STREAM_JOB_KIND,
  plural: STREAM_JOB_PLURAL,
  shortName: "sj",
  description:
    "A stateful stream job: what runs, where its state is stored, and how it is upgraded without losing state.",
  spec: streamJobSpecSchema,
  status: streamJobStatusSchema,
  rules: streamJobRules,
  columns: [
    {
      name: "Ready",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: "Whether the desired version runs and has completed a checkpoint.",
    },
    { name: "State", type: "string", jsonPath: ".status.phase", description: "Phase of the job." },
    {
      name: "Parallelism",
      type: "integer",
      jsonPath: ".spec.parallelism",
      description: "Parallelism of the job; empty: 1.",
    },
    {
      name: "Last checkpoint",
      type: "date",
      jsonPath: ".status.lastCheckpoint.time",
      description: "Time since the newest checkpoint completed.",
    },
    {
      name: "Operation",
      type: "string",
      jsonPath: ".status.operation.step",
      description: "Step of the operation in progress.",
    },
    age,
  ],
  isScalable: true,
};

const snapshotKind: Kind = {
  kind: STREAM_JOB_SNAPSHOT_KIND,
  plural: STREAM_JOB_SNAPSHOT_PLURAL,
  shortName: "sjsnap",
  description: "A savepoint of a StreamJob. Another StreamJob can start from it by name.",
  spec: streamJobSnapshotSpecSchema,
  status: streamJobSnapshotStatusSchema,
  rules: streamJobSnapshotRules,
  columns: [
    { name: "Job", type: "string", jsonPath: ".spec.jobRef.name", description: "The job whose state it holds." },
    {
      name: "Ready",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: "Whether the savepoint is complete.",
    },
    { name: "Origin", type: "string", jsonPath: ".spec.origin", description: "Who requested it; empty: a person." },
    { name: "State", type: "string", jsonPath: ".status.phase", description: "Its phase." },
    {
      name: "Location",
      type: "string",
      jsonPath: ".status.location",
      description: "Where the savepoint's files are.",
      priority: 1,
    },
    age,
  ],
  isScalable: false,
};

/** The definition of StreamJob. */
export function streamJobDefinition(): CustomResourceDefinition {
  return definitionOf(streamJobKind);
}

/** The definition of StreamJobSnapshot. */
export function streamJobSnapshotDefinition(): CustomResourceDefinition {
  return definitionOf(snapshotKind);
}

/** YAML of each definition, by the name of its file in crds/generated. */
export function definitionFiles(): Readonly<Record<string, string>> {
  const header = "# Generated from crds/ by `npm run docs`; do not edit.\n";
  return Object.fromEntries(
    [streamJobDefinition(), streamJobSnapshotDefinition()].map((definition) => [
      `${definition.metadata.name}.yaml`,
      // No anchors: not every reader of YAML knows them.
      header + stringify(definition, { lineWidth: 120, aliasDuplicateObjects: false }),
    ]),
  );
}

function definitionOf(kind: Kind): CustomResourceDefinition {
  const singular = kind.kind.toLowerCase();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.plural}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope: "Namespaced",
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular,
        shortNames: [kind.shortName],
        categories: ["streaming"],
      },
      versions: [
        {
          name: API_VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: kind.columns,
          subresources: kind.isScalable ? { status: {}, scale: scalePaths } : { status: {} },
          schema: { openAPIV3Schema: objectSchema(kind) },
        },
      ],
    },
  };
}

/** TaskManagers are what is scaled: autoscalers measure the pods of the selector and expect to count in pods. */
const scalePaths = {
  specReplicasPath: ".spec.taskManager.replicas",
  statusReplicasPath: ".status.replicas",
  labelSelectorPath: ".status.selector",
};

function objectSchema(kind: Kind): StructuralSchema {
  const object: StructuralSchema = {
    description: kind.description,
    type: "object",
    required: ["spec"],
    properties: {
      apiVersion: { description: `${API_GROUP}/${API_VERSION}.`, type: "string" },
      kind: { description: `${kind.kind}.`, type: "string" },
      metadata: { type: "object" },
      spec: { description: "What is wanted. Only people and their tools write it.", ...structuralSchema(kind.spec) },
      status: {
        description: "What is. Only the operator writes it.",
        ...structuralSchema(kind.status),
        // CRD2: the default within is applied only where there is a status.
        default: { observedGeneration: -1 },
      },
    },
  };
  return withRules(object, kind.rules);
}
