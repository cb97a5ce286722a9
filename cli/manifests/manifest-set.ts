/**
 * Owns: the manifests that were named, as objects to send: known kinds, namespaces and paths filled in, all that is wrong with them.
 * Does not own: what the API server finds wrong beyond that (preview.ts), sending (apply-objects.ts).
 *
 * MAS1 All problems of all files are found at once; with one of them nothing is sent.
 * MAS2 What an API server writes itself (status, uid, resourceVersion, …) is left away: the output of `get -o yaml` is a manifest.
 * MAS3 In a folder a file that is no Kubernetes object at all is somebody else's, and is left out; a named file has to be one.
 */
import { type Issue, nearestName, pathText, validateSnapshot, validateStreamJob } from "../../crds/index.ts";
import type { Kinds } from "../../operator/kubernetes/api/index.ts";
import { withAbsolutePaths } from "./manifest-paths.ts";
import type { ReadSources } from "./manifest-sources.ts";
import { type ManifestDocument, type ManifestProblem, parseManifestText } from "./manifest-text.ts";

/** Kinds that manifests may hold, in the order in which they are sent: what others need first. */
export const manifestKinds = ["ConfigMap", "StreamJobSnapshot", "StreamJob"] as const;
export type ManifestKind = (typeof manifestKinds)[number];

/** One object to send. */
export type ManifestObject<K extends ManifestKind = ManifestKind> = {
  [Each in K]: {
    readonly kind: Each;
    readonly object: Kinds[Each];
    readonly namespace: string;
    readonly name: string;
    readonly file: string;
    /** What is wrong with a field of it, as a problem with its place. */
    problem(field: string, message: string, isKey?: boolean): ManifestProblem;
  };
}[K];

export type ManifestSet = {
  /** In the order in which they are sent. */
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly ManifestProblem[];
  /** What is taken, and may not be what is meant. */
  readonly warnings: readonly ManifestProblem[];
  /** Files of folders that hold no manifest. */
  readonly leftOut: readonly string[];
};

/** Reads all texts. `namespace`: of objects that name none. `isLocal` false: paths are those of pods, and stay as they are written. */
export function readManifestSet({ texts, problems }: ReadSources, namespace: string, isLocal = true): ManifestSet {
  const found: ManifestProblem[] = [...problems];
  const objects: ManifestObject[] = [];
  const leftOut: string[] = [];
  const warnings: ManifestProblem[] = [];
  for (const text of texts) {
    const parsed = parseManifestText(text.text, text.file);
    if (parsed.kind === "invalid") {
      found.push(...parsed.problems);
      continue;
    }
    const documents = text.isFromFolder ? parsed.documents.filter(looksLikeObject) : parsed.documents;
    if (documents.length < parsed.documents.length && documents.length === 0) leftOut.push(text.file);
    else if (documents.length === 0) found.push(whole(text.file, "contains no object; add a StreamJob"));
    for (const document of documents) {
      const read = readObject(document, text.file, namespace, isLocal ? text.folder : null);
      if (read.kind === "object") objects.push(read.object);
      found.push(...read.problems);
      warnings.push(...document.warnings);
    }
  }
  found.push(...twiceNamed(objects));
  if (found.length === 0 && objects.length === 0)
    found.push(whole(texts[0]?.file ?? "", "contains no object; add a StreamJob"));
  const rank = ({ kind }: ManifestObject): number => manifestKinds.indexOf(kind);
  return { objects: objects.toSorted((a, b) => rank(a) - rank(b)), problems: found, warnings, leftOut };
}

/** MAS3 */
function looksLikeObject({ value }: ManifestDocument): boolean {
  return isRecord(value) && (Object.hasOwn(value, "apiVersion") || Object.hasOwn(value, "kind"));
}

type ReadObject =
  | { readonly kind: "object"; readonly object: ManifestObject; readonly problems: readonly ManifestProblem[] }
  | { readonly kind: "none"; readonly problems: readonly ManifestProblem[] };

/** `folder` null: relative paths stay relative. */
function readObject(document: ManifestDocument, file: string, byDefault: string, folder: string | null): ReadObject {
  const problem = (field: string, message: string, isKey = false): ManifestProblem => ({
    file,
    position: document.positionOf(field, isKey),
    field,
    message,
  });
  const { value } = document;
  if (!isRecord(value)) {
    return { kind: "none", problems: [problem("", "must be an object with apiVersion, kind, metadata and spec")] };
  }
  const kind = value["kind"];
  if (!isManifestKind(kind)) {
    const what = kind === undefined ? "is missing" : `${JSON.stringify(kind)} is not supported`;
    return { kind: "none", problems: [problem("kind", `${what}; write StreamJob, StreamJobSnapshot or ConfigMap`)] };
  }
  const object = prepared(kind, value, byDefault, folder);
  const issues = [...metadataIssues(value["metadata"]), ...issuesOf(kind, object)];
  const problems = issues
    .map(({ path, reason, message }) => problem(path, message, reason === "UnknownField"))
    .toSorted((a, b) => (a.position?.line ?? 0) - (b.position?.line ?? 0));
  const { name, namespace } = object["metadata"] as { readonly name?: unknown; readonly namespace: string };
  if (typeof name !== "string") return { kind: "none", problems };
  const read = { kind, object, name, namespace, file, problem } as unknown as ManifestObject;
  return { kind: "object", object: read, problems };
}

