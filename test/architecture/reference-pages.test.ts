import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { optionsWithField } from "../../crds/index.ts";
import { describeOptions } from "../../runtime/graph/index.ts";
import { currentPages, renderErrorsPage } from "../../tools/reference-pages.ts";
import { repositoryFolder } from "./repository.ts";

describe("the generated files", () => {
  for (const [path, current] of Object.entries(currentPages())) {
    it(`${path} says what the code says`, () => {
      const page = readFileSync(join(repositoryFolder, path), "utf8");
      assert.equal(page, current, `${path} is stale: run npm run docs`);
    });
  }

  it("is caught being stale when a code or an explanation changes", () => {
    const page = renderErrorsPage({ A: "Means a." });
    assert.notEqual(page, renderErrorsPage({ A: "Means a.", B: "Means b." }));
    assert.notEqual(page, renderErrorsPage({ A: "Means something else." }));
  });

  it("has the codes in alphabetical order, so that adding one changes one place", () => {
    assert.equal(renderErrorsPage({ B: "b", A: "a" }), renderErrorsPage({ A: "a", B: "b" }));
  });

  it("a StreamJob refuses in its config only what is an option of the runtime", () => {
    const table = describeOptions();
    assert.deepEqual(
      Object.keys(optionsWithField).filter((name) => !table.includes(`\`${name}\``)),
      [],
    );
  });
});
