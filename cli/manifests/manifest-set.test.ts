import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { pathText } from "../../crds/index.ts";
import { readManifestSet } from "./manifest-set.ts";
import { readSources } from "./manifest-sources.ts";
import { parsePath, parseManifestText, problemLine } from "./manifest-text.ts";

const folder = mkdtempSync(join(tmpdir(), "manifest-set-"));
after(() => rmSync(folder, { recursive: true }));

function read(text: string, { isFromFolder = false } = {}) {
  return readManifestSet({ texts: [{ file: "wc.yaml", folder: "/m", text, isFromFolder }], problems: [] }, "default");
}
const lines = (text: string): string[] => read(text).problems.map(problemLine);

const JOB = `apiVersion: streamjob.dev/v1alpha1
kind: StreamJob
metadata:
  name: wc
spec:
  job:
    module: wc.ts
`;

describe("a manifest", () => {
  it("becomes an object with its namespace and absolute paths", () => {
    const { objects, problems } = read(
      `${JOB}  restore: {path: ../s/1}\n  checkpoints: {storage: {path: "file:///x"}}\n`,
    );
    assert.deepEqual(problems, []);
    const [object] = objects;
    assert.ok(object?.kind === "StreamJob");
    assert.equal(object.object.metadata.namespace, "default");
    assert.equal(object.object.spec.job.module, "/m/wc.ts");
    assert.equal(object.object.spec.restore?.path, "/s/1");
    assert.equal(object.object.spec.checkpoints?.storage?.path, "file:///x");
  });

  it("is also what `get -o yaml` shows: what the API server wrote is left away (MAS2)", () => {
    const { objects, problems } = read(
      JOB.replace("  name: wc", '  name: wc\n  uid: u\n  resourceVersion: "7"\n  generation: 3') +
        "status: {phase: Running}\n",
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(objects[0]?.object.metadata, { namespace: "default", name: "wc" });
    assert.ok(!("status" in (objects[0]?.object ?? {})));
  });

  it("says each mistake with its line and column, in the order of the lines", () => {
    assert.deepEqual(lines(`${JOB}  paralelism: 2\n  checkpoints:\n    interval: 10\n  taskManager: {slots: 0}\n`), [
      "wc.yaml:8:3 spec.paralelism: is not a known field; did you mean parallelism?",
      'wc.yaml:10:15 spec.checkpoints.interval: must be a duration such as "500 ms", "10s", "5 min" or "1h30m", not 10',
      "wc.yaml:11:24 spec.taskManager.slots: is out of bounds: it must be a whole number from 1 to 1024, not 0",
    ]);
  });

  it("says a missing field where its parent stands (MT2)", () => {
    assert.match(lines(JOB.replace("  name: wc", "  labels: {}"))[0] ?? "", /^wc\.yaml:3:1 metadata\.name: is missing/);
  });

  it("that is half written is refused as a whole (MT1)", () => {
    const { objects, problems } = read(`${JOB}---\n${JOB.replace("wc.ts", "[wc.ts").replace("name: wc", "name: b")}`);
    assert.equal(objects.length, 0);
    assert.match(problemLine(problems[0] as never), /^wc\.yaml:1\d:\d+: /);
  });

  it("of another kind is refused with the kinds that there are", () => {
    assert.match(
      lines("kind: Pod\napiVersion: v1\n")[0] ?? "",
      /^wc\.yaml:1:7 kind: "Pod" .* StreamJob, StreamJobSnapshot or ConfigMap/,
    );
  });

  it("named twice is refused with the file that has it", () => {
    assert.match(
      lines(`${JOB}---\n${JOB}`)[0] ?? "",
      /^wc\.yaml:12:9 metadata\.name: StreamJob default\/wc is already in wc\.yaml/,
    );
  });

  it("that is empty is refused when it was named, and nothing when it lies in a folder beside others", () => {
    assert.match(lines("# nothing\n")[0] ?? "", /contains no object/);
    const { leftOut } = read('{"name": "a package"}', { isFromFolder: true });
    assert.deepEqual(leftOut, ["wc.yaml"]);
  });

  it("holds ConfigMaps, which are sent before the jobs", () => {
    const map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: code}\ndata: {job.ts: 'x'}\n";
    assert.deepEqual(
      read(`${JOB}---\n${map}`).objects.map(({ kind }) => kind),
      ["ConfigMap", "StreamJob"],
    );
    assert.match(lines(map.replace("'x'", "1"))[0] ?? "", /^wc\.yaml:4:16 data\."job\.ts": must be a text/);
  });
});