/** What the API server writes into metadata (MAS2). */
const serverFields = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "managedFields",
];

function prepared(
  kind: ManifestKind,
  value: Readonly<Record<string, unknown>>,
  namespace: string,
  folder: string | null,
): Readonly<Record<string, unknown>> {
  const { status: _status, ...rest } = value;
  const given = isRecord(value["metadata"]) ? value["metadata"] : {};
  const kept = Object.entries(given).filter(([field]) => !serverFields.includes(field));
  const metadata = { namespace, ...Object.fromEntries(kept) };
  if (folder === null) return { ...rest, metadata };
  return withAbsolutePaths(kind, { ...rest, metadata }, folder) as Readonly<Record<string, unknown>>;
}

function issuesOf(kind: ManifestKind, object: unknown): readonly Issue[] {
  switch (kind) {
    case "StreamJob": {
      const validated = validateStreamJob(object);
      return validated.kind === "valid" ? [] : validated.issues;
    }
    case "StreamJobSnapshot": {
      const validated = validateSnapshot(object);
      return validated.kind === "valid" ? [] : validated.issues;
    }
    case "ConfigMap":
      return configMapIssues(object as Readonly<Record<string, unknown>>);
  }
}

/** What an API server knows of metadata and takes from a person; any other name it would drop silently. */
const metadataFields = ["name", "namespace", "labels", "annotations", "finalizers", "ownerReferences"];
/** Of the others, those that it writes, or that say nothing any more. */
const otherFields = [...serverFields, "selfLink", "deletionGracePeriodSeconds"];

function metadataIssues(metadata: unknown): readonly Issue[] {
  if (metadata === undefined) return [];
  if (!isRecord(metadata)) {
    return [{ path: "metadata", reason: "TypeInvalid", message: "must be an object with a name" }];
  }
  const issues: Issue[] = [];
  const add = (path: string, reason: string, message: string): void => void issues.push({ path, reason, message });
  for (const field of Object.keys(metadata)) {
    if (metadataFields.includes(field) || otherFields.includes(field)) continue;
    const nearest = nearestName(field, metadataFields);
    const meant = nearest === undefined ? `known fields: ${metadataFields.join(", ")}` : `did you mean ${nearest}?`;
    add(pathText(["metadata", field]), "UnknownField", `is not a known field; ${meant}`);
  }
  for (const field of ["labels", "annotations"]) {
    const texts: unknown = metadata[field] ?? {};
    if (!isRecord(texts)) add(`metadata.${field}`, "TypeInvalid", "must be a map of strings");
    else {
      for (const [name, text] of Object.entries(texts)) {
        if (typeof text === "string") continue;
        add(pathText(["metadata", field, name]), "TypeInvalid", "must be a text; put it in quotes");
      }
    }
  }
  return issues;
}

function configMapIssues(object: Readonly<Record<string, unknown>>): readonly Issue[] {
  const issues: Issue[] = [];
  const add = (path: string, reason: string, message: string): void => void issues.push({ path, reason, message });
  if (object["apiVersion"] !== "v1")
    add("apiVersion", "ValueInvalid", `must be v1, not ${JSON.stringify(object["apiVersion"])}`);
  const metadata = object["metadata"] as Readonly<Record<string, unknown>>;
  if (typeof metadata["name"] !== "string") add("metadata.name", "Missing", "is missing: the object needs a name");
  for (const field of Object.keys(object)) {
    if (["apiVersion", "kind", "metadata", "data", "immutable"].includes(field)) continue;
    add(field, "UnknownField", "is not a supported field of a ConfigMap; supported fields: data and immutable");
  }
  const data = object["data"] ?? {};
  if (!isRecord(data)) add("data", "TypeInvalid", "must be a map of strings");
  else {
    for (const [key, text] of Object.entries(data)) {
      if (typeof text === "string") continue;
      add(
        `data.${/^[\w-]+$/.test(key) ? key : JSON.stringify(key)}`,
        "TypeInvalid",
        "must be a text; put it in quotes",
      );
    }
  }
  return issues;
}

function twiceNamed(objects: readonly ManifestObject[]): readonly ManifestProblem[] {
  const seen = new Map<string, ManifestObject>();
  return objects.flatMap((object) => {
    const key = `${object.kind} ${object.namespace}/${object.name}`;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, object);
      return [];
    }
    return [object.problem("metadata.name", `${key} is already in ${first.file}; keep one of them`)];
  });
}

function isManifestKind(kind: unknown): kind is ManifestKind {
  return typeof kind === "string" && (manifestKinds as readonly string[]).includes(kind);
}

function whole(file: string, message: string): ManifestProblem {
  return { file, position: null, field: "", message };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
