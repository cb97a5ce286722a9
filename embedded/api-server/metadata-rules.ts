/**
 * Owns: what the metadata of an object of any kind may be. Pure; called by LocalApiServer.
 *
 * MER1 Names, label keys and values, annotation keys and finalizers have the forms of RFC 1123 and of Kubernetes' qualified names.
 * MER2 An object that is being deleted gets no new finalizer.
 */
import { isObject, type JsonObject, listAt, objectAt, type StoredObject, textAt } from "./json-value.ts";
import { type FieldProblem, field } from "./refusals.ts";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'example.com')";
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
  "alphanumeric character (e.g. 'my-name', or '123-abc')";
const label1035Text =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end " +
  "with an alphanumeric character (e.g. 'my-name', or 'abc-123')";
const qualifiedText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName', or 'my.name', or '123-abc')";
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'MyValue', or 'my_value', or '12345')";

/** The form of a name: of most kinds `subdomain`. */
export type NameForm = "subdomain" | "label" | "label1035";

const nameForms = {
  subdomain: { pattern: SUBDOMAIN, max: 253, text: subdomainText },
  label: { pattern: LABEL, max: 63, text: labelText },
  label1035: { pattern: LABEL_1035, max: 63, text: label1035Text },
} as const;

export function nameProblems(path: string, name: string, form: NameForm): FieldProblem[] {
  const { pattern, max, text } = nameForms[form];
  if (name === "") return [field.required(path, "name or generateName is required")];
  if (name.length > max) return [field.invalid(path, name, `must be no more than ${max} characters`)];
  return pattern.test(name) ? [] : [field.invalid(path, name, text)];
}

/** What is wrong with an object's metadata; `previous` for an update. */
export function metadataProblems(
  metadata: JsonObject,
  form: NameForm,
  previous: StoredObject | undefined,
): FieldProblem[] {
  return [
    ...(previous === undefined ? nameProblems("metadata.name", textAt(metadata, "name"), form) : []),
    ...(previous === undefined ? nameProblems("metadata.namespace", textAt(metadata, "namespace"), "label") : []),
    ...labelProblems("metadata.labels", objectAt(metadata, "labels")),
    ...annotationProblems(objectAt(metadata, "annotations")),
    ...finalizerProblems(metadata, previous),
    ...ownerProblems(metadata),
  ];
}

export function labelProblems(path: string, labels: JsonObject): FieldProblem[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameProblems(path, key),
    ...(typeof value !== "string" ? [field.invalid(`${path}.${key}`, value, "must be a string")] : []),
    ...(typeof value === "string" && value.length > 63
      ? [field.invalid(path, value, "must be no more than 63 characters")]
      : []),
    ...(typeof value === "string" && value !== "" && !QUALIFIED_PART.test(value)
      ? [field.invalid(path, value, labelValueText)]
      : []),
  ]);
}

function annotationProblems(annotations: JsonObject): FieldProblem[] {
  const path = "metadata.annotations";
  let bytes = 0;
  const problems = Object.entries(annotations).flatMap(([key, value]) => {
    bytes += Buffer.byteLength(key) + (typeof value === "string" ? Buffer.byteLength(value) : 0);
    return [
      ...qualifiedNameProblems(path, key.toLowerCase()),
      ...(typeof value === "string" ? [] : [field.invalid(`${path}.${key}`, value, "must be a string")]),
    ];
  });
  return bytes > ANNOTATIONS_BYTES_MAX ? [...problems, field.tooLong(path, ANNOTATIONS_BYTES_MAX)] : problems;
}

function finalizerProblems(metadata: JsonObject, previous: StoredObject | undefined): FieldProblem[] {
  const path = "metadata.finalizers";
  const finalizers = listAt(metadata, "finalizers");
  const problems = finalizers.flatMap((name) =>
    typeof name === "string" ? qualifiedNameProblems(path, name) : [field.invalid(path, name, "must be a string")],
  );
  if (previous?.metadata["deletionTimestamp"] === undefined) return problems;
  const before = listAt(previous.metadata, "finalizers");
  const added = finalizers.filter((name) => !before.includes(name));
  if (added.length === 0) return problems;
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
  return [...problems, field.forbidden(path, detail)];
}

function ownerProblems(metadata: JsonObject): FieldProblem[] {
  const path = "metadata.ownerReferences";
  const owners = listAt(metadata, "ownerReferences");
  const problems = owners.flatMap((owner, index) => {
    if (!isObject(owner)) return [field.invalid(`${path}[${index}]`, owner, "must be an object")];
    return ["apiVersion", "kind", "name", "uid"]
      .filter((key) => textAt(owner, key) === "")
      .map((key) => field.invalid(`${path}[${index}].${key}`, "", "must not be empty"));
  });
  const controllers = owners.filter((owner) => isObject(owner) && owner["controller"] === true);
  if (controllers.length < 2) return problems;
  return [...problems, field.invalid(path, owners, "Only one reference can have Controller set to true")];
}

function qualifiedNameProblems(path: string, key: string): FieldProblem[] {
  const parts = key.split("/");
  const name = parts.at(-1) ?? "";
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (parts.length > 2) return [field.invalid(path, key, `a qualified name has at most one "/": ${qualifiedText}`)];
  if (prefix !== undefined && (prefix.length > 253 || !SUBDOMAIN.test(prefix))) {
    return [field.invalid(path, key, `prefix part ${subdomainText}`)];
  }
  if (name === "") return [field.invalid(path, key, "name part must be non-empty")];
  if (name.length > 63) return [field.invalid(path, key, "name part must be no more than 63 characters")];
  return QUALIFIED_PART.test(name) ? [] : [field.invalid(path, key, qualifiedText)];
}
