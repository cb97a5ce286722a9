import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  optionText,
  restartStrategies,
  restartStrategy,
  type Setting,
  settings,
  settingsIn,
  strategyNames,
} from "./index.ts";

const plain = settingsIn(settings);
const all: readonly Setting[] = [
  ...plain.map(({ setting }) => setting),
  restartStrategy,
  ...strategyNames.flatMap((name) => Object.values(restartStrategies[name])),
];

describe("the table of settings", () => {
  it("has names, options and fields that are each there once", () => {
    const options = all.flatMap(({ option, aliases = [] }) => [option, ...aliases]);
    const fields = plain.map(({ setting }) => setting.field).filter((field) => field !== "");
    for (const list of [options, fields, plain.map(({ name }) => name)]) assert.deepEqual(list, [...new Set(list)]);
  });

  it("has defaults and bounds that fit each other, in manifests too", () => {
    for (const setting of all) {
      if (setting.kind !== "duration" && setting.kind !== "whole" && setting.kind !== "decimal") continue;
      const { min, max, manifest } = setting;
      assert.ok(min <= max && (manifest?.max ?? max) <= max, setting.option);
      for (const value of [setting.default, manifest?.default ?? null]) {
        assert.ok(value === null || (Number(value) >= min && Number(value) <= max), setting.option);
      }
    }
  });

  it("has a default that is one of the choices, and choices whose words are told apart", () => {
    for (const setting of all) {
      if (setting.kind !== "choice") continue;
      const { choices, option, manifest } = setting;
      for (const value of [setting.default, manifest?.default ?? null]) {
        assert.ok(value === null || Object.hasOwn(choices, String(value)), option);
      }
      const words = Object.values(choices).flat();
      assert.deepEqual(words, [...new Set(words)], option);
    }
  });

  it("says in whole sentences what a setting means, and leaves default and bounds to the pages", () => {
    for (const { doc, option } of all) {
      assert.match(doc, /^\S.*\.$/, option);
      assert.doesNotMatch(doc, /[Dd]efault|[Aa]t least \d/, option);
    }
  });

  it("gives a value's text as the option is written", () => {
    const { checkpoints, stateBackend } = settings;
    assert.equal(optionText(checkpoints.interval, 1500), "1500 ms");
    assert.equal(optionText(checkpoints.mode, "at-least-once"), "AT_LEAST_ONCE");
    assert.equal(optionText(checkpoints.tolerableFailures, null), "unlimited");
    assert.equal(optionText(stateBackend, "fs"), "fs");
  });
});
