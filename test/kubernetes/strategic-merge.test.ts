/**
 * The merge of pod templates against Kubernetes' own: `kubectl patch --local` merges the same, and the API server names the same keys of lists.
 */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import fc from "fast-check";
import { type JsonMap, mergeKeys, strategicMerge } from "../../operator/engine-native/strategic-merge.ts";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { apiServerPart, isInCi, testPart } from "../environment/index.ts";

const run = promisify(execFile);
const server = await testPart(apiServerPart);
const hasKubectl = spawnSync("kubectl", ["version", "--client"], { stdio: "ignore" }).status === 0;
const noKubectl = hasKubectl || isInCi() ? false : "no kubectl on the PATH";

const names = fc.constantFrom("a", "b", "c", "d");
const short = fc.constantFrom("1", "2", "3");
const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(arbitrary, { maxLength: 4 });
/** Each key once. */
const keyed = <T extends object>(item: fc.Arbitrary<T>, key: keyof T): fc.Arbitrary<T[]> =>
  fc.uniqueArray(item, { maxLength: 4, selector: (each) => each[key] });

const variable = fc.record({ name: names, value: short }, { requiredKeys: ["name"] });
const volume = fc.oneof(
  fc.record({ name: names, emptyDir: fc.record({ medium: short }, { requiredKeys: [] }) }),
  fc.record({ name: names, configMap: fc.record({ name: short }) }),
);
const mount = fc.record({ name: names, mountPath: fc.constantFrom("/a", "/b", "/c"), subPath: short });
const port = fc.record(
  { containerPort: fc.integer({ min: 1, max: 4 }), name: names },
  { requiredKeys: ["containerPort"] },
);
const toleration = fc.record({ key: names, operator: fc.constantFrom("Exists", "Equal") });
const spread = fc.record({ topologyKey: names, maxSkew: fc.integer({ min: 1, max: 3 }) });
const removal = names.map((name) => ({ name, $patch: "delete" }));
const replacement = fc.constant({ $patch: "replace" });
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 4, nil: null });
const resources = (ofPatch: boolean) =>
  fc.record({ limits: fc.dictionary(fc.constantFrom("cpu", "memory"), ofPatch ? orNull(short) : short) });
const securityContext = (ofPatch: boolean) =>
  fc.record({ runAsUser: ofPatch ? orNull(fc.nat(3)) : fc.nat(3), capabilities: fc.record({ drop: some(short) }) });

const container = <T extends fc.Arbitrary<string>>(name: T, ofPatch: boolean) =>
  fc.record(
    {
      name,
      image: short,
      args: some(short),
      env: ofPatch ? fc.array(fc.oneof(variable, removal), { maxLength: 4 }) : keyed(variable, "name"),
      ports: keyed(port, "containerPort"),
      volumeMounts: keyed(mount, "mountPath"),
      resources: resources(ofPatch),
      securityContext: ofPatch ? fc.oneof(securityContext(true), replacement) : securityContext(false),
    },
    { requiredKeys: ofPatch ? ["name"] : ["name", "image", "env", "securityContext"] },
  );
const podSpec = (containers: fc.Arbitrary<object[]>, volumes: fc.Arbitrary<object[]>, ofPatch: boolean) =>
  fc.record(
    {
      containers,
      volumes,
      tolerations: ofPatch ? orNull(some(toleration)) : some(toleration),
      imagePullSecrets: keyed(fc.record({ name: names }), "name"),
      topologySpreadConstraints: keyed(spread, "topologyKey"),
      nodeSelector: fc.dictionary(names, ofPatch ? orNull(short) : short),
    },
    { requiredKeys: ofPatch ? [] : ["containers", "volumes"] },
  );
/** Directives only where there is something that they are about: what they mean elsewhere is nothing that a template needs. */
const original = podSpec(
  fc
    .tuple(container(fc.constant("ours"), false), keyed(container(names, false), "name"))
    .map(([ours, others]) => [...others.slice(0, 2), ours, ...others.slice(2)]),
  keyed(volume, "name"),
  false,
);
const patch = podSpec(
  fc
    .tuple(container(fc.constant("ours"), true), keyed(container(fc.constantFrom("x", "y"), false), "name"))
    .map(([ours, others]) => [...others.slice(0, 1), ours, ...others.slice(1)]),
  fc
    .tuple(keyed(volume, "name"), fc.array(fc.oneof(removal, replacement), { maxLength: 1 }))
    .map((lists) => lists.flat()),
  true,
);

const inSet = (spec: object): object => ({ spec: { template: { spec } } });

describe("kubectl merges as we do", { skip: noKubectl }, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "strategic-merge-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("whatever is merged", async () => {
    const head = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "a" } };
    const paths = [join(folder, "original.json"), join(folder, "patch.json")] as const;
    const property = fc.asyncProperty(original, patch, async (before, change) => {
      await writeFile(paths[0], JSON.stringify({ ...head, ...inSet(before) }));
      await writeFile(paths[1], JSON.stringify(inSet(change)));
      const args = ["patch", "-f", paths[0], "--local", "--type=strategic", `--patch-file=${paths[1]}`, "-o", "json"];
      const { stdout } = await run("kubectl", args);
      const theirs = JSON.parse(stdout) as { spec: { template: { spec: object } } };
      const ours = strategicMerge(before as JsonMap, change as JsonMap);
      assert.deepEqual(JSON.parse(JSON.stringify(ours)), theirs.spec.template.spec);
    });
    await fc.assert(property, { numRuns: 40 });
  });
});

type Schema = {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
};

describe("the API server's own schema", { skip: server.skip }, () => {
  it("names the keys of lists that we merge by, and no others in a pod's template", async () => {
    const { url, ca, tokens } = server.gives();
    const admin = new ClusterAdmin({ url, ca, token: tokens.admin });
    try {
      const document = (await admin.ask("GET", "/openapi/v3/apis/apps/v1")) as {
        components: { schemas: Record<string, Schema> };
      };
      const found = new Map<string, string>();
      const replaced = new Set<string>();
      const seen = new Set<string>();
      const visit = (schema: Schema | undefined): void => {
        for (const part of [schema, ...(schema?.allOf ?? [])]) {
          const name = part?.$ref?.split("/").at(-1);
          // The metadata of a claim that a volume makes is no part of a pod's template.
          if (name === undefined || name.endsWith(".ObjectMeta") || seen.has(name)) continue;
          seen.add(name);
          for (const [field, value] of Object.entries(document.components.schemas[name]?.properties ?? {})) {
            const key = value["x-kubernetes-patch-merge-key"];
            const isMerged = value["x-kubernetes-patch-strategy"]?.startsWith("merge") === true;
            if (key !== undefined && isMerged) found.set(field, key);
            else if (value.items !== undefined) replaced.add(field);
            visit(value);
            visit(value.items);
          }
        }
      };
      visit({ $ref: "#/components/schemas/io.k8s.api.core.v1.PodSpec" });
      assert.deepEqual(Object.fromEntries(found), mergeKeys);
      assert.deepEqual(
        [...found.keys()].filter((field) => replaced.has(field)),
        [],
        "a list's name alone says by what it is merged",
      );
    } finally {
      admin.close();
    }
  });
});
