/**
 * Owns: `npm start`: a word count over real text that loses its processes on the way, and loses no word.
 * Not here: what happens to the job (start/acts.ts), how it is run (start/stage.ts), how it is judged (start/audit.ts).
 *
 * NS1 Exit 0 only if every count is equal to the direct one and every row came exactly once; 1 otherwise; 2 for bad usage.
 * NS2 Ctrl-C ends the cluster and leaves no process behind; a second one does it at once: the processes see that this one is gone.
 * NS3 What was written is removed at the end, but for what helps to find out why it went wrong.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { playAll, playCalm, progressWords } from "./start/acts.ts";
import { readArguments, USAGE, type Wanted } from "./start/arguments.ts";
import { Audit } from "./start/audit.ts";
import { countDirectly, type DirectCount } from "./start/direct-count.ts";
import { ActFailure, Stage } from "./start/stage.ts";
import { Story, tableOf, thousands } from "./start/story.ts";

const TOP_WORDS = 10;
const DIFFERENCES_SHOWN = 20;
/** Two signals so close together are one: a terminal and npm may both send it. */
const SAME_SIGNAL_MS = 1000;
/** So many splits share a text out evenly over three readers, which all are to read until the end. */
const SPLITS = 150;
const SPLIT_BYTES_MIN = 256;

const story = new Story({
  write: (text) => void process.stdout.write(text),
  isTerminal: process.stdout.isTTY === true,
  nowMs: () => performance.now(),
});

async function main(): Promise<number> {
  // npm runs scripts in the package's folder; names are meant from where the person is.
  if (process.env["npm_lifecycle_event"] === "start") process.chdir(process.env["INIT_CWD"] ?? ".");
  const given = readArguments(process.argv.slice(2));
  switch (given.kind) {
    case "help":
      story.plain(USAGE);
      return 0;
    case "wrong":
      process.stderr.write(`${given.message}\n\n${USAGE}\n`);
      return 2;
    case "run":
      return run(given.wanted);
  }
}

async function run(wanted: Wanted): Promise<number> {
  story.plain("Word count: a stream job that loses its processes on the way, and no word.\n");
  const direct = await countDirectly(wanted.names);
  const what =
    wanted.names.length === 0 ? "the README, LICENSE and Markdown files of node_modules" : wanted.names.join(" ");
  if (direct.words === 0) {
    process.stderr.write(`There are no words in ${what}; name a text.\n`);
    return 2;
  }
  story.tell(
    `Counted directly, without the engine: ${thousands(direct.words)} words, ${thousands(direct.counts.size)} different ones,`,
  );
  story.add(
    `in ${thousands(direct.lines)} lines of ${direct.files === 1 ? "1 file" : `${thousands(direct.files)} files`}: ${what}.`,
  );
  const folder = mkdtempSync(join(tmpdir(), "streamjob-start-"));
  const audit = new Audit(join(folder, "counts"));
  const stage = new Stage({
    folder,
    names: wanted.names,
    linesPerSecond: direct.lines / wanted.seconds,
    splitBytes: splitBytesOf(direct.bytes),
    audit,
    onProgress: (rows) => story.progress(rows, direct.words, progressWords(rows, direct.words)),
  });
  const signals = followSignals(stage);
  const exitCode = await Promise.race([play(stage, { wanted, direct, audit }), signals]);
  await stage.close();
  if (exitCode !== 1 && !wanted.keeps) rmSync(folder, { recursive: true, force: true });
  else story.plain(`\nCounts, checkpoints and logs are in ${folder}`);
  return exitCode;
}

function splitBytesOf(bytes: number): number {
  return Math.max(SPLIT_BYTES_MIN, Math.ceil(bytes / SPLITS));
}

type Script = { readonly wanted: Wanted; readonly direct: DirectCount; readonly audit: Audit };

async function play(stage: Stage, { wanted, direct, audit }: Script): Promise<number> {
  try {
    await (wanted.isCalm ? playCalm(stage, story) : playAll(stage, story, direct.words));
  } catch (error) {
    story.tell(error instanceof ActFailure ? error.message : String((error as Error).stack));
    story.plain("\nWhat the job said last:");
    for (const line of await stage.said()) story.plain(`  ${line}`);
    await stage.close();
    return 1;
  }
  return judge(direct, audit);
}

function judge(direct: DirectCount, audit: Audit): number {
  const top = [...direct.counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, TOP_WORDS);
  const rows = top.map(([word, count], place) => [
    String(place + 1),
    word,
    thousands(audit.countOf(word)),
    thousands(count),
  ]);
  story.plain();
  for (const line of tableOf([["#", "word", "the job", "directly"], ...rows], [0, 2, 3])) story.plain(`  ${line}`);
  story.plain();
  const differences = audit.differences(direct.counts);
  if (differences.length === 0) {
    story.plain(
      `All ${thousands(direct.counts.size)} words have equal counts, and each of the ${thousands(audit.rows)} rows came exactly once.`,
    );
    return 0;
  }
  story.plain(`${thousands(differences.length)} of ${thousands(direct.counts.size)} words differ:`);
  for (const difference of differences.slice(0, DIFFERENCES_SHOWN)) story.plain(`  ${difference}`);
  if (differences.length > DIFFERENCES_SHOWN) story.plain("  …");
  return 1;
}

/** NS2. Resolves with the exit code when a signal has ended the run. */
function followSignals(stage: Stage): Promise<number> {
  return new Promise((resolve) => {
    let firstMs: number | null = null;
    const onSignal = (signal: NodeJS.Signals): void => {
      const nowMs = performance.now();
      if (firstMs === null) {
        firstMs = nowMs;
        story.tell(`${signal}: the cluster is stopped.`);
        void stage.close().then(() => resolve(128 + constants.signals[signal]));
      } else if (nowMs - firstMs > SAME_SIGNAL_MS) {
        process.exit(128 + constants.signals[signal]);
      }
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  });
}

process.exit(await main());
