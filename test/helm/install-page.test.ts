/** The commands of docs/install.md and of the chart's README: Helm takes each as it is written, with the values that it sets. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { helm3Binary, helm4Binary, testBinary } from "../environment/index.ts";
import { chartFolder, runHelm } from "./chart.ts";

const helms = [await testBinary(helm3Binary), await testBinary(helm4Binary)];
const skip = helms.find((one) => one.skip !== false)?.skip ?? false;
const pages = ["docs/install.md", "helm/streamjob-operator/README.md"];
/** What `helm template` has no use for. */
const ofClusters = new Set(["--wait", "--create-namespace", "--install", "--take-ownership"]);

/** Commands of the page that give a release values; words, quotes taken away. */
function installations(page: string): string[][] {
  const text = readFileSync(fileURLToPath(new URL(`../../${page}`, import.meta.url)), "utf8");
  const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].map(([, block = ""]) => block.replaceAll("\\\n", " "));
  return blocks
    .flatMap((block) => block.split("\n"))
    .filter((line) => /^helm (install|upgrade) /.test(line) && line.includes("--set"))
    .map((line) => (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", "")));
}

describe("the commands that install the operator", { skip }, () => {
  for (const page of pages) {
    it(`are taken by Helm 3 and Helm 4: ${page}`, async () => {
      const commands = installations(page);
      assert.notEqual(commands.length, 0);
      for (const [, , ...words] of commands) {
        const args = words
          .filter((word) => !ofClusters.has(word))
          .map((word) => (word.endsWith("helm/streamjob-operator") ? chartFolder : word));
        for (const helm of helms) {
          const { code, stderr } = await runHelm(helm.path(), ["template", ...args]);
          assert.equal(code, 0, `${words.join(" ")}: ${stderr}`);
        }
      }
    });
  }
});
