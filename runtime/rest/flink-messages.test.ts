/**
 * T30: what we answer can be read by Flink's own client. flink-2.3-messages.json stands for it here; it was written, and the same
 * answers were read, by Flink's classes: bench/flink/rest-messages.ts. Of the file:
 *
 *   needed  route -> fields without which Flink cannot read an answer that has the object around them, beside numbers and booleans
 *   types   route -> what a field must be if it is there and not null: `integer`, `number`, `boolean`, `string` (with `?`: null is taken,
 *           too), `enum A B`, [items], {"*": values of a map}, {"?": the field that chooses one of the others}, `reader X`: see readers
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { seededRandom, silentLog, systemClock } from "../../base/index.ts";
import { hasField, type Sample, sampleAnswers } from "./flink-samples.test-support.ts";
import { createControl } from "./hand-written-control.test-support.ts";
import { createRoutes } from "./routes.ts";

type Type = string | readonly [Type] | { readonly [name: string]: Type };
const { needed, types } = JSON.parse(readFileSync(join(import.meta.dirname, "flink-2.3-messages.json"), "utf8")) as {
  readonly needed: Readonly<Record<string, readonly string[]>>;
  readonly types: Readonly<Record<string, Type>>;
};

const isHex32 = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{32}$/.test(value);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What Flink reads by code of its own. */
const readers: Readonly<Record<string, (value: unknown) => boolean>> = {
  JobID: isHex32,
  JobVertexID: isHex32,
  SlotSharingGroupId: isHex32,
  TriggerId: isHex32,
  ApplicationID: isHex32,
  ResourceID: (value) => typeof value === "string",
  RawJson: () => true,
  ProcessingMode: (value) => value === "exactly_once" || value === "at_least_once",
  JobResult: isObject,
  MetricCollectionResponseBody: Array.isArray,
  AggregatedMetricsResponseBody: (value) =>
    Array.isArray(value) &&
    value.every(
      ({ id, ...rest }) => typeof id === "string" && Object.values(rest).every((each) => typeof each === "number"),
    ),
  SerializedThrowable: (value) =>
    isObject(value) &&
    ["class", "stack-trace", "serialized-throwable"].every((name) => typeof value[name] === "string"),
};

const isOf: Readonly<Record<string, (value: unknown) => boolean>> = {
  integer: Number.isSafeInteger,
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  any: () => true,
};

/** Where a value is not what the type says. */
function wrong(value: unknown, type: Type, path: string): string[] {
  if (typeof type === "string") {
    const [kind = "", ...words] = type.split(" ");
    const says = `${path}: ${JSON.stringify(value)} is no ${type}`;
    if (value === null) return ["integer", "number", "boolean"].includes(kind) ? [says] : [];
    const isGood =
      kind === "enum"
        ? words.includes(String(value))
        : (kind === "reader" ? readers[words[0] ?? ""] : isOf[kind.replace("?", "")])?.(value);
    return isGood === true ? [] : [says];
  }
  if (value === null) return [];
  if (isItems(type)) {
    if (!Array.isArray(value)) return [`${path}: ${JSON.stringify(value)} is no array`];
    return value.flatMap((each) => wrong(each, type[0], `${path}[]`));
  }
  if (!isObject(value)) return [`${path}: ${JSON.stringify(value)} is no object`];
  const all = type["*"];
  if (all !== undefined) return Object.entries(value).flatMap(([key, each]) => wrong(each, all, `${path}{${key}}`));
  const by = type["?"];
  if (typeof by === "string") {
    const variant = type[String(value[by])];
    return variant === undefined ? [`${path}.${by}: ${String(value[by])} is unknown`] : wrong(value, variant, path);
  }
  // What is missing is read as null.
  return Object.entries(type).flatMap(([name, each]) => wrong(value[name] ?? null, each, `${path}.${name}`));
}

const isItems = (type: Type): type is readonly [Type] => Array.isArray(type);

function problems({ route, body }: Sample): string[] {
  const missing = (needed[route] ?? []).filter((path) => !hasField(body, path));
  return [
    ...missing.map((path) => `${route}: ${path} is missing`),
    ...wrong(body, types[route] ?? "any", "").map((each) => `${route} ${each}`),
  ];
}

describe("answers, as Flink 2.3's own client reads them", () => {
  let samples: readonly Sample[] = [];
  before(async () => {
    samples = await sampleAnswers();
  });

  it("have every field that is needed, of the type that is read", () => {
    assert.deepEqual(samples.flatMap(problems), []);
  });

  it("are there for every route that Flink has, too", () => {
    const parts = { clock: systemClock, random: seededRandom(1), log: silentLog, version: "0" };
    const hooks = { onAccepted: () => undefined, onTold: () => undefined };
    const routes = createRoutes({ ...parts, ...hooks, control: createControl().control });
    const names = routes.map(({ method, path }) => `${method} ${path.replace(/:\w+/g, ":")}`);
    const known = new Set(samples.map(({ route }) => route));
    assert.deepEqual(
      // What Prometheus asks for is no message of Flink's.
      names.filter((name) => name !== "GET /metrics" && !known.has(name)),
      [],
    );
    assert.deepEqual(
      [...known].filter((route) => !(route in types)),
      [],
    );
  });

  it("would be found out without a field, or with another word or type", () => {
    const overview = samples.find(({ route }) => route === "GET /jobs/overview") as Sample;
    const [job] = (overview.body as { jobs: Record<string, unknown>[] }).jobs;
    const { "pending-operators": _gone, ...without } = job as Record<string, unknown>;
    const changed: readonly (readonly [object, RegExp])[] = [
      [without, /pending-operators: null is no integer/],
      [{ ...job, "last-modification": undefined }, /last-modification/],
      [{ ...job, state: "RUNING" }, /"RUNING" is no enum/],
      [{ ...job, duration: null }, /null is no integer/],
      [{ ...job, jid: "x" }, /"x" is no reader JobID/],
    ];
    for (const [each, says] of changed) {
      assert.match(problems({ route: overview.route, body: { jobs: [each] } }).join("\n"), says);
    }
  });
});
