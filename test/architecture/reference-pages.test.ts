import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { optionsWithField, streamJobDefinition } from "../../crds/index.ts";
import { specChecks } from "../../operator/reconcile/index.ts";
import { describeOptions } from "../../runtime/graph/index.ts";
import {
  currentPages,
  renderChangesPage,
  renderErrorsPage,
  renderEventsPage,
  withRoomTable,
} from "../../tools/reference-pages.ts";
import { repositoryFolder } from "./repository.ts";
import { rooms } from "./rooms.ts";

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

  it("is caught being stale when the cost of a field, or the meaning of an event, changes", () => {
    const [first, ...others] = specChecks;
    assert.ok(first !== undefined);
    assert.notEqual(renderChangesPage(specChecks), renderChangesPage([{ ...first, cost: "none" }, ...others]));
    assert.notEqual(renderEventsPage({ A: "means a" }), renderEventsPage({ A: "means b" }));
  });

  it("is caught being stale when a room may import more", () => {
    const page = readFileSync(join(repositoryFolder, "docs/architecture.md"), "utf8");
    const [first, ...others] = rooms;
    assert.ok(first !== undefined);
    assert.equal(withRoomTable(page, rooms), page);
    assert.notEqual(withRoomTable(page, [{ ...first, mayImport: ["crds"] }, ...others]), page);
  });

  it("says of every field of a StreamJob's spec what a change of it costs", () => {
    const page = renderChangesPage(specChecks);
    const spec = streamJobDefinition().spec.versions[0]?.schema.openAPIV3Schema.properties?.["spec"];
    const fields = Object.keys(spec?.properties ?? {});
    assert.ok(fields.length > 20, `${fields.length} fields`);
    const unsaid = fields.filter((field) => !new RegExp(`^\\| \`spec\\.${field}[.\`]`, "m").test(page));
    assert.deepEqual(unsaid, []);
  });

  it("a StreamJob refuses in its config only what is an option of the runtime", () => {
    const table = describeOptions();
    assert.deepEqual(
      Object.keys(optionsWithField).filter((name) => !table.includes(`\`${name}\``)),
      [],
    );
  });
});
