/**
 * Has Flink's own classes read what our REST answers, and writes down what they ask for.
 *
 *   node bench/flink/rest-messages.ts          prints each answer that Flink's client cannot read; exit code 1 if there is one
 *   node bench/flink/rest-messages.ts --write  writes runtime/rest/flink-2.3-messages.json anew
 *
 * It needs what build.ts needs. In `npm test` the written file stands for Flink: runtime/rest/flink-messages.test.ts.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasField, type Sample, sampleAnswers } from "../../runtime/rest/flink-samples.test-support.ts";
import { buildFlink } from "./build.ts";

const FLINK = "2.3.0";
const FILE = join(import.meta.dirname, "..", "..", "runtime", "rest", "flink-2.3-messages.json");

/** As RestMessages.java prints it. */
type Read = {
  readonly kind: string;
  readonly nullable?: boolean;
  readonly values?: readonly string[];
  readonly items?: Read;
  readonly value?: Read;
  readonly required?: Readonly<Record<string, Read>>;
  readonly by?: string;
  readonly variants?: Readonly<Record<string, Read>>;
  readonly type?: string;
};

/** The form of the file: runtime/rest/flink-messages.test.ts says what it means. */
function compact(read: Read): unknown {
  const all = (of: Readonly<Record<string, Read>> = {}): object =>
    Object.fromEntries(Object.entries(of).map(([name, each]) => [name, compact(each)]));
  switch (read.kind) {
    case "enum":
      return `enum ${(read.values ?? []).join(" ")}`;
    case "array":
      return [compact(read.items as Read)];
    case "map":
      return { "*": compact(read.value as Read) };
    case "object":
      return all(read.required);
    case "oneOf":
      return { "?": read.by, ...all(read.variants) };
    case "custom":
      return `reader ${read.type}`;
    default:
      return read.nullable === true ? `${read.kind}?` : read.kind;
  }
}

const build = await buildFlink();
if ("missing" in build) throw new Error(build.missing);
const classpath = build.classpath;
const { java } = build;

function ask(mode: "schema" | "decode", input: string): string {
  const program = join(import.meta.dirname, "rest", "RestMessages.java");
  const { stdout, stderr, status } = spawnSync(java, ["-cp", classpath, program, mode], {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`RestMessages.java ${mode} failed: ${stderr}`);
  return stdout;
}

/** Why Flink cannot read each of these; those that it can are not in it. */
function unreadable(samples: readonly Sample[]): Map<Sample, string> {
  const lines = ask("decode", samples.map((sample) => JSON.stringify(sample)).join("\n")).split("\n");
  return new Map(
    lines.slice(0, -1).map((line) => {
      const [number = "", why = ""] = line.split("\t");
      return [samples[Number(number)] as Sample, why];
    }),
  );
}

/** Fields without which an answer cannot be read: each is taken out of answers that can be, in turn. `a.b`, `a[].b`. */
function needed(samples: readonly Sample[]): Record<string, string[]> {
  const without: (Sample & { readonly path: string })[] = [];
  for (const { route, body } of samples) {
    const copy = structuredClone(body);
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      if (Array.isArray(value)) return value.forEach((each) => visit(each, `${path}[]`));
      const members = value as Record<string, unknown>;
      for (const [name, member] of Object.entries(members)) {
        const at = path === "" ? name : `${path}.${name}`;
        delete members[name];
        without.push({ route, path: at, body: structuredClone(copy) });
        members[name] = member;
        visit(member, at);
      }
    };
    visit(copy, "");
  }
  const found: Record<string, Set<string>> = {};
  for (const sample of unreadable(without).keys()) {
    (found[sample.route] ??= new Set()).add((sample as (typeof without)[number]).path);
  }
  return Object.fromEntries(
    Object.entries(found)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([route, paths]) => [
        route,
        // What another answer can be read without belongs to one variant of it.
        [...paths]
          .filter((path) => samples.every((each) => each.route !== route || hasField(each.body, path)))
          .toSorted(),
      ]),
  );
}

const samples = await sampleAnswers();
const unread = unreadable(samples);
for (const [{ route, body }, why] of unread) process.stdout.write(`${route}: ${why}\n${JSON.stringify(body)}\n`);
if (unread.size === 0) process.stdout.write(`Flink ${FLINK} reads all ${samples.length} answers.\n`);
if (process.argv.includes("--write")) {
  const all = JSON.parse(ask("schema", "")) as Record<string, Read>;
  const routes = [...new Set(samples.map(({ route }) => route))].toSorted().filter((route) => route in all);
  const source = `Apache Flink ${FLINK}, flink-runtime: the answers of org.apache.flink.runtime.rest.messages, as its client's mapper (RestMapperUtils.getFlexibleObjectMapper) reads them. Written by bench/flink/rest-messages.ts.`;
  const types = Object.fromEntries(routes.map((route) => [route, compact(all[route] as Read)]));
  const read = samples.filter((sample) => !unread.has(sample));
  writeFileSync(FILE, `${JSON.stringify({ source, needed: needed(read), types }, null, 2)}\n`);
}
process.exit(unread.size === 0 ? 0 : 1);
