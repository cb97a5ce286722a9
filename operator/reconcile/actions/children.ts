/**
 * Owns: which incarnations are wanted, and the making and taking away of their children.
 *
 * CHI1 While an operation is in progress: the new one from its Standby on, the old one until it is told to go. Else the active one,
 *     while its job has not ended.
 * CHI2 Pods first: ConfigMap and Service of an incarnation go when its last pod has gone.
 * CHI3 What an incarnation's pods are made from is decided once: an operator with another default image, or that writes templates
 *     otherwise, neither changes a set that is there nor puts other pods beside its pods (P-31).
 * CHI4 Of a StreamJob whose deletion only waits for its pods nothing is made any more, whatever is missing.
 * CHI5 Nothing of an incarnation is made before the pods of that number are gone that an earlier StreamJob of the same name has left: a kubelet
 *     gives pods the Secret of an earlier one for a while, and the Service leads to pods of both.
 * CHI6 Pods find the ConfigMap that they are told of: what is made again of an incarnation names it as what is there does, by whatever name an
 *     operator of another version has made it.
 */
import { CERTIFICATES_ANNOTATION, type KubernetesObject } from "../../../crds/index.ts";
import type { CopiedFiles } from "../../engine/index.ts";
import type { Kind, StatefulSet } from "../../kubernetes/api/index.ts";
import type { Draft } from "../status/draft.ts";
import type { ObservedIncarnation } from "../facts/observed.ts";
import { isEndingDeletion, stepsOf } from "../operation/operation.ts";
import type { Action, Child } from "./plan.ts";
import { certificatesFor } from "./certificates.ts";
import { incarnationPlaces, type Situation } from "../facts/situation.ts";
import { steps } from "../steps/steps.ts";
import { isCancelPending } from "../operation/cancel.ts";

export function wantedIncarnations(draft: Draft, situation: Situation): ReadonlySet<number> {
  const { operation, active, incarnations } = draft.status;
  const wanted = new Set<number>();
  if (operation === undefined) {
    if (active !== undefined && active.ended === null) wanted.add(active.incarnation);
    // A status that knows of none has been lost: what is there may be running, and is left alone (P-10).
    if (incarnations === 0) for (const { number } of situation.observed.incarnations) wanted.add(number);
    return wanted;
  }
  const order = stepsOf(operation);
  const begun = order.slice(0, order.indexOf(operation.step) + 1).map((step) => steps[step].keeps);
  const keeps = Object.assign({ to: false, from: true }, ...begun) as { readonly to: boolean; readonly from: boolean };
  if (keeps.to && operation.to !== null) wanted.add(operation.to);
  if (keeps.from && operation.from !== null) wanted.add(operation.from);
  if (operation.from !== null && isCancelPending(draft, situation)) wanted.add(operation.from);
  return wanted;
}

/** What is missing of a wanted incarnation. */
export function childrenOf(draft: Draft, situation: Situation, number: number): readonly Action[] {
  const { operation, active } = draft.status;
  const isEnding: boolean = isEndingDeletion(operation);
  if (isEnding) return []; // CHI4
  const revision =
    operation?.to === number ? operation.revision : active?.incarnation === number ? active.revision : null;
  // The old one of an operation past its activation: it is only kept, until it is taken away.
  if (revision === null) return [];
  const running = situation.version(revision);
  if (running === null) return [];
  const { job, settings } = situation;
  const places = incarnationPlaces(situation, number, running.spec);
  const there = situation.incarnation(number).objects;
  // CHI5
  if (!there?.configMap && situation.observed.earlierPods.has(number)) return [];
  const defaultImage = imageOf(there?.jobManagerSet) ?? imageOf(there?.taskManagerSet) ?? settings.defaultImage;
  const isCertified = settings.certificates !== undefined;
  const children = settings.engine.children({ job, number, spec: running.spec, ...places, defaultImage, isCertified });
  const why = `of incarnation ${number}`;
  const actions: Action[] = [];
  const make = (
    object: Child,
    present: KubernetesObject | null | undefined,
    files: { filesOf?: CopiedFiles } = {},
  ): void => {
    if (present === null || present === undefined)
      actions.push({ kind: "applyChild", object, why: `${object.kind} ${why} is missing`, revision, ...files });
  };
  make(children.configMap, there?.configMap, children.filesOf === null ? {} : { filesOf: children.filesOf });
  const certificates = certificatesFor(draft, children, { job, number, settings, there });
  actions.push(...certificates);
  if (certificates.length === 0) make(children.service, there?.service);
  make(children.jobManagerSet, there?.jobManagerSet);
  make(children.taskManagerSet, there?.taskManagerSet);
  for (const [wanted, present] of [
    [children.jobManagerSet, there?.jobManagerSet],
    [children.taskManagerSet, there?.taskManagerSet],
  ] as const) {
    if (present !== null && present !== undefined) actions.push(...resized(wanted, present));
  }
  return actions;
}

/** Of a paused StreamJob, too: what runs would otherwise fall apart when its certificates end. */
export function renewalsOf(draft: Draft, situation: Situation): readonly Action[] {
  return situation.observed.incarnations
    .filter(({ service }) => service?.metadata.annotations?.[CERTIFICATES_ANNOTATION] !== undefined)
    .flatMap(({ number }) => childrenOf(draft, situation, number))
    .filter(({ kind }) => kind === "issueCertificates");
}

/** CHI3 The one container is ours; what a pod template of the user adds comes after it. */
function imageOf(set: StatefulSet | null | undefined): string | undefined {
  return set?.spec.template.spec.containers[0]?.image;
}

/** CHI3 */
function resized(wanted: StatefulSet, present: StatefulSet): readonly Action[] {
  if (present.metadata.deletionTimestamp !== undefined || present.spec.replicas === wanted.spec.replicas) return [];
  const why = `spec.replicas of ${wanted.metadata.name} is ${present.spec.replicas} and should be ${wanted.spec.replicas}`;
  const object = { ...wanted, spec: { ...wanted.spec, template: present.spec.template } };
  return [{ kind: "applyChild", object, why }];
}

/** CHI2. `settled`: the incarnation whose ConfigMap is still needed (OST4). */
export function removalsOf(incarnation: ObservedIncarnation, settled: number | null): readonly Action[] {
  const { jobManagerSet, taskManagerSet, service, configMap, pods, number } = incarnation;
  const why = `incarnation ${number} is no longer needed`;
  const sets = [taskManagerSet, jobManagerSet].flatMap((set) => removal("StatefulSet", set, why));
  if (pods.length > 0 || jobManagerSet !== null || taskManagerSet !== null) return sets;
  const ofConfig = number === settled ? [] : removal("ConfigMap", configMap, why);
  return [...removal("Service", service, why), ...ofConfig];
}

function removal(objectKind: Kind, object: KubernetesObject | null, why: string): readonly Action[] {
  if (object === null || object.metadata.deletionTimestamp !== undefined) return [];
  const { name, uid } = object.metadata;
  return [{ kind: "deleteChild", objectKind, name, uid: uid ?? "", why }];
}
