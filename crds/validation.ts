/**
 * Owns: whether an object is a StreamJob or snapshot that can be acted upon, and reading statuses leniently.
 * Does not own: the schemas and rules it applies. Called by: the CLI before it sends, the controller before it acts (an API server may
 * have rules switched off), tests of the embedded API server.
 *
 * VAL1 All that is wrong is said at once, each with its path, a reason in one word and a message that says what to write.
 * VAL2 An unknown field is an issue: an API server would drop it silently, and its author would believe that it works.
 * VAL3 Rules of several fields are asked only where the fields below their place have the right form (CER2).
 */
import type { z } from "zod";
import { type RulesAt, streamJobRules, streamJobSnapshotRules } from "./cel-rules.ts";
import { STREAM_JOB_API_VERSION, STREAM_JOB_KIND, STREAM_JOB_SNAPSHOT_KIND } from "./names.ts";
import { nearestName } from "./nearest-name.ts";
import type { StreamJob } from "./stream-job.ts";
import { type StreamJobSnapshot, streamJobSnapshotSpecSchema } from "./stream-job-snapshot.ts";
import { streamJobSpecSchema } from "./stream-job-spec.ts";
import { type Issue, issuesOfZod, type Path, pathText } from "./validation-issues.ts";

export type ValidatedStreamJob =
  | { readonly kind: "valid"; readonly job: StreamJob }
  | { readonly kind: "invalid"; readonly issues: readonly Issue[] };

export type ValidatedSnapshot =
  | { readonly kind: "valid"; readonly snapshot: StreamJobSnapshot }
  | { readonly kind: "invalid"; readonly issues: readonly Issue[] };

/**
 * Checks a StreamJob; `before` is the object that it replaces, for what may not change. Its status is not looked at.
 * Who reads manifests fills in the namespace first.
 */
export function validateStreamJob(object: unknown, before?: unknown): ValidatedStreamJob {
  const issues = findIssues(streamJobKind, object, before);
  return issues.length === 0 ? { kind: "valid", job: object as StreamJob } : { kind: "invalid", issues };
}

/** Checks a StreamJobSnapshot, like `validateStreamJob`. */
export function validateSnapshot(object: unknown, before?: unknown): ValidatedSnapshot {
  const issues = findIssues(snapshotKind, object, before);
  return issues.length === 0 ? { kind: "valid", snapshot: object as StreamJobSnapshot } : { kind: "invalid", issues };
}

interface Kind {
  readonly name: string;
  readonly spec: z.ZodType;
  readonly rules: readonly RulesAt[];
}
const streamJobKind: Kind = { name: STREAM_JOB_KIND, spec: streamJobSpecSchema, rules: streamJobRules };
const snapshotKind: Kind = {
  name: STREAM_JOB_SNAPSHOT_KIND,
  spec: streamJobSnapshotSpecSchema,
  rules: streamJobSnapshotRules,
};

const TOP_LEVEL = ["apiVersion", "kind", "metadata", "spec", "status"];

function findIssues(kind: Kind, object: unknown, before: unknown): readonly Issue[] {
  if (!isRecord(object)) {
    return [{ path: "", reason: "TypeInvalid", message: `must be an object of kind ${kind.name}` }];
  }
  const top = topLevelIssues(kind, object);
  const parsed = kind.spec.safeParse(object["spec"]);
  const found = parsed.success ? [] : issuesOfZod(parsed.error, kind.spec, object["spec"]);
  const faulty = [...top.map(({ at }) => at), ...found.map(({ at }) => ["spec", ...at])];
  return [
    ...top.map(({ issue }) => issue),
    ...found.map(({ at, issue }) => ({ ...issue, path: pathText(["spec", ...at]) })),
    ...ruleIssues(kind.rules, object, before, faulty),
  ];
}

function topLevelIssues(kind: Kind, object: Readonly<Record<string, unknown>>): { at: Path; issue: Issue }[] {
  const found: { at: Path; issue: Issue }[] = [];
  const add = (at: Path, reason: string, message: string): void => {
    found.push({ at, issue: { path: pathText(at), reason, message } });
  };
  if (object["apiVersion"] !== STREAM_JOB_API_VERSION) {
    add(
      ["apiVersion"],
      "ValueInvalid",
      `must be ${STREAM_JOB_API_VERSION}, not ${JSON.stringify(object["apiVersion"])}`,
    );
  }
  if (object["kind"] !== kind.name) {
    add(["kind"], "ValueInvalid", `must be ${kind.name}, not ${JSON.stringify(object["kind"])}`);
  }
  const metadata = isRecord(object["metadata"]) ? object["metadata"] : {};
  for (const name of ["name", "namespace"]) {
    if (typeof metadata[name] !== "string" || metadata[name] === "") {
      add(["metadata", name], "Missing", `is missing: the object needs a ${name}`);
    }
  }
  for (const name of Object.keys(object).filter((each) => !TOP_LEVEL.includes(each))) {
    const nearest = nearestName(name, TOP_LEVEL);
    const inSpec = ["spec"].concat(Object.hasOwn(specFields(kind), name) ? name : []).join(".");
    const meant =
      inSpec !== "spec" ? `; it belongs under spec` : nearest === undefined ? "" : `; did you mean ${nearest}?`;
    add([name], "UnknownField", `is not a field of a ${kind.name}${meant}`);
  }
  return found;
}

function specFields(kind: Kind): Readonly<Record<string, unknown>> {
  return (kind.spec as z.ZodObject).shape;
}

/** VAL3. */
function ruleIssues(
  places: readonly RulesAt[],
  object: unknown,
  before: unknown,
  faulty: readonly Path[],
): readonly Issue[] {
  const issues: Issue[] = [];
  for (const { at, rules } of places) {
    for (const { path, value } of valuesAt(object, at)) {
      // Rules of the object itself look only at its name.
      const scope = path.length === 0 ? ["metadata", "name"] : path;
      if (!isRecord(value) || faulty.some((each) => liesBelow(each, scope))) continue;
      const old = at.includes("*") ? undefined : valuesAt(before, at)[0]?.value;
      for (const rule of rules) {
        if (rule.isAboutChange === true && !isRecord(old)) continue;
        if (rule.holds(value, old)) continue;
        const field = (rule.reportedAt ?? rule.fieldPath ?? "").split(".").slice(1);
        issues.push({ path: pathText([...path, ...field]), reason: rule.reason, message: rule.message });
      }
    }
  }
  return issues;
}

/** Whether `path` is `scope` or lies in it, or is a missing part of what leads there. */
function liesBelow(path: Path, scope: Path): boolean {
  return scope.every((name, index) => index >= path.length || path[index] === name);
}

function valuesAt(value: unknown, at: readonly string[]): { path: Path; value: unknown }[] {
  let found: { path: Path; value: unknown }[] = [{ path: [], value }];
  for (const name of at) {
    found = found.flatMap((each) => {
      if (name === "*") {
        const items: readonly unknown[] = Array.isArray(each.value) ? each.value : [];
        return items.map((item, index) => ({ path: [...each.path, index], value: item }));
      }
      return isRecord(each.value) && each.value[name] !== undefined
        ? [{ path: [...each.path, name], value: each.value[name] }]
        : [];
    });
  }
  return found;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
