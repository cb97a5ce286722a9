import assert from "node:assert/strict";
import { test } from "node:test";
import { JobDriver } from "streamjob/testkit";
import wordCount from "./job.ts";

type WordCount = { readonly word: string; readonly count: number };

test("counts go on from a snapshot, at another parallelism, and each is written once", async () => {
  const before = await JobDriver.start(wordCount, { sources: { verses: ["to be", "or not"] } });
  await before.run();
  const snapshot = await before.snapshot();
  await before.close();

  const after = await JobDriver.start(wordCount, { restore: snapshot, parallelism: 3 });
  after.push("verses", "to be");
  after.end("verses");
  await after.run();

  const written = after.committed<WordCount>("files").map(({ word, count }) => `${word} ${count}`);
  assert.deepEqual(written.sort(), ["be 1", "be 2", "not 1", "or 1", "to 1", "to 2"]);
});
