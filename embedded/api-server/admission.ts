/**
 * Owns: what becomes of the body of an object before it is stored: defaults, pruning, and all that can be wrong with it.
 * Does not own: metadata that the server itself writes (object-writer.ts). Called by: ObjectWriter.
 *
 * AD1 Kinds of ours go through their CRD's schema and rules; kinds of Kubernetes' own through kind-defaults.ts and kind-rules.ts.
 * AD2 All problems are told at once; rules are asked only about an object that has the right form.
 */
import {
  type CustomResourceDefinition,
  type StructuralSchema,
  streamJobDefinition,
  streamJobSnapshotDefinition,
} from "../../crds/index.ts";
import type { Kind } from "../../operator/kubernetes/api/index.ts";
import { CelRules } from "./cel-check.ts";
import { type FieldShape, shapeOf } from "./field-shape.ts";
import { isList, isObject, type Json, type JsonObject, objectAt, type StoredObject, without } from "./json-value.ts";
import { kindDefaults } from "./kind-defaults.ts";
import { kindRules } from "./kind-rules.ts";
import { metadataProblems } from "./metadata-rules.ts";
import type { FieldProblem } from "./refusals.ts";
import { conform, schemaProblems, unknownFields } from "./schema-check.ts";

type CustomKind = { readonly schema: StructuralSchema; readonly rules: CelRules };

export class Admission {
  readonly #custom: Readonly<Partial<Record<Kind, CustomKind>>> = {
    StreamJob: customKind(streamJobDefinition()),
    StreamJobSnapshot: customKind(streamJobSnapshotDefinition()),
  };
  readonly #shapes = new Map<Kind, FieldShape>();
  readonly #withRules: boolean;

  constructor(withRules = true) {
    this.#withRules = withRules;
  }

  /** The object as it would be stored: pruned, with defaults. */
  complete(kind: Kind, object: JsonObject): JsonObject {
    const schema = this.#custom[kind]?.schema;
    if (schema !== undefined)
      return { ...(conform(object, schema) as JsonObject), metadata: objectAt(object, "metadata") };
    // What ControllerRevision holds is nobody's business, its nulls too.
    const { data } = object;
    const bare =
      kind === "ControllerRevision" && data !== undefined ? { ...withoutNulls(object), data } : withoutNulls(object);
    return kindDefaults[kind]?.(bare) ?? bare;
  }

  /** What is wrong with a complete object. */
  problems(kind: Kind, object: JsonObject, previous: StoredObject | undefined): FieldProblem[] {
    const rules = kindRules[kind];
    const ofMetadata = metadataProblems(objectAt(object, "metadata"), rules.nameForm, previous);
    const custom = this.#custom[kind];
    if (custom === undefined) return [...ofMetadata, ...rules.problems(object, previous)];
    const ofForm = [...ofMetadata, ...schemaProblems(object, custom.schema, previous, "")];
    if (ofForm.length > 0 || !this.#withRules) return ofForm;
    return custom.rules.problems(object, custom.schema, previous, "");
  }

  /** Fields that would be pruned; of Kubernetes' own kinds nothing is known. */
  unknownFields(kind: Kind, object: JsonObject): string[] {
    const custom = this.#custom[kind];
    return custom === undefined ? [] : unknownFields(without(object, "metadata"), custom.schema);
  }

  shape(kind: Kind): FieldShape {
    const known = this.#shapes.get(kind);
    if (known !== undefined) return known;
    const shape = shapeOf(kind, this.#custom[kind]?.schema as JsonObject | undefined);
    this.#shapes.set(kind, shape);
    return shape;
  }
}

function customKind(definition: CustomResourceDefinition): CustomKind {
  const schema = definition.spec.versions[0]?.schema.openAPIV3Schema ?? {};
  return { schema, rules: new CelRules(schema) };
}

/** Members that are null are absent: the types of Kubernetes' own kinds cannot tell the difference. */
function withoutNulls(object: JsonObject): JsonObject {
  const result: Record<string, Json> = {};
  for (const [key, value] of Object.entries(object)) if (value !== null) result[key] = withoutNullsBelow(value);
  return result;
}

function withoutNullsBelow(value: Json): Json {
  if (isList(value)) return value.map(withoutNullsBelow);
  return isObject(value) ? withoutNulls(value) : value;
}
