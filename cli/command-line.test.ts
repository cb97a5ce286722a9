import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ParsedCommand, parseCommandLine } from "./command-line.ts";
import type { ManifestCommand } from "./manifests/manifest-command.ts";

type Parsed = { command: ParsedCommand; out: string; err: string };

const parse = (...args: string[]): Promise<Parsed> => parseAs(false, args);

async function parseAs(isPlugin: boolean, args: readonly string[]): Promise<Parsed> {
  let out = "";
  let err = "";
  const output = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  const command = await parseCommandLine(args, "1.2.3", output, isPlugin);
  return { command, out, err };
}

const ofStores = {
  kind: "storage",
  verb: "list",
  namespace: null,
  output: "text",
  isDryRun: false,
  isApproved: false,
} as const;

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
    command: { kind: "explain", request: { module: "job.ts", args: [], options: {}, parallelism: 2 }, output: "text" },
  },
  "the list": { args: ["list"], command: { kind: "list", output: "text" } },
  "the list for a program": { args: ["list", "-o", "json"], command: { kind: "list", output: "json" } },
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
    args: ["stop", "words", "--drain", "/s"],
    command: { kind: "stop", job: "words", drain: true, directory: "/s" },
  },
  "a stop as Flink has it": {
    args: ["stop", "words", "--savepoint-path", "/s"],
    command: { kind: "stop", job: "words", drain: false, directory: "/s" },
  },
  "what is stored": {
    args: ["storage", "list", "s3://bucket/jobs", "-o", "json"],
    command: { ...ofStores, place: { kind: "location", location: "s3://bucket/jobs" }, output: "json" },
  },
  "a look at the stores of a StreamJob": {
    args: ["storage", "list", "wc", "-n", "shop"],
    command: { ...ofStores, place: { kind: "job", job: "wc" }, namespace: "shop" },
  },
  "a clean-up of a folder, which is written as one": {
    args: ["storage", "gc", "./wc", "--dry-run"],
    command: { ...ofStores, verb: "gc", place: { kind: "location", location: "./wc" }, isDryRun: true },
  },
  "a clean-up of the folder where one is": {
    args: ["storage", "gc", ".", "-y"],
    command: { ...ofStores, verb: "gc", place: { kind: "location", location: "." }, isApproved: true },
  },
  "a clean-up of a StreamJob in a cluster": {
    args: ["--context", "prod", "storage", "gc", "streamjob/wc", "--yes"],
    command: {
      ...ofStores,
      verb: "gc",
      place: { kind: "job", job: "wc" },
      isApproved: true,
      cluster: { kubeconfig: null, context: "prod", isNamespaceGiven: false },
    },
  },
  "a script to check": {
    args: ["sql", "--check", "job.sql"],
    command: { kind: "sql", file: "job.sql", shows: "problems" },
  },
  "a script to check and show": {
    args: ["sql", "-", "--check", "--print"],
    command: { kind: "sql", file: "-", shows: "statements" },
  },
  "a script whose plan is wanted": {
    args: ["sql", "--explain", "job.sql"],
    command: { kind: "sql", file: "job.sql", shows: "plan" },
  },
  "a script whose plan is wanted as JSON": {
    args: ["sql", "job.sql", "--json"],
    command: { kind: "sql", file: "job.sql", shows: "json" },
  },
  "rows that are wanted as types": {
    args: ["sql", "--declarations", "job.ts", "-1", "two"],
    command: { kind: "sql", shows: "declarations", file: "job.ts", args: ["-1", "two"] },
  },
  "a shell": { args: ["sql"], command: { kind: "sql", shows: "results", file: null, format: "table" } },
  "a script whose results are wanted": {
    args: ["sql", "job.sql", "--output", "csv", "-p", "2"],
    command: { kind: "sql", shows: "results", file: "job.sql", format: "csv", parallelism: 2 },
  },
  "a cancel": { args: ["cancel", "words"], command: { kind: "cancel", job: "words" } },
  "a checkpoint": { args: ["checkpoint", "words"], command: { kind: "checkpoint", job: "words" } },
};

