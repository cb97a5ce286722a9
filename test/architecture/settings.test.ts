import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { durationMs } from "../../base/index.ts";
import { streamJobDefinition, withDefaults } from "../../crds/index.ts";
import { smallJob } from "../../crds/manifest-examples.test-support.ts";
import { schemaAt, type StructuralSchema } from "../../crds/structural-schema.ts";
import { runtimeOptions } from "../../operator/engine-native/runtime-options.ts";
import { readSettings } from "../../runtime/api/settings.ts";
import { defaultConfiguration, jobSettings, parseOptions } from "../../runtime/graph/index.ts";
import { S3_DEFAULTS } from "../../runtime/storage/index.ts";
import {
  type NamedSetting,
  optionText,
  type Setting,
  settings,
  settingsIn,
  valueInWords,
} from "../../settings/index.ts";
import { repositoryFolder } from "./repository.ts";

/** Fields of the spec that say something to the operator, and nothing to the engine. */
const OF_THE_OPERATOR: Readonly<Record<string, string>> = {
  engine: "which engine runs the job",
  image: "the pods",
  imagePullPolicy: "the pods",
  imagePullSecrets: "the pods",
  serviceAccountName: "the pods",
  job: "what runs",
  state: "whether it runs",
  recovery: "what the operator does when the engine has given up",
  upgrade: "how the operator replaces a job",
  restore: "what the operator starts a job from",
  restartNonce: "a request",
  savepointNonce: "a request",
  jobManager: "the pods",
  taskManager: "the pods",
  deletion: "what the operator does with what a job leaves",
  config: "the options themselves",
  "checkpoints.incremental": "not in this version",
  "checkpoints.unaligned": "not in this version",
  "checkpoints.storage.s3": "how pods reach S3, as options and as variables (engine-native/s3-access.ts)",
  "savepoints.schedule": "the operator asks for them",
  "savepoints.retain": "the operator deletes them",
};

/** Settings of manifests that pods are told by fields of their own (contract/pod-config.ts), not as options. */
const TOLD_OTHERWISE = ["parallelism", "maxParallelism", "checkpoints.storage.path", "savepoints.path"];

/** A value that is not the default, as code and manifests write it. */
function sampleOf(setting: Setting): unknown {
  switch (setting.kind) {
    case "duration":
      return "11 min";
    case "whole":
      return Math.max(7, setting.min);
    case "decimal":
      return setting.max <= 1 ? 0.7 : 7.5;
    case "flag":
      return !setting.default;
    case "text":
      return "/tmp/x";
    case "choice":
      return Object.keys(setting.choices).findLast((choice) => choice !== setting.default);
  }
}

const nested = (name: string, value: unknown): object =>
  name.split(".").reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as object;
const plain = settingsIn(settings);
const restart = jobSettings.filter(({ name }) => name.startsWith("restart."));
/** By the strategy in the option's name. */
const strategyOf = ({ setting }: NamedSetting): string => setting.option.split(".")[1] ?? "";

const spec = schemaAt(streamJobDefinition().spec.versions[0]?.schema.openAPIV3Schema ?? {}, ["spec"]) ?? {};
const leaves = (schema: StructuralSchema, path: string): readonly string[] => {
  if (Object.hasOwn(OF_THE_OPERATOR, path)) return [path];
  const inside = Object.entries(schema.properties ?? {});
  if (inside.length === 0) return [path];
  return inside.flatMap(([name, child]) => leaves(child, path === "" ? name : `${path}.${name}`));
};

it("a thread that knows no job reaches S3 with the table's defaults", () => {
  assert.deepEqual(S3_DEFAULTS, defaultConfiguration().s3);
});

describe("the comments of JobSettings", () => {
  const source = readFileSync(join(repositoryFolder, "runtime/api/settings.ts"), "utf8");
  const named = [...source.matchAll(/Default ("?[^.:;,*]+?"?)\. \*\/\n +readonly (\w+)\?/g)];

  for (const [, stated = "", name = ""] of named) {
    it(`say the default of ${name} as the table does`, () => {
      const found = plain.find((each) => each.name === name || each.name === `checkpoints.${name}`)?.setting;
      assert.ok(found !== undefined, name);
      if (found.kind === "duration") assert.equal(durationMs(stated), found.default);
      else assert.equal(stated.replaceAll('"', ""), valueInWords(found, found.default));
    });
  }

  it("are found by this test", () => assert.ok(named.length >= 8, String(named.length)));
});

describe("a setting is in code, in options and in manifests, or its table says why not (TBL1, TBL2)", () => {
  for (const { name, setting } of plain) {
    it(`${name}: as an option, and in code${setting.notInCode === undefined ? "" : " not"}`, () => {
      const sample = sampleOf(setting);
      const given = setting.kind === "choice" ? optionText(setting, sample) : String(sample);
      const byOption = parseOptions({ [setting.option]: given });
      for (const alias of setting.aliases ?? []) assert.deepEqual(parseOptions({ [alias]: given }), byOption);
      assert.notDeepEqual(byOption, {});
      const inCode = (): object => readSettings(nested(name, sample));
      if (setting.notInCode === undefined) assert.deepEqual(inCode(), byOption);
      else assert.throws(inCode, { code: "OPTION_UNKNOWN" });
    });
  }

  for (const named of restart.filter(({ name }) => name !== "restart.strategy")) {
    it(`${named.setting.option}: as an option, and in code`, () => {
      const sample = sampleOf(named.setting);
      const parameter = named.name.replace("restart.", "");
      const inCode = readSettings({ restart: { strategy: strategyOf(named), [parameter]: sample } } as never);
      assert.deepEqual(inCode, parseOptions({ [named.setting.option]: String(sample) }));
    });
  }

  it("in manifests under the same name, and no field is there for which there is no setting", () => {
    const inManifests = [...plain, ...restart].filter(({ setting }) => setting.notInManifests === undefined);
    const expected = [...Object.keys(OF_THE_OPERATOR), ...inManifests.map(({ name }) => name)];
    assert.deepEqual([...leaves(spec, "")].toSorted(), [...new Set(expected)].toSorted());
  });

  it("and what a manifest says reaches the engine", () => {
    const told = Object.keys(runtimeOptions(withDefaults(smallJob().spec)));
    const missing = plain.filter(
      ({ setting }) => setting.notInManifests === undefined && !told.includes(setting.option),
    );
    assert.deepEqual(
      missing.map(({ name }) => name),
      TOLD_OTHERWISE,
    );
    for (const named of restart.filter(({ name }) => name !== "restart.strategy")) {
      const { setting, name } = named;
      const sample = sampleOf(setting);
      const { spec: said } = smallJob({
        restart: { strategy: strategyOf(named) as never, [name.replace("restart.", "")]: sample },
      });
      const options = runtimeOptions(withDefaults(said));
      assert.equal(options["restart-strategy.type"], strategyOf(named));
      const { restart: inEngine } = parseOptions(options);
      const { restart: expected } = parseOptions({ [setting.option]: String(sample) });
      const field = setting.field as "kind";
      assert.equal(inEngine?.[field], expected?.[field], setting.option);
    }
  });
});
