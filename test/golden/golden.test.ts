/**
 * Every form that outlives a process or goes between two: today's program reads what each version wrote, writes what it wrote yesterday,
 * and refuses what is newer. docs/formats.md lists the forms; README.md here says how a golden file is added.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { incarnationSchema } from "../../contract/index.ts";
import { pathOf, readGolden, textOf } from "./form.ts";
import { forms } from "./forms.ts";
import { grownStatus } from "./wire-forms.ts";

describe("golden files", () => {
  for (const { file, read, means } of forms) {
    test(`${file} is read as what it meant when it was written (FV3)`, async () => {
      assert.deepEqual(await read(readGolden(file)), means);
    });
  }

  for (const { file, write } of forms) {
    if (write === null) continue;
    test(`the same values are written as in ${file}, byte for byte`, async () => {
      const written = textOf(file, await write());
      assert.equal(
        written,
        readFileSync(pathOf(file), "utf8"),
        `the form of ${file} has changed: raise its version, add a golden file beside this one, and go on reading both (test/golden/README.md)`,
      );
    });
  }

  for (const { file, read, newer } of forms) {
    if (newer === null) continue;
    test(`${file} of the next version is refused with both versions and what to do (FV2)`, async () => {
      const version = Number(/\.v(\d+)\./.exec(file)?.[1]);
      await assert.rejects(
        async () => read(newer(readGolden(file))),
        (error: Error) => {
          assert.match(error.message, new RegExp(`version ${version + 1}\\b`));
          assert.match(error.message, new RegExp(`version ${version}\\b`));
          assert.match(error.message, /use the StreamJob that wrote it, or a newer one|run one version of StreamJob/);
          return true;
        },
      );
    });
  }

  test("an answer of a later JobManager may have more fields", () => {
    const bytes = readGolden("incarnation-status.v1.json");
    const known = incarnationSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
    assert.deepEqual(incarnationSchema.parse(JSON.parse(Buffer.from(grownStatus(bytes)).toString("utf8"))), known);
  });

  test("each file has its form, and each form is listed in docs/formats.md", () => {
    assert.deepEqual(readdirSync(pathOf("")).toSorted(), forms.map(({ file }) => file).toSorted());
    const page = readFileSync(new URL("../../docs/formats.md", import.meta.url), "utf8");
    for (const { file } of forms) assert.ok(page.includes(`\`${file}\``), `docs/formats.md does not name ${file}`);
  });
});