const place = { namespace: "default" };
const onJob = { job: "wc", ...place };
const ofManifests: Record<string, { readonly args: string; readonly command: ManifestCommand }> = {
  "a way to a JobManager": {
    args: "port-forward streamjob/wc",
    command: { kind: "portForward", port: null, ...onJob },
  },
  "a way to a JobManager by a port": {
    args: "port-forward wc 8081 -n shop",
    command: { kind: "portForward", job: "wc", port: 8081, namespace: "shop" },
  },
  "manifests to run": {
    args: "run a.yaml b - --namespace shop",
    command: { kind: "runManifests", sources: ["a.yaml", "b", "-"], namespace: "shop" },
  },
  "manifests to apply, both ways": {
    args: "apply a.yaml -f b.json --filename - --timeout 90s",
    command: { kind: "apply", sources: ["a.yaml", "b.json", "-"], ...place, waitMs: 90_000 },
  },
  "a difference": { args: "diff -f a.yaml", command: { kind: "diff", sources: ["a.yaml"], ...place, output: "text" } },
  "all jobs": {
    args: "get",
    command: { kind: "get", what: "jobs", name: null, ...place, output: "table", watch: false },
  },
  "one job": {
    args: "get wc -o yaml -n shop -w",
    command: { kind: "get", what: "jobs", name: "wc", namespace: "shop", output: "yaml", watch: true },
  },
  "all snapshots everywhere": {
    args: "get snapshots -A -o wide",
    command: { kind: "get", what: "snapshots", name: null, namespace: null, output: "wide", watch: false },
  },
  "one snapshot": {
    args: "get snapshot/wc-1",
    command: { kind: "get", what: "snapshots", name: "wc-1", ...place, output: "table", watch: false },
  },
  "a description": { args: "describe wc", command: { kind: "describe", ...onJob, output: "text" } },
  "a description of what another command printed": {
    args: "describe streamjob/wc -o yaml",
    command: { kind: "describe", ...onJob, output: "yaml" },
  },
  "a suspension of the same": { args: "suspend sj/wc", command: { kind: "suspend", ...onJob, waitMs: null } },
  "the control plane alone": { args: "up", command: { kind: "up" } },
  "a suspension": { args: "suspend wc", command: { kind: "suspend", ...onJob, waitMs: null } },
  "a resumption that is waited for": {
    args: "resume wc --wait",
    command: { kind: "resume", ...onJob, waitMs: 300_000 },
  },
  "a restart": { args: "restart wc", command: { kind: "restart", ...onJob, waitMs: null } },
  "a rollback": { args: "rollback wc", command: { kind: "rollback", ...onJob, to: null, waitMs: null } },
  "a rollback to a revision": {
    args: "rollback wc --to wc-1a2b --wait --timeout 1m",
    command: { kind: "rollback", ...onJob, to: "wc-1a2b", waitMs: 60_000 },
  },
  "a history": { args: "history wc", command: { kind: "history", ...onJob, output: "text" } },
  "a deletion": { args: "delete wc", command: { kind: "delete", what: "jobs", name: "wc", ...place, waitMs: null } },
  "a deletion of a snapshot": {
    args: "delete snapshot wc-1 --wait",
    command: { kind: "delete", what: "snapshots", name: "wc-1", ...place, waitMs: 300_000 },
  },
  "logs of the JobManager": {
    args: "logs wc",
    command: { kind: "logs", ...onJob, component: "jobmanager", follow: false, tailLines: null, previous: false },
  },
  "logs of a TaskManager": {
    args: "logs wc taskmanager-1 -f --tail 5 --previous",
    command: { kind: "logs", ...onJob, component: "taskmanager-1", follow: true, tailLines: 5, previous: true },
  },
  "events with all columns": {
    args: "events -o wide",
    command: { kind: "events", job: null, ...place, watch: false, output: "wide" },
  },
  "a history with all columns": {
    args: "history wc -o wide",
    command: { kind: "history", ...onJob, output: "wide" },
  },
  "all events": { args: "events", command: { kind: "events", job: null, ...place, watch: false, output: "text" } },
  "events of a job": { args: "events wc -w", command: { kind: "events", ...onJob, watch: true, output: "text" } },
  "an approval": { args: "approve wc", command: { kind: "approve", ...onJob } },
  "a pause": { args: "pause wc", command: { kind: "pause", ...onJob } },
  "its end": { args: "unpause wc", command: { kind: "unpause", ...onJob } },
};

