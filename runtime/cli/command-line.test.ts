import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ParsedCommand, parseCommandLine } from "./command-line.ts";

function parse(...args: string[]): { command: ParsedCommand; out: string; err: string } {
  let out = "";
  let err = "";
  const command = parseCommandLine(args, "1.2.3", { out: (text) => (out += text), err: (text) => (err += text) });
  return { command, out, err };
}

const good: Record<string, { readonly args: string[]; readonly command: ParsedCommand }> = {
  "a job with nothing said": {
    args: ["run", "job.ts"],
    command: { kind: "run", options: { module: "job.ts", args: [], options: {} } },
  },
  "a job with everything said": {
    args: `run job.ts -p 3 --task-managers 2 --slots 4 -s /s/1 --allow-non-restored-state
      -D a.b=c=d -Dx= --name words --rest-port 8081 --rpc-port 6123 -- -p text`.split(/\s+/),
    command: {
      kind: "run",
      options: {
        module: "job.ts",
        args: ["-p", "text"],
        options: { "a.b": "c=d", x: "" },
        parallelism: 3,
        name: "words",
        taskManagers: 2,
        slots: 4,
        restPort: 8081,
        rpcPort: 6123,
        restore: { path: "/s/1", allowNonRestoredState: true },
      },
    },
  },
  "the job's graph": {
    args: ["explain", "job.ts", "-p", "2"],
    command: { kind: "explain", request: { module: "job.ts", args: [], options: {}, parallelism: 2 } },
  },
  "the list": { args: ["list"], command: { kind: "list" } },
  "a savepoint to the default place": {
    args: ["savepoint", "words"],
    command: { kind: "savepoint", job: "words", directory: null, namespace: null, timeoutMs: 600_000 },
  },
  "a savepoint to a directory": {
    args: ["savepoint", "ab12", "/s", "-n", "shop", "--timeout", "90s"],
    command: { kind: "savepoint", job: "ab12", directory: "/s", namespace: "shop", timeoutMs: 90_000 },
  },
  "a stop": { args: ["stop", "words"], command: { kind: "stop", job: "words", drain: false, directory: null } },
  "a stop that drains": {
    args: ["stop", "words", "--drain", "-p", "/s"],
    command: { kind: "stop", job: "words", drain: true, directory: "/s" },
  },
  "a cancel": { args: ["cancel", "words"], command: { kind: "cancel", job: "words" } },
  "a checkpoint": { args: ["checkpoint", "words"], command: { kind: "checkpoint", job: "words" } },
};

describe("the command line means", () => {
  for (const [name, { args, command }] of Object.entries(good)) {
    it(name, () => assert.deepEqual(parse(...args).command, command));
  }
});

const bad: Record<string, { readonly args: string[]; readonly says: RegExp }> = {
  "no command": { args: [], says: /Usage: streamjob/ },
  "an unknown command": { args: ["walk"], says: /unknown command 'walk'/ },
  "an unknown option": { args: ["run", "job.ts", "--fast"], says: /unknown option '--fast'/ },
  "a job that is not named": { args: ["run"], says: /missing required argument 'module'/ },
  "a parallelism of zero": { args: ["run", "job.ts", "-p", "0"], says: /whole number from 1 to 32768/ },
  "a parallelism that is no number": { args: ["run", "job.ts", "-p", "2x"], says: /whole number/ },
  "a port out of range": { args: ["run", "job.ts", "--rest-port", "70000"], says: /from 1 to 65535/ },
  "an option without a value": { args: ["run", "job.ts", "-D", "a"], says: /Write key=value/ },
  "an option without a name": { args: ["run", "job.ts", "-D", "=a"], says: /Write key=value/ },
  "an option given twice": { args: ["run", "job.ts", "-D", "a=1", "-D", "a=2"], says: /given twice/ },
  "non-restored state without a savepoint": { args: ["run", "job.ts", "-n"], says: /needs -s/ },
  "too many arguments": { args: ["cancel", "a", "b"], says: /too many arguments/ },
};

describe("bad usage ends with 2 and says what is wrong", () => {
  for (const [name, { args, says }] of Object.entries(bad)) {
    it(name, () => {
      const { command, err } = parse(...args);
      assert.deepEqual(command, { kind: "exit", exitCode: 2 });
      assert.match(err, says);
    });
  }
});

describe("help and version", () => {
  it("are no errors, and are results", () => {
    const help = parse("--help");
    assert.deepEqual(help.command, { kind: "exit", exitCode: 0 });
    assert.match(help.out, /savepoint .*\n[^]*Exit codes/);
    assert.equal(parse("--version").out.trim(), "1.2.3");
    assert.match(parse("run", "--help").out, /--task-managers <n>/);
  });
});

describe("a -D key of any name", () => {
  it("is kept as it is, also __proto__", () => {
    const { command } = parse("run", "job.ts", "-D", "__proto__=x");
    assert.ok(command.kind === "run");
    assert.deepEqual(Object.keys(command.options.options ?? {}), ["__proto__"]);
  });
});
