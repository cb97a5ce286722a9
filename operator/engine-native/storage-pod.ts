/**
 * Owns: the pod that deletes files when no JobManager runs that could, looks at stores for a person, or settles transactions: made from
 * what a JobManager's pod would be.
 * Not here: when it is made, and what follows from its end (operator/reconcile/storage).
 *
 * SPO1 It has the job's image, service account, credentials and volumes, so it may do what the job may, and no more; the operator itself
 *     never speaks to a store.
 * SPO2 It serves nothing and is not started again: how it ended is in its status.
 * SPO3 To settle transactions it loads the job, so it has the program, configuration and variables of that incarnation; else none of them.
 */
import { COMPONENT_LABEL } from "../../crds/index.ts";
import { podVariables, type StorageTaskMessage } from "../../contract/index.ts";
import { assert } from "../../base/index.ts";
import {
  type IncarnationInput,
  jobLabels,
  ownedBy,
  type SettledIncarnation,
  STORAGE_COMPONENT,
  type StoragePodInput,
} from "../engine/index.ts";
import type { Container, Pod } from "../kubernetes/api/index.ts";
import { TMP_VOLUME } from "./pod-container.ts";
import { jobVolumes, podTemplate } from "./pod-template.ts";
import { s3Options, s3Volumes } from "./s3-access.ts";

export function storagePod(input: StoragePodInput): Pod {
  const { job, spec, name } = input;
  const labels = { ...jobLabels(job.metadata.name), [COMPONENT_LABEL]: STORAGE_COMPONENT };
  const asIncarnation: IncarnationInput = { ...input, ...incarnationOf(input) };
  const template = podTemplate(asIncarnation, "jobmanager", labels);
  const [first] = template.spec.containers;
  assert(first !== undefined, "a pod of ours has no container");
  // What serves an incarnation, or is of one alone: its program, configuration and certificates.
  const { ports: _, startupProbe: __, readinessProbe: ___, livenessProbe: ____, ...rest } = first;
  const kept = volumesKept(asIncarnation, input.task);
  const ofJob = input.task.kind === "settle" ? jobVariables : noVariables;
  const container: Container = {
    ...rest,
    name: STORAGE_COMPONENT,
    args: [STORAGE_COMPONENT],
    env: [
      ...(first.env ?? []).filter(({ name: each }) => !each.startsWith("STREAMJOB_") || ofJob.has(each)),
      { name: podVariables.podName, valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: podVariables.storageTask, value: JSON.stringify(messageOf(input)) },
    ],
    volumeMounts: (first.volumeMounts ?? []).filter(({ name: volume }) => kept.has(volume)),
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: job.metadata.namespace,
      labels: { ...template.metadata?.labels, ...labels },
      ...(template.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
      ownerReferences: [ownedBy(job)],
    },
    spec: {
      ...template.spec,
      ...(spec.serviceAccountName === null ? {} : { serviceAccountName: spec.serviceAccountName }),
      restartPolicy: "Never",
      containers: [container],
      volumes: (template.spec.volumes ?? []).filter(({ name: volume }) => kept.has(volume)),
    },
  };
}

/** SPO3 */
const jobVariables: ReadonlySet<string> = new Set([podVariables.config, podVariables.largeConfig]);
const noVariables: ReadonlySet<string> = new Set();

/** Of any other task: it takes nothing but the shape. */
function incarnationOf({ task }: StoragePodInput): SettledIncarnation {
  if (task.kind === "settle") return task.incarnation;
  return { number: 1, jobId: "", storeUri: "", savepointDirectory: "", configMapName: "" };
}

/** An older image of the job knows what is of version 1. */
function messageOf(input: StoragePodInput): StorageTaskMessage {
  const { task } = input;
  const options = optionsOf(input);
  if (task.kind === "settle") return { version: 3, options, task: { kind: "settle" } };
  return task.kind === "inspect" ? { version: 2, options, task } : { version: 1, options, task };
}

function volumesKept(input: IncarnationInput, task: StoragePodInput["task"]): ReadonlySet<string> {
  const { spec } = input;
  const ofUser = (spec.jobManager.podTemplate?.spec?.volumes ?? []) as readonly { readonly name: string }[];
  const ofJob = task.kind === "settle" ? jobVolumes(input) : [];
  return new Set([TMP_VOLUME, ...[...s3Volumes(spec), ...ofUser, ...ofJob].map(({ name }) => name)]);
}

/** How stores are reached; nothing else of the job's options matters to them. */
function optionsOf({ spec }: StoragePodInput): Record<string, string> {
  const said = Object.entries(spec.config).filter(([option]) => option.startsWith("s3."));
  return { ...s3Options(spec), ...Object.fromEntries(said) };
}
