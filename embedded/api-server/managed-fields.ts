/**
 * Owns: who owns which fields of an object (metadata.managedFields), and server-side apply over that.
 * Does not own: merging values (field-merge.ts), which fields an object has (field-shape.ts). Called by: LocalApiServer. Pure.
 *
 * MF1 Every write is recorded: who creates, updates or patches owns what it changed (operation Update), who applies owns what it
 *     gave (operation Apply), each apart for the subresource status.
 * MF2 Apply removes what its manager owned by its last apply and no longer gives, unless somebody else owns it too.
 * MF3 Apply that would change what another manager owns is a Conflict that names the fields and the manager; with force, and in
 *     every update, the fields change hands. The same value given by two is owned by both.
 * MF4 What the server itself writes into an object (uid, generation, defaults) is owned by nobody.
 * Not done: several versions of one kind (we serve one of each), a limit on the number of managers.
 */
import { ApiError, type ManagedFieldsEntry } from "../../operator/kubernetes/api/index.ts";
import { asObject, differenceOf, fieldsOf, merge, takeOut } from "./field-merge.ts";
import { difference, type FieldSet, intersection, isNothing, NO_FIELDS, pathsOf, union } from "./field-set.ts";
import type { FieldShape } from "./field-shape.ts";
import {
  isObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  type StoredObject,
  textAt,
  without,
} from "./json-value.ts";

export type Writer = {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource: "" | "status";
};

const ownedByServer = [
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
];

/** The object without what nobody owns. */
function ownable(object: JsonObject): JsonObject {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  const metadata = without(objectAt(object, "metadata"), ...ownedByServer);
  return { ...without(rest, "metadata"), ...(Object.keys(metadata).length === 0 ? {} : { metadata }) };
}

/** The entries after a create, update or patch that made `after` out of `before`. */
export function recordUpdate(
  before: StoredObject | undefined,
  after: JsonObject,
  writer: Writer,
  shape: FieldShape,
  time: string,
): readonly Json[] {
  const entries = before === undefined ? [] : listAt(before.metadata, "managedFields");
  const { changed, removed } = differenceOf(before === undefined ? {} : ownable(before), ownable(after), shape);
  if (isNothing(changed) && isNothing(removed)) return entries;
  const touched = union(changed, removed);
  const others = handOver(entries, touched, (entry) => !isOf(entry, writer));
  const own = entries.find((entry) => isOf(entry, writer));
  const fields = union(difference(own === undefined ? NO_FIELDS : fieldsIn(own), removed), changed);
  if (isNothing(fields)) return others;
  return [...others, newEntry(writer, textAt(after, "apiVersion"), fields, time)];
}

export type Applied = {
  /** The live object with all that was applied, without what was given up. */
  readonly object: JsonObject;
  /** The entries, if `object` is what is written. */
  readonly entries: readonly Json[];
};

export type ApplyRequest = {
  readonly live: StoredObject | undefined;
  /** What is applied, without status. */
  readonly config: JsonObject;
  readonly writer: Writer;
  readonly force: boolean;
  readonly shape: FieldShape;
  readonly time: string;
};

/** Errors: Conflict (MF3), Invalid. */
export function applyFields({ live, config, writer, force, shape, time }: ApplyRequest): Applied {
  const entries = live === undefined ? [] : listAt(live.metadata, "managedFields");
  const liveFields = live === undefined ? {} : ownable(live);
  const given = ownable(config);
  const fields = fieldsOf(given, shape);
  const merged = asObject(merge(liveFields, given, shape));
  const conflicts = entries
    .filter((entry) => !isOf(entry, writer))
    .map((entry) => ({ entry, fields: intersection(differenceOf(liveFields, merged, shape).changed, fieldsIn(entry)) }))
    .filter((conflict) => !isNothing(conflict.fields));
  if (conflicts.length > 0 && !force) throw conflictError(conflicts);
  const last = entries.find((entry) => isOf(entry, writer));
  const ofOthers = entries
    .filter((entry) => !isOf(entry, writer))
    .reduce<FieldSet>((all, entry) => union(all, fieldsIn(entry)), NO_FIELDS);
  const kept = union(fields, ofOthers);
  const givenUp = difference(last === undefined ? NO_FIELDS : fieldsIn(last), kept);
  const pruned = asObject(takeOut(merged, givenUp, kept, shape));
  const { changed, removed } = differenceOf(liveFields, pruned, shape);
  const others = handOver(entries, union(changed, removed), (entry) => !isOf(entry, writer));
  const isSame = last !== undefined && JSON.stringify(fieldsIn(last)) === JSON.stringify(fields);
  const isQuiet = isSame && isNothing(changed) && isNothing(removed);
  const own = newEntry(writer, textAt(config, "apiVersion"), fields, time);
  return {
    object: { ...pruned, apiVersion: config["apiVersion"] ?? null, kind: config["kind"] ?? null },
    entries: isQuiet ? entries : [...others, own],
  };
}

/** When anybody wrote it last: RFC 3339, in whole seconds. */
export function lastWriteOf({ metadata }: StoredObject): string {
  const times = listAt(metadata, "managedFields").map((entry) => textAt(asObject(entry), "time"));
  return [metadata.creationTimestamp, ...times].reduce((last, time) => (time > last ? time : last));
}

/** Takes fields from the entries of others; an entry that is left with none goes. */
function handOver(entries: readonly Json[], fields: FieldSet, isOther: (entry: Json) => boolean): readonly Json[] {
  return entries.filter(isOther).flatMap((entry) => {
    const before = fieldsIn(entry);
    if (isNothing(intersection(before, fields))) return [entry];
    const left = difference(before, fields);
    return isNothing(left) ? [] : [{ ...asObject(entry), fieldsV1: left }];
  });
}

function newEntry(
  { manager, operation, subresource }: Writer,
  apiVersion: string,
  fields: FieldSet,
  time: string,
): Json {
  const entry = { manager, operation, apiVersion, time, fieldsType: "FieldsV1", fieldsV1: fields } as const;
  const typed: ManagedFieldsEntry = subresource === "" ? entry : { ...entry, subresource };
  return typed as unknown as Json;
}

function isOf(entry: Json, { manager, operation, subresource }: Writer): boolean {
  const each = asObject(entry);
  return each["manager"] === manager && each["operation"] === operation && textAt(each, "subresource") === subresource;
}

function fieldsIn(entry: Json): FieldSet {
  const fields = asObject(entry)["fieldsV1"];
  return isObject(fields) ? fields : NO_FIELDS;
}

function conflictError(conflicts: readonly { readonly entry: Json; readonly fields: FieldSet }[]): ApiError {
  const each = conflicts.map(({ entry, fields }) => ({
    who: `${JSON.stringify(textAt(asObject(entry), "manager"))} using ${textAt(asObject(entry), "apiVersion")}`,
    paths: pathsOf(fields),
  }));
  const causes = each.flatMap(({ who, paths }) =>
    paths.map((path) => ({ field: path, message: `conflict with ${who}` })),
  );
  const only = each.length === 1 ? each[0] : undefined;
  const text =
    only !== undefined && only.paths.length === 1
      ? `conflict with ${only.who}: ${only.paths[0]}`
      : each
          .map(({ who, paths }) => `conflicts with ${who}:\n${paths.map((path) => `- ${path}`).join("\n")}`)
          .join("\n");
  const count = causes.length;
  return new ApiError("Conflict", `Apply failed with ${count} ${count === 1 ? "conflict" : "conflicts"}: ${text}`, {
    causes,
  });
}
