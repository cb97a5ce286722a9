/** What the job's code can do to its thread, and what becomes of it (SLM4, SLM5, FI1, STH2, STH3, STH4, T6, T12, T27, T46). */
import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import type { ErrorInfo } from "../../base/index.ts";
import { failuresOf, type ThreadRun, threadRun, until } from "./slot-run.test-support.ts";

const job = (functions: string, settings = ""): string => `
import { parentPort, isMainThread } from "node:worker_threads";
import { job, t, value } from "streamjob";
import { discardSink, generatorSource } from "streamjob/connectors/basic";
${functions}
export default job((env) => {
  env.configure({ name: "harm", ${settings} });
  const numbers = env.fromSource(generatorSource({ generate: (n) => n, type: t.int64 }), { uid: "numbers" });
  build(numbers);
});`;
const mapped = (body: string): string => `
let calls = 0;
const harm = (n) => {
  if (isMainThread || calls++ > 0) return n;
  ${body}
  return n;
};
const build = (numbers) => numbers.map(harm, { uid: "harmful" }).rebalance().sinkTo(discardSink());`;

const STUCK = "parentPort.postMessage('in the loop'); for (;;);";

describe("the job's code in a slot's thread", () => {
  let slot: ThreadRun;
  before(async () => {
    slot = await threadRun();
  });
  after(() => slot.thread.close());

  const failureOf = async (context: TestContext, module: string): Promise<ErrorInfo & { readonly path: string }> => {
    slot.sent.length = 0;
    const { tasks, path } = await slot.run(context, module);
    await until("a failure", () => failuresOf(slot.sent).length > 0);
    const failure = failuresOf(slot.sent)[0] as ErrorInfo;
    slot.thread.forward({ kind: "cancel", epoch: 1, tasks });
    assert.equal(slot.ports.length, 1, "the thread is the same");
    return { ...failure, path };
  };

  it("may keep its state for a promise, but not use it: the task fails by name, and no other key is touched (T6)", async (context) => {
    const { code, message, destiny } = await failureOf(
      context,
      job(`const build = (numbers) => numbers.keyBy((n) => n % 7).process({
        state: { seen: value(t.int64) },
        process(n, { state }) { Promise.resolve(n).then((a) => state.seen.update(a)); },
      }, { uid: "detached" }).sinkTo(discardSink());`),
    );
    assert.equal(code, "USED_OUT_OF_TURN");
    assert.equal(destiny, "terminal");
    assert.match(message, /state "seen" of operator "detached"/);
  });

  const strays: Record<string, readonly [body: string, message: RegExp]> = {
    "a rejection": [
      "void (async () => { await null; throw new RangeError('lost'); })();",
      /a promise of the job's code was rejected, and nothing handled it, at (.*):\d+; it was started in .*map \(uid harmful\): RangeError: lost/,
    ],
    "an exception of a timeout": [
      "setTimeout(() => { throw new RangeError('lost'); }, 1);",
      /a callback of the job's code threw, outside of every call of a function, at (.*):\d+; it was started in .*map \(uid harmful\): RangeError: lost/,
    ],
    "process.exit": [
      "process.exit(0);",
      /process\.exit\(0\) was called at (.*):\d+, in .*map \(uid harmful\).*throw an error/,
    ],
    "process.exit that is caught": [
      "try { process.exit(1); } catch {}",
      /process\.exit\(1\) was called at (.*):\d+, in .*map \(uid harmful\)/,
    ],
    "a signal to itself": [
      "process.kill(process.pid, 'SIGKILL');",
      /process\.kill\(\d+\) was called at (.*):\d+, in .*map \(uid harmful\)/,
    ],
  };
  for (const [what, [body, told]] of Object.entries(strays)) {
    it(`fails its own task, by operator and line, for ${what}; nobody speaks of memory (T27)`, async (context) => {
      const { message, path, code } = await failureOf(context, job(mapped(body)));
      assert.equal(code, "USER_FUNCTION_FAILED");
      assert.match(message, told);
      assert.equal(told.exec(message)?.[1], path);
      assert.doesNotMatch(message, /memory/);
    });
  }

  const damages = [
    "Map.prototype.get = () => undefined;",
    "JSON.parse = () => undefined;",
    "globalThis.setTimeout = () => undefined;",
    "performance.now = () => 0;",
    "Object.getPrototypeOf([].values()).next = () => ({ done: true });",
    "Array.prototype[Symbol.iterator] = function* () {};",
    "delete Array.prototype.push;",
    "Promise.prototype.then = () => undefined;",
    "Object.prototype.surprise = 1;",
    "Object.defineProperty(Uint8Array.prototype, 'set', { value: () => undefined });",
    "Buffer.from = () => undefined;",
  ];
  for (const damage of damages) {
    it(`cannot do ${damage} once it is loaded: a TypeError at its line (T46)`, async (context) => {
      const { message, stack, path } = await failureOf(context, job(mapped(damage)));
      assert.match(message, /map \(uid harmful\): Cannot (assign|delete|redefine|define|add)/);
      assert.ok(stack.includes(path), stack);
    });
  }

  it("may set what ordinary code sets on objects of its own", async (context) => {
    const { message } = await failureOf(
      context,
      job(
        mapped(`class Own extends Map { get(key) { return super.get(key); } }
          new Own([[1, 2]]).get(1);
          const plain = {}; plain.toString = () => "mine"; plain.constructor = 1; plain.hasOwnProperty = 2;
          const error = new TypeError("t"); error.name = "Mine"; error.message = "all is set"; error.toString = () => "x";
          const f = () => 1; f.toString = () => "f"; f.displayName = "f";
          throw error;`),
      ),
    );
    assert.match(message, /all is set/);
  });

  it("may post to its parent what it likes: it is ignored, and told (STH2)", async (context) => {
    const posts = ["null", "{ kind: 'broken', error: {} }", "{ kind: 'toJobManager', message: null }"];
    const { message } = await failureOf(
      context,
      job(
        mapped(
          `for (const post of [${posts.join()}]) parentPort.postMessage(post); throw new Error("after the posts");`,
        ),
      ),
    );
    assert.match(message, /after the posts/);
    await until("the word", () =>
      slot.logged.some((line) => /posted a message to the engine's thread; it is ignored/.test(line)),
    );
  });
});

describe("a thread that needs more heap than it has (STH1)", () => {
  it("fails its tasks with what it had and what to set, and another takes its place and runs tasks", async (context) => {
    const slot = await threadRun(undefined, { heapMiB: 48, youngMiB: 12 });
    context.after(() => slot.thread.close());
    await slot.run(
      context,
      job(mapped("const kept = []; for (let i = 0; ; i++) kept.push({ i, text: 'kept ' + i });")),
    );
    await until("another thread", () => slot.ports.length === 2);
    const [failure] = failuresOf(slot.sent);
    assert.equal(failure?.code, "SLOT_OUT_OF_MEMORY");
    assert.match(
      failure?.message ?? "",
      /the thread of slot 0 ran out of heap: it had 48 MiB, and 12 for young objects; raise .*spec\.taskManager\.resources\.limits\.memory/,
    );
    slot.sent.length = 0;
    await slot.run(context, job(mapped('throw new Error("runs again");')));
    await until("a failure", () => failuresOf(slot.sent).length > 0);
    assert.match(failuresOf(slot.sent)[0]?.message ?? "", /runs again/);
  });
});

describe("a thread that is stuck (STH3, T12)", () => {
  it("is ended when a cancellation is not heard, and another takes its place and runs tasks", async (context) => {
    const slot = await threadRun({ silentMs: 300, livingMs: 60_000 });
    context.after(() => slot.thread.close());
    const { tasks } = await slot.run(context, job(mapped(STUCK)));
    await until("the loop", () => slot.logged.some((line) => line.includes("in the loop")));
    slot.thread.forward({ kind: "cancel", epoch: 1, tasks });
    await until("another thread", () => slot.ports.length === 2);
    const [failure] = failuresOf(slot.sent);
    assert.match(failure?.message ?? "", /the thread of slot 0 died: it did not stop .*does not return/);
    assert.doesNotMatch(failure?.message ?? "", /memory/);
    slot.sent.length = 0;
    await slot.run(context, job(mapped('throw new Error("runs again");')));
    await until("a failure", () => failuresOf(slot.sent).length > 0);
    assert.match(failuresOf(slot.sent)[0]?.message ?? "", /runs again/);
  });

  it("may have replaced what the language provides when the job has asked for that; the engine's own clock stays (T46)", async (context) => {
    const slot = await threadRun();
    context.after(() => slot.thread.close());
    const replaced = `globalThis.structuredClone = 1; performance.now = () => NaN; globalThis.setTimeout = () => 0;
      globalThis.setImmediate = () => 0; Date.now = () => NaN;
      setInterval(() => { throw new Error("replaced " + globalThis.structuredClone); }, 1);`;
    const { tasks } = await slot.run(context, job(mapped(replaced), "frozenIntrinsics: false"));
    assert.ok(tasks.length > 0);
    await until("a failure", () => failuresOf(slot.sent).length > 0);
    assert.match(failuresOf(slot.sent)[0]?.message ?? "", /replaced 1/);
  });

  it("is not one that has closed, though the job's code left a timer behind: it ends without that (STH4)", async (context) => {
    const slot = await threadRun();
    const left = "setInterval(() => undefined, 1000); throw new Error('begun');";
    await slot.run(context, job(mapped(left)));
    await until("a failure", () => failuresOf(slot.sent).length > 0);
    await slot.thread.close();
    const told = slot.logged.find((line) => line.includes("left a timer or a connection open"));
    assert.match(told ?? "", /"open":\[.*"Timeout".*\]/);
    assert.ok(!slot.logged.some((line) => line.includes("did not end")));
  });

  it("is ended when it does not drop the tasks of a lost JobManager", async (context) => {
    const slot = await threadRun({ silentMs: 300, livingMs: 60_000 });
    context.after(() => slot.thread.close());
    await slot.run(context, job(mapped(STUCK)));
    await until("the loop", () => slot.logged.some((line) => line.includes("in the loop")));
    await slot.thread.dropTasks();
    await until("another thread", () => slot.ports.length === 2);
  });
});