describe("sources", () => {
  it("are files, manifests of a folder by name, and stdin", () => {
    const inner = join(folder, "a");
    mkdirSync(join(inner, "deep.yaml"), { recursive: true });
    for (const name of ["b.yaml", "a.yml", "c.json", "job.ts", ".hidden.yaml"]) writeFileSync(join(inner, name), "x");
    const { texts, problems } = readSources([inner, "-", join(inner, "b.yaml")], Buffer.from("from stdin"));
    assert.deepEqual(problems, []);
    assert.deepEqual(
      texts.map(({ file, isFromFolder }) => [file.replace(inner, ""), isFromFolder]),
      [
        ["/a.yml", true],
        ["/b.yaml", true],
        ["/c.json", true],
        ["stdin", false],
        ["/b.yaml", false],
      ],
    );
    assert.equal(texts[3]?.text, "from stdin");
  });

  it("are paths, not names: ./x.yaml, ../x.yaml, and a hidden file that is named", () => {
    const inner = join(folder, ".dotted");
    mkdirSync(inner);
    writeFileSync(join(inner, ".wc.yaml"), "x");
    const path = relative(process.cwd(), inner);
    const sources = [`./${path}/.wc.yaml`, join(path, ".wc.yaml"), join(inner, ".wc.yaml")];
    assert.ok(sources.slice(0, 2).every((source) => source.startsWith(".")));
    const { texts, problems } = readSources(sources, Buffer.alloc(0));
    assert.deepEqual([texts.length, problems], [3, []]);
  });

  it("that cannot be read are named with the reason, all of them (MS2)", () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    writeFileSync(join(empty, "notes.txt"), "");
    const { problems } = readSources([join(folder, "none.yaml"), empty, join(empty, "notes.txt")], Buffer.alloc(0));
    assert.match(
      problems.map(problemLine).join("\n"),
      /none\.yaml: there is no such file.*\n.*contains no manifest.*\n.*does not end with/,
    );
  });
});

describe("a value", () => {
  const args = (value: string): string => JOB.replace("module: wc.ts", `module: wc.ts\n    args: [${value}]`);
  const podTemplate = (value: string): string => `${JOB}  jobManager: {podTemplate: {spec: {priority: ${value}}}}\n`;
  const warned = (text: string): string[] => read(text).warnings.map(problemLine);

  it("that JSON cannot say is refused where it stands (MV1)", () => {
    for (const [value, reason] of [
      [".inf", /not a number that an object can hold/],
      ["-.INF", /not a number that an object can hold/],
      [".nan", /not a number that an object can hold/],
      ["12345678901234567890", /too large to be read exactly/],
      ["!!binary aGFsbG8=", /kind that an object cannot hold/],
    ] as const) {
      const [line = "", ...others] = lines(podTemplate(value));
      assert.match(line, reason);
      assert.match(line, /^wc\.yaml:8:(47|56): /);
      assert.deepEqual(others, []);
    }
  });

  it("that is -0 is 0 (MV1)", () => {
    const { objects, problems } = read(podTemplate("-0"));
    assert.deepEqual(problems, []);
    const [object] = objects;
    assert.ok(object?.kind === "StreamJob");
    const spec = object.object.spec.jobManager?.podTemplate?.spec as { readonly priority?: unknown } | undefined;
    assert.ok(Object.is(spec?.priority, 0));
  });

  it("that contains itself is refused, and one that is used twice is not (MV1)", () => {
    assert.match(
      lines(`${JOB}  config: &c {a: *c}\n`)[0] ?? "",
      /^wc\.yaml:8:18: \*c is inside the value that &c names/,
    );
    assert.match(lines(`${JOB}  config: &c\n    <<: *c\n`)[0] ?? "", /^wc\.yaml:9:9: \*c is inside/);
    const shared = `${JOB}  jobManager: &p {resources: {limits: {cpu: 1}}}\n  taskManager: *p\n`;
    assert.deepEqual(lines(shared), []);
  });

  it("that is nested without end is refused (MV1)", () => {
    assert.match(lines(`${JOB}  config: ${"[".repeat(1000)}${"]".repeat(1000)}\n`)[0] ?? "", /nested/);
    assert.match(lines(`${JOB}  config: ${"[".repeat(20_000)}`)[0] ?? "", /nested/);
  });

  it("that kubectl reads otherwise is warned of (MV2)", () => {
    const other: Record<string, RegExp> = {
      yes: /^wc\.yaml:8:12: yes is read as the text "yes"; kubectl reads it as true/,
      On: /kubectl reads it as true/,
      n: /kubectl reads it as false/,
      off: /kubectl reads it as false/,
      "010": /010 is read as 10; kubectl reads it as 8/,
      "-010": /-010 is read as -10; kubectl reads it as -8/,
      "1_000": /read as the text "1_000"; kubectl reads it as a number/,
      "0b11": /kubectl reads it as a number/,
    };
    for (const [value, warning] of Object.entries(other)) assert.match(warned(args(value)).join(), warning, value);
    for (const value of ['"yes"', "'010'", "true", "10", "0", "07", "one", "0x1F", "1.5", "yesterday", "08"]) {
      assert.deepEqual(warned(args(value)), [], value);
    }
    assert.deepEqual(warned(`${JOB}  config: {on: "1"}\n`), [], "a name is a text either way");
  });
});

