import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { shownOutput } from "./readme.ts";
import { repository, type RunningCommand, Workplace } from "./streamjob-command.ts";

const example = "17-batch-sql";
const work = new Workplace();
// The script names its file from the repository's root folder, where the README runs it.
cpSync(join(repository, "examples", example), work.path(join("examples", example)), { recursive: true });
after(() => work.close());

const run = (file: string): Promise<RunningCommand> => work.run("run", join(repository, "examples", example, file));

describe("SQ-1 the course's nine orders", () => {
  for (const [file, label] of [
    ["job.ts", "Above the table stands its schema"],
    ["job.sql", "[job.sql](job.sql) is the same"],
  ] as const)
    it(`give three groups and their schema: ${file}`, async () => {
      const command = await run(file);
      assert.equal(command.exitCode, 0, command.stderr);
      const schema = shownOutput(example, label);
      assert.deepEqual(command.lines.slice(0, schema.length), schema);
      const rows = (lines: readonly string[]): readonly string[] => lines.toSorted();
      assert.deepEqual(rows(command.lines.slice(schema.length)), rows(shownOutput(example, "Expected output of both")));
    });
});

it("SQ-4 a reserved word as a name is refused, and nothing is started", async () => {
  const command = await run("reserved.sql");
  assert.equal(command.exitCode, 2);
  const shown = shownOutput(example, "bin/streamjob run examples/17-batch-sql/reserved.sql");
  assert.ok(command.stderr.includes(shown.join("\n")), command.stderr);
});
