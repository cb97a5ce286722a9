import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLog, systemClock } from "../../../base/index.ts";
import { buildJobGraph } from "../../graph/index.ts";
import { loadStreamGraph } from "../../program/index.ts";
import { discoverSplits } from "./split-discovery.ts";

/** What the tasks get of these splits, over JSON. */
async function discovered(splits: string): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "split-discovery-"));
  try {
    const module = join(folder, "job.ts");
    writeFileSync(
      module,
      `import { defineSource, job, t } from "streamjob";
      const parts = defineSource({
        name: "parts",
        boundedness: "bounded",
        type: t.string,
        discover: () => ${splits},
        createReader: () => ({ poll: () => "end", snapshot: () => [] }),
      });
      export default job((env) => {
        env.fromSource(parts, { uid: "parts" }).print({ uid: "out" });
      });`,
    );
    const graph = buildJobGraph(await loadStreamGraph({ module, options: {}, args: [] }));
    const sources = graph.vertices.flatMap(({ operators }) => operators.slice(0, 1).map(({ node }) => node.operatorId));
    const found = await discoverSplits(graph, sources, { clock: systemClock, logger: silentLog });
    return JSON.parse(JSON.stringify([...found.values()][0]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("SPD1 splits of plain JSON come to the tasks as the source gave them", async () => {
  assert.deepEqual(await discovered(`[{ path: "a\\ud800", from: 0, to: 1.5, tags: [null, true] }, 7, "b"]`), [
    { path: "a\ud800", from: 0, to: 1.5, tags: [null, true] },
    7,
    "b",
  ]);
});

const changed = {
  "a Date": "[{ since: new Date(0) }]",
  "minus zero": "[{ from: -0 }]",
  "not a number": "[{ to: NaN }]",
  "a hole in an array": "[{ ranges: [1, , 2] }]",
  "undefined in an array": "[{ ranges: [undefined] }]",
  "a Map": "[{ offsets: new Map([[0, 1]]) }]",
  "a bigint": "[{ offset: 1n }]",
};

for (const [what, splits] of Object.entries(changed)) {
  test(`SPD1 a split that JSON would change is refused: ${what}`, async () => {
    await assert.rejects(discovered(splits), {
      code: "SOURCE_FAILED",
      message: /the source "parts" \(uid "parts"\) has a split that is not plain JSON/,
    });
  });
}