describe("metadata", () => {
  it("with a misspelt field is refused, as the API server would drop it silently", () => {
    const misspelt = JOB.replace("  name: wc", "  name: wc\n  label: {a: b}\n  namespce: shop\n  ttlAfterFinish: 1");
    assert.deepEqual(lines(misspelt), [
      "wc.yaml:5:3 metadata.label: is not a known field; did you mean labels?",
      "wc.yaml:6:3 metadata.namespce: is not a known field; did you mean namespace?",
      "wc.yaml:7:3 metadata.ttlAfterFinish: is not a known field; known fields: name, namespace, labels, annotations, finalizers, ownerReferences",
    ]);
  });

  it("holds texts only in labels and annotations", () => {
    const number = JOB.replace("  name: wc", "  name: wc\n  labels: {a: 1}\n  annotations: {x.y/z: true}");
    assert.deepEqual(lines(number), [
      "wc.yaml:5:15 metadata.labels.a: must be a text; put it in quotes",
      'wc.yaml:6:24 metadata.annotations."x.y/z": must be a text; put it in quotes',
    ]);
    assert.match(lines(JOB.replace("metadata:\n  name: wc", "metadata: wc"))[0] ?? "", /metadata: must be an object/);
  });
});

describe("bytes", () => {
  it("that are no UTF-8 are refused with their line, in files and from stdin (MS3)", () => {
    const file = join(folder, "latin1.yaml");
    const bytes = Buffer.from(`${JOB}# caf\u00e9\n`, "latin1");
    writeFileSync(file, bytes);
    const { texts, problems } = readSources([file, "-"], bytes);
    assert.deepEqual(texts, []);
    assert.match(
      problems.map(problemLine).join("\n"),
      /latin1\.yaml:8:1: is not valid UTF-8.*\nstdin:8:1: is not valid UTF-8/,
    );
  });
});

describe("a path of a field", () => {
  it("is read back from its text, whatever the names", () => {
    const part = fc.oneof(fc.nat(99), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (path) => {
        assert.deepEqual(parsePath(pathText(path)), path);
      }),
    );
  });

  it("finds values in flow and block style, in JSON too", () => {
    const parsed = parseManifestText('{"a": {"b": [1, {"c": 2}]}}', "x.json");
    assert.ok(parsed.kind === "documents");
    assert.deepEqual(parsed.documents[0]?.positionOf("a.b[1].c"), { line: 1, column: 23 });
    assert.deepEqual(parsed.documents[0]?.positionOf("a.b[1].c", true), { line: 1, column: 18 });
  });
});
