/**
 * stdout is the process's, so each test runs a program of its own and reads what it prints.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { printPrefix } from "./print-sink.ts";

const sinkModule = new URL("./print-sink.ts", import.meta.url).href;
const baseModule = new URL("../../../base/index.ts", import.meta.url).href;

/** In every program: `writer(subtask, parallelism, options)`. */
const prelude = `
  import { printSink } from ${JSON.stringify(sinkModule)};
  import { silentLog, systemClock, sleep } from ${JSON.stringify(baseModule)};
  const writer = (subtask = 0, parallelism = 1, options = {}) =>
    printSink(options).createWriter({ name: "print", uid: "p", jobId: "j", jobName: "j", subtask, parallelism, epoch: 1, attempt: 1,
      clock: systemClock, log: silentLog });
`;

function run(program: string): ChildProcess {
  return spawn(process.execPath, ["--input-type=module", "-e", prelude + program], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** All of stdout, read slowly when asked to; checks that the program ended well. */
async function outputOf(child: ChildProcess, pauses = 0): Promise<string> {
  const { stdout, stderr } = child;
  assert.ok(stdout !== null && stderr !== null);
  const errors: Buffer[] = [];
  stderr.on("data", (bytes: Buffer) => void errors.push(bytes));
  const exited = once(child, "exit");
  const pieces: Buffer[] = [];
  let left = pauses;
  for await (const piece of stdout) {
    pieces.push(piece as Buffer);
    if (left-- > 0) await new Promise((resolve) => setTimeout(resolve, 5)); // A slow reader is what is tested.
  }
  const [code, signal] = await exited;
  assert.ok(code === 0 || signal === "SIGKILL", `exit ${code}: ${Buffer.concat(errors).toString()}`);
  assert.equal(Buffer.concat(errors).toString(), "");
  return Buffer.concat(pieces).toString();
}

test("PS1 prefix and subtask stand in front as in Flink's print", () => {
  assert.equal(printPrefix(undefined, { subtask: 0, parallelism: 1 }), "");
  assert.equal(printPrefix("out", { subtask: 0, parallelism: 1 }), "out> ");
  assert.equal(printPrefix(undefined, { subtask: 1, parallelism: 2 }), "2> ");
  assert.equal(printPrefix("out", { subtask: 1, parallelism: 2 }), "out:2> ");
});

test("values are printed in order, strings as they are and the rest as JSON", async () => {
  const child = run(`
    const w = writer(1, 2);
    for (const value of ["to be", { word: "or", count: 2n }, 3, null]) await w.write(value);
    await w.flush();
    const own = writer(0, 1, { prefix: "own", format: (value) => "<" + value + ">" });
    await own.write("not");
    await own.flush();
  `);
  assert.equal(await outputOf(child), '2> to be\n2> {"word":"or","count":2}\n2> 3\n2> null\nown> <not>\n');
});

test("SL3 what was flushed is out, even if the process is killed in the next moment", async () => {
  const child = run(`
    const w = writer();
    for (let line = 0; line < 5000; line++) await w.write("line " + line);
    await w.flush();
    process.kill(process.pid, "SIGKILL");
  `);
  const lines = (await outputOf(child)).split("\n");
  assert.equal(lines.length, 5001);
  assert.equal(lines[4999], "line 4999");
});

test("SL1 lines of several threads, as long as a pipe keeps together, into a pipe that is read slowly are whole", {
  timeout: 60_000,
}, async () => {
  const thread = `${prelude}
    import { workerData } from "node:worker_threads";
    const w = writer(workerData, 3);
    for (let line = 0; line < 300; line++) {
      const letter = String.fromCharCode(97 + (line % 26));
      await w.write(letter.repeat(line % 3 === 0 ? 20 : 4092));
    }
    await w.flush();
  `;
  const child = run(`
    import { Worker } from "node:worker_threads";
    process.stdout.write(""); // From here on the pipe does not block.
    for (let subtask = 0; subtask < 3; subtask++) {
      new Worker(new URL("data:text/javascript," + ${JSON.stringify(encodeURIComponent(thread))}), { workerData: subtask });
    }
  `);
  const lines = (await outputOf(child, 60)).trimEnd().split("\n");
  assert.equal(lines.length, 900);
  for (const line of lines) assert.match(line, /^[123]> ([a-z])\1*$/);
  for (const subtask of ["1", "2", "3"]) {
    const letters = lines.filter((line) => line.startsWith(subtask)).map((line) => line[3]);
    assert.equal(
      letters.join(""),
      Array.from({ length: 300 }, (_none, line) => String.fromCharCode(97 + (line % 26))).join(""),
    );
  }
});

for (const mode of ["a blocking", "a non-blocking"]) {
  test(`SL2 ${mode} stdout that nobody reads holds back the writer, not the thread`, { timeout: 60_000 }, async () => {
    const child = run(`
      ${mode === "a blocking" ? "" : 'process.stdout.write("");'}
      const w = writer();
      let lines = 0;
      const writing = (async () => { for (; lines < 100000; lines++) await w.write("x".repeat(99)); })();
      let ticks = 0, seen = -1;
      // The thread's clock ticks on while the writer stands still.
      while (ticks < 10 || seen !== lines) { seen = lines; await sleep(systemClock, 20); ticks++; }
      if (lines > 50000) throw new Error(lines + " lines were taken");
      console.error("stuck");
      await writing;
      await w.flush();
    `);
    const { stdout, stderr } = child;
    assert.ok(stdout !== null && stderr !== null);
    const [said] = await once(stderr, "data");
    assert.equal(String(said), "stuck\n");
    let bytes = 0;
    for await (const piece of stdout) bytes += (piece as Buffer).length;
    assert.equal(bytes, 100_000 * 100);
  });
}

test("a closed stdout fails the sink with words", async () => {
  const child = run(`
    process.stdin.on("error", () => {});
    const w = writer();
    try {
      for (;;) { await w.write("x".repeat(1000)); await w.flush(); }
    } catch (error) {
      console.error(error.code + ": " + error.message);
    }
    await w.close();
  `);
  const { stdout, stderr } = child;
  assert.ok(stdout !== null && stderr !== null);
  stdout.once("data", () => stdout.destroy());
  const said: Buffer[] = [];
  for await (const piece of stderr) said.push(piece as Buffer);
  assert.match(
    Buffer.concat(said).toString(),
    // ECONNRESET: the reader had not read all that it was sent when it closed.
    /^SINK_FAILED: sink print: cannot write to stdout: (EPIPE|ECONNRESET).*keep the reader/,
  );
});
