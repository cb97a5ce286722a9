import assert from "node:assert/strict";
import { test } from "node:test";
import { refuseNewer } from "./format-version.ts";

test("FV2 a newer version is refused with both versions and what to do, before anything else is looked at", () => {
  assert.throws(() => refuseNewer("/jobs/a.json", { version: 3, unheardOf: true }, 2), {
    code: "FORMAT_TOO_NEW",
    destiny: "terminal",
    message:
      "/jobs/a.json is of version 3, and this program reads version 2: use the StreamJob that wrote it, or a newer one",
  });
});

test("what is not newer is for its schema", () => {
  for (const json of [{ version: 2 }, { version: 1 }, { version: "9" }, { version: 2.5 }, {}, null, 7, [9]]) {
    refuseNewer("it", json, 2);
  }
});