describe("about StreamJobs the command line means", () => {
  for (const [name, { args, command }] of Object.entries(ofManifests)) {
    it(name, async () => assert.deepEqual((await parse(...args.split(" "))).command, { kind: "manifests", command }));
  }
});

describe("the command line means", () => {
  for (const [name, { args, command }] of Object.entries(good)) {
    it(name, async () => assert.deepEqual((await parse(...args)).command, command));
  }
});

const bad: Record<string, { readonly args: string[]; readonly says: RegExp }> = {
  "two scripts": { args: ["sql", "--check", "a.sql", "b.sql"], says: /one script at a time, and b\.sql is more/ },
  "rows of nothing": { args: ["sql", "--declarations"], says: /name the script, or the job module/ },
  "rows and a plan": {
    args: ["sql", "job.sql", "--declarations", "--explain"],
    says: /--declarations.*cannot be used with.*--explain/,
  },
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
  "non-restored state without a savepoint": {
    args: ["run", "job.ts", "--allow-non-restored-state"],
    says: /requires -s/,
  },
  "a module among manifests": { args: ["run", "a.yaml", "job.ts"], says: /job\.ts is a job module and a\.yaml is not/ },
  "a module's flag with manifests": { args: ["run", "a.yaml", "-p", "2"], says: /-p is for .*set spec\.parallelism/ },
  "a module's option with manifests": { args: ["run", "a.yaml", "-D", "a=b"], says: /set spec\.config/ },
  "a namespace with a module": {
    args: ["run", "job.ts", "--namespace", "a"],
    says: /-n is the namespace of manifests.*use --allow-non-restored-state/,
  },
  "an object of another kind": { args: ["describe", "snapshot/wc-1"], says: /snapshot\/wc-1 is not a StreamJob/ },
  "a kind that there is not": { args: ["logs", "pod/wc"], says: /"pod" is not a kind of object/ },
  "no manifest to apply": { args: ["apply"], says: /no manifest given/ },
  "a timeout that is none": { args: ["apply", "a.yaml", "--timeout", "90"], says: /the unit is missing; write "90s"/ },
  "an unknown format": { args: ["get", "-o", "xml"], says: /table, wide, name, yaml, json/ },
  "an unknown kind": { args: ["get", "pods", "x"], says: /"pods" is not a kind of object; use jobs or snapshots/ },
  "a deletion of nothing": { args: ["delete", "snapshot"], says: /name missing: delete/ },
  "too many arguments": { args: ["cancel", "a", "b"], says: /too many arguments/ },
};

describe("bad usage ends with 2 and says what is wrong", () => {
  for (const [name, { args, says }] of Object.entries(bad)) {
    it(name, async () => {
      const { command, err } = await parse(...args);
      assert.deepEqual(command, { kind: "exit", exitCode: 2 });
      assert.match(err, says);
    });
  }
});

