/** The example 19-kafka-sql prints what its README shows, and its third topic holds the newest count of each page. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { shownOutput } from "../e2e/readme.ts";
import { repository, Workplace } from "../e2e/streamjob-command.ts";
import { testKafka } from "./kafka-topics.ts";

const NAME = "19-kafka-sql";
const kafka = await testKafka();
const work = new Workplace();
after(() => work.close());

describe(NAME, { skip: kafka.skip }, () => {
  it("counts clicks of a topic by minute and page, by one command", async () => {
    const command = work.startScript(join(repository, "tools/example.ts"), NAME);
    assert.equal(await command.exit(), 0, command.stderr);
    assert.deepEqual(command.lines, shownOutput(NAME, "minutes ([show.ts]"));
    const counts = new Map<string, unknown>();
    for (const { key, value } of await kafka.topics().read("pages", "read_committed"))
      counts.set(String(key), JSON.parse(value ?? "null"));
    assert.deepEqual(Object.fromEntries(counts), {
      '{"page":"/"}': { page: "/", clicks: 4 },
      '{"page":"/shop"}': { page: "/shop", clicks: 3 },
    });
  });
});
