/**
 * The examples of docs/connectors.md are written to files, type-checked, and run.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { text } from "node:stream/consumers";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { defineSource, job, NO_TIMESTAMP, t } from "../../runtime/api/index.ts";
import type {
  EnumeratorContext,
  PlainSink,
  Source,
  SplitEnumerator,
  TwoPhaseCommitSink,
} from "../../runtime/ports/index.ts";
import {
  JobDriver,
  type SinkWorld,
  SourceHarness,
  sinkContract,
  type TransactionWorld,
  twoPhaseCommitContract,
} from "../../runtime/testkit/index.ts";
import { PageExamples } from "./page-examples.ts";

const examples = new PageExamples("docs/connectors.md");

/** A server that answers each request with the text that `answer` gives. */
async function serve(
  answer: (request: IncomingMessage) => Promise<string> | string,
): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    Promise.resolve(answer(request)).then(
      (body) => response.end(body),
      () => response.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

test("the examples compile, and are one screen long", async () => {
  assert.equal(await examples.typeErrors(), "");
  const lengths = [...examples.text.matchAll(/^```ts file=\S+\n([\s\S]*?)^```$/gm)].map(
    ([, code]) => code?.split("\n").length ?? 0,
  );
  assert.equal(lengths.length, 5);
  for (const length of lengths) assert.ok(length <= 60, `${length} lines`);
});

test("the source of the page reads its feed once, with a restore in the middle, and fails when the feed does", async () => {
  const { url, server } = await serve((request) => {
    const first = Number(new URL(request.url ?? "", "http://x").searchParams.get("after")) + 1;
    const events = Array.from({ length: Math.max(0, Math.min(3, 11 - first)) }, (_, index) => ({
      id: first + index,
      text: `e${first + index}`,
    }));
    return JSON.stringify(events);
  });
  const { feedSource } = (await examples.load("feed-source.ts")) as {
    feedSource: (url: string) => Source<{ id: number }, object>;
  };
  const before = await SourceHarness.start(feedSource(url), { parallelism: 2 });
  await before.read(() => before.records.length >= 4, 2);
  const restored = await SourceHarness.start(feedSource(url), { splits: before.snapshot() });
  await restored.read(() => before.records.length + restored.records.length >= 10);
  const ids = [...before.values, ...restored.values].map(({ id }) => id);
  assert.deepEqual(ids, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  const failing = await SourceHarness.start(feedSource(url));
  await assert.rejects(failing.read(), /fetch failed/);
});

test("the enumerator of the page gives each listed file to one reader, once, also after a restore", async () => {
  let listed = ["a", "b", "c"];
  const { url, server } = await serve(() => JSON.stringify(listed));
  const { listedFiles } = (await examples.load("listed-files.ts")) as {
    listedFiles: (list: string, context: EnumeratorContext<{ url: string; line: number }>) => SplitEnumerator<object>;
  };
  const files = job((env) => {
    const source = defineSource<string, { url: string; line: number }>({
      name: "files",
      boundedness: "unbounded",
      type: t.string,
      createEnumerator: (context) => listedFiles(url, context),
      createReader(context) {
        const waiting = [...context.splits];
        if (waiting.length === 0) context.requestSplits();
        return {
          addSplits: (splits) => void waiting.push(...splits),
          poll(output) {
            const file = waiting.shift();
            if (file === undefined) return "idle";
            output.collect(file.url, NO_TIMESTAMP);
            context.requestSplits();
            return "more";
          },
          snapshot: () => waiting,
        };
      },
    });
    env.fromSource(source, { uid: "files" }).print({ uid: "out" });
  });
  const before = await JobDriver.start(files, { parallelism: 2 });
  await before.run({ until: () => before.output("out").length === 3 });
  listed = ["a", "b", "c", "d", "e"];
  await before.advance("1min");
  const restore = await before.snapshot();
  const read = [...before.output<string>("out")];
  listed.push("f");
  await before.close();
  await using after = await JobDriver.start(files, { parallelism: 1, restore });
  await after.run({ until: () => after.output("out").includes("f") });
  await after.advance("2min");
  assert.deepEqual([...read, ...after.output<string>("out")].toSorted(), listed);
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

/** A server that keeps what is posted to it. */
async function postWorld(): Promise<SinkWorld> {
  const posted: string[] = [];
  const { url, server } = await serve(async (request) => {
    posted.push(...(JSON.parse(await text(request)) as string[]));
    return "";
  });
  const { postSink } = (await examples.load("post-sink.ts")) as { postSink: (url: string) => PlainSink<string> };
  return {
    makeSink: () => postSink(url),
    readWritten: () => posted,
    dispose: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

for (const { name, run } of sinkContract(postWorld)) test(`the at-least-once sink of the page ${name}`, run);

const { tableSink } = (await examples.load("table-sink.ts")) as {
  tableSink: (file: string) => TwoPhaseCommitSink<string>;
};

const tableWorld = async (): Promise<TransactionWorld> => {
  const inFolder = await mkdtemp(join(tmpdir(), "table-sink-"));
  const file = join(inFolder, "output.db");
  const reader = new DatabaseSync(file);
  reader.exec("PRAGMA synchronous = OFF; CREATE TABLE output (line TEXT)");
  return {
    makeSink: () => tableSink(file),
    readCommitted: () =>
      Promise.resolve(
        reader
          .prepare("SELECT line FROM output")
          .all()
          .map((row) => String(row["line"])),
      ),
    dispose: async () => {
      reader.close();
      await rm(inFolder, { recursive: true });
    },
  };
};

for (const { name, run } of twoPhaseCommitContract(tableWorld, { runs: 10 }))
  test(`the exactly-once sink of the page: ${name}`, run);