describe("a command for a cluster", () => {
  const get = { kind: "get", what: "jobs", name: null, namespace: "default", output: "table", watch: false } as const;

  it("has --kubeconfig and --context before or after its own words", async () => {
    const cluster = { kubeconfig: "/k", context: "prod", isNamespaceGiven: false };
    const flags = ["--kubeconfig", "/k", "--context", "prod"];
    for (const args of [
      [...flags, "get"],
      ["get", ...flags],
    ]) {
      assert.deepEqual((await parse(...args)).command, { kind: "manifests", command: get, cluster });
    }
  });

  it("says whether a namespace was given, so that the context's is taken otherwise", async () => {
    const cluster = { kubeconfig: null, context: "prod", isNamespaceGiven: true };
    const { command } = await parse("get", "-n", "default", "--context", "prod");
    assert.deepEqual(command, { kind: "manifests", command: get, cluster });
  });

  it("is every command of the kubectl plugin", async () => {
    const cluster = { kubeconfig: null, context: null, isNamespaceGiven: false };
    assert.deepEqual((await parseAs(true, ["get"])).command, { kind: "manifests", command: get, cluster });
    const { command } = await parseAs(true, ["savepoint", "wc"]);
    assert.ok(command.kind === "savepoint");
    assert.deepEqual(command.cluster, cluster);
    assert.match((await parseAs(true, ["--help"])).out, /Usage: kubectl streamjob/);
  });

  it("runs manifests there, and a module as a StreamJob", async () => {
    const cluster = { kubeconfig: null, context: "prod", isNamespaceGiven: false };
    const run = { kind: "runManifests", namespace: "default" } as const;
    const removing = { ...run, sources: ["a.yaml"], removes: true } as const;
    const manifests = await parse("run", "a.yaml", "--rm", "--context", "prod");
    assert.deepEqual(manifests.command, { kind: "manifests", command: removing, cluster });
    const text = "run jobs/w.ts --context prod -n shop -p 2 --name w --image i -Da=b -s s3://b/1 -- x";
    const inline = {
      module: "jobs/w.ts",
      name: "w",
      image: "i",
      args: ["x"],
      options: { a: "b" },
      parallelism: 2,
      restore: { path: "s3://b/1", allowNonRestoredState: false },
    };
    assert.deepEqual((await parse(...text.split(" "))).command, {
      kind: "manifests",
      command: { ...run, sources: ["jobs/w.ts"], namespace: "shop", inline },
      cluster: { ...cluster, isNamespaceGiven: true },
    });
  });

  it("has flags that a run on this machine has not, and the other way round", async () => {
    for (const [args, says] of [
      ["run a.yaml --rm", /--rm is for a cluster/],
      ["run job.ts --rm", /--rm is for a cluster/],
      ["run job.ts --image i", /--image is for a cluster/],
      ["run a.yaml --image i --context c", /set spec\.image in the manifest/],
      ["run job.ts --rest-port 8081 --context c", /streamjob port-forward/],
    ] as const) {
      const { command, err } = await parse(...args.split(" "));
      assert.deepEqual(command, { kind: "exit", exitCode: 2 }, args);
      assert.match(err, says);
    }
  });

  it("is none of those about this machine", async () => {
    for (const args of [["up"], ["list"], ["stop", "wc"], ["explain", "job.ts"]]) {
      const { command, err } = await parse(...args, "--context", "prod");
      assert.deepEqual(command, { kind: "exit", exitCode: 2 }, args.join(" "));
      assert.match(err, /on this machine/);
      assert.deepEqual((await parseAs(true, args)).command, { kind: "exit", exitCode: 2 });
    }
  });
});

describe("help and version", () => {
  it("are no errors, and are results", async () => {
    const help = await parse("--help");
    assert.deepEqual(help.command, { kind: "exit", exitCode: 0 });
    assert.match(help.out, /savepoint .*\n[^]*Exit codes/);
    assert.equal((await parse("--version")).out.trim(), "1.2.3");
    assert.match((await parse("run", "--help")).out, /--task-managers <n>/);
  });
});

describe("a -D key of any name", () => {
  it("is kept as it is, also __proto__", async () => {
    const { command } = await parse("run", "job.ts", "-D", "__proto__=x");
    assert.ok(command.kind === "run");
    assert.deepEqual(Object.keys(command.options.options ?? {}), ["__proto__"]);
  });
});
