/**
 * Owns: StreamJobs by chance, valid and nearly valid, for tests that hold two checks of them against each other.
 */
import fc from "fast-check";
import { optionsWithField } from "./cel-rules.ts";
import { streamJobDefinition } from "./custom-resource-definition.ts";
import { fullJob, smallJob } from "./manifest-examples.test-support.ts";
import { schemaAt, type StructuralSchema } from "./structural-schema.ts";

const jobSchema = streamJobDefinition().spec.versions[0]?.schema.openAPIV3Schema ?? {};

/** Paths of all fields of a spec, lists by their first two items. */
function fieldPaths(schema: StructuralSchema, path: readonly (string | number)[]): (readonly (string | number)[])[] {
  if (schema.items !== undefined)
    return [0, 1].flatMap((index) => [...fieldPaths(schema.items ?? {}, [...path, index])]);
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const here = [...path, name];
    return [here, ...fieldPaths(child, here)];
  });
}
const paths = fieldPaths(schemaAt(jobSchema, ["spec"]) ?? {}, ["spec"]);

const texts = fc.constantFrom(
  "",
  "a",
  "A",
  "wc-1",
  "STREAMJOB_X",
  "LEVEL",
  "0 3 * * *",
  "http://s3",
  "x".repeat(400),
  "job.ts",
);
const durations = fc.constantFrom(
  "0s",
  "1ms",
  "9ms",
  "10ms",
  "1s",
  "10s",
  "5m",
  "1h30m",
  "8760h",
  "8760h1ms",
  "7d",
  "10",
  "9",
  "10 ms",
  "9 millis",
  "0.5 SEC",
  "0.0095s",
  "10 min",
  "365 days",
  "365.001 d",
  "1 hour",
  "1h 30m",
  "9999999h",
);
const configs = fc.dictionary(
  fc.constantFrom("execution.buffer-timeout", "restart-strategy.type", "other", ...Object.keys(optionsWithField)),
  fc.constantFrom("1", "x"),
  { maxKeys: 2 },
);

/** A value that a field may have, or just may not. */
function valueFor(schema: StructuralSchema): fc.Arbitrary<unknown> {
  const wrong = fc.constantFrom<unknown>(null, true, 3, "text", {}, []);
  return fc.oneof({ weight: 8, arbitrary: likelyValue(schema) }, { weight: 1, arbitrary: wrong });
}

function likelyValue(schema: StructuralSchema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom<unknown>(...schema.enum);
  if (schema["x-kubernetes-int-or-string"] === true) return fc.constantFrom<unknown>(0, 1, -1, "1", "500m", "1 G", 1.5);
  switch (schema.type) {
    case "string":
      return schema["x-kubernetes-validations"] === undefined ? texts : durations;
    case "integer":
    case "number": {
      const { minimum = -1, maximum = 10 } = schema;
      return fc.constantFrom(minimum, minimum - 1, minimum + 1, 2, 3, 4, 1.5, maximum, maximum + 1);
    }
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(likelyValue(schema.items ?? {}), { maxLength: 2 });
    default:
      if (schema.additionalProperties !== undefined) return configs;
      return fc.record(
        Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, each]) => [name, likelyValue(each)])),
        { requiredKeys: [] },
      );
  }
}

type Members = Record<string | number, unknown>;

function setAt(object: object, path: readonly (string | number)[], value: unknown): void {
  let inner: unknown = object;
  for (const [index, name] of path.slice(0, -1).entries()) {
    const isList = typeof path[index + 1] === "number";
    if (typeof inner !== "object" || inner === null) return;
    // A list has no gaps.
    if (Array.isArray(inner) && (name as number) > inner.length) return;
    const members = inner as Members;
    members[name] ??= isList ? [] : {};
    inner = members[name];
  }
  const last = path.at(-1) ?? "";
  if (typeof inner !== "object" || inner === null || (Array.isArray(inner) && typeof last !== "number")) return;
  if (value === undefined) delete (inner as Members)[last];
  else (inner as Members)[last] = value;
}

const change = fc
  .constantFrom(...paths)
  .chain((path) =>
    fc.tuple(fc.constant(path), fc.option(valueFor(schemaAt(jobSchema, path) ?? {}), { nil: undefined })),
  );
/** A StreamJob that is valid, or nearly: one of two good ones with up to three fields changed. */
export const randomJob = fc
  .tuple(fc.constantFrom(smallJob, fullJob), fc.array(change, { maxLength: 3 }))
  .map(([base, changes]) => {
    const object = structuredClone(base());
    for (const [path, value] of changes) setAt(object, path, structuredClone(value));
    return object;
  });
