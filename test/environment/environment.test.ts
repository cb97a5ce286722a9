/** Servers of the environment: started, shared, stopped, and never left behind. The server here is a few lines of Node. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { isAlive } from "./binary.ts";
import { serverPid, startServer, stopServer } from "./control.ts";
import { Environment, type RunningPart } from "./environment.ts";
import type { Part } from "./part.ts";

const scratch = mkdtempSync(join(tmpdir(), "streamjob-environment-"));
const program = `#!${process.execPath}
require("node:fs").writeFileSync("pid", String(process.pid));
require("node:http").createServer((_, answer) => answer.end(String(process.pid))).listen(Number(process.argv[2]), "127.0.0.1");
`;

type Gives = { readonly url: string; readonly folder: string };
let builds = 0;
const partOf = (name: string, text: string): Part<Gives> => ({
  name,
  address: { variable: "STREAMJOB_TEST_ECHO", parse: (url) => ({ url, folder: "elsewhere" }) },
  binary: {
    command: name,
    version: "1",
    build: async (folder) => {
      builds++;
      await wait(20);
      writeFileSync(join(folder, name), text);
      chmodSync(join(folder, name), 0o755);
    },
  },
  launch: async (place) => {
    const port = await place.freePort();
    return { args: [String(port)], gives: { url: `http://127.0.0.1:${port}`, folder: place.folder } };
  },
  check: async ({ url }) => void (await fetch(url)),
});
const echo = partOf("streamjob-echo", program);

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + 60_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadlineMs, `waited a minute until ${what}`);
    await wait(20);
  }
}

describe("the environment", () => {
  const { XDG_CACHE_HOME: cacheBefore } = process.env;
  before(() => {
    process.env["XDG_CACHE_HOME"] = scratch;
  });
  after(() => {
    if (cacheBefore === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = cacheBefore;
    rmSync(scratch, { recursive: true, force: true });
  });

  it("builds a program once, whoever asks, and has one server of each part (EEN3, EBI1, EBI2)", async () => {
    const environments = [1, 2, 3].map(() => new Environment({ tell: () => undefined }));
    const given = await Promise.all(environments.flatMap((one) => [one.start(echo), one.start(echo)]));
    assert.equal(builds, 1);
    assert.equal(new Set(given.map(({ url }) => url)).size, environments.length);
    assert.deepEqual(readdirSync(join(scratch, "streamjob", "parts")), ["streamjob-echo-1"]);
    await Promise.all(environments.map((one) => one.stop()));
    for (const { url, folder } of given) {
      await assert.rejects(fetch(url));
      assert.equal(existsSync(folder), false);
    }
  });

  it("uses a server that an environment variable names, and starts none (EEN1)", async () => {
    process.env["STREAMJOB_TEST_ECHO"] = "http://192.0.2.1";
    try {
      assert.equal((await new Environment({ tell: () => undefined }).start(echo)).url, "http://192.0.2.1");
    } finally {
      delete process.env["STREAMJOB_TEST_ECHO"];
    }
  });

  it("leaves nothing behind when who started it is killed (ESU1)", async () => {
    const owner = spawn(process.execPath, ["--input-type=module", "-e", ownerProgram], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface({ input: owner.stdout }), "line")) as [string];
    const { pid, folder } = JSON.parse(line) as { readonly pid: number; readonly folder: string };
    assert.ok(isAlive(pid));
    owner.kill("SIGKILL");
    await until("the server has ended", () => !isAlive(pid));
    await until("its folder is gone", () => !existsSync(folder));
  });

  it("stops a server on purpose, and starts it again where it was (ESU3, ESU4)", async () => {
    const environment = new Environment({ tell: () => undefined });
    const { url } = await environment.start(echo);
    const running = environment.running()[echo.name] as RunningPart;
    const pid = await serverPid(running);
    await stopServer(running, "SIGKILL");
    assert.equal(isAlive(pid), false);
    await assert.rejects(fetch(url));
    await startServer(running);
    await until("it answers again", () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    );
    assert.notEqual(await serverPid(running), pid);
    await stopServer(running);
    await environment.stop();
    assert.equal(existsSync(running.folder), false);
    assert.equal(isAlive(running.supervisorPid), false);
  });

  it("runs what is to be done after a server, and shares servers with other processes of a run (EEN4)", async () => {
    const left = join(scratch, "left");
    const part: Part<Gives> = {
      ...echo,
      launch: async (place) => ({ ...(await echo.launch(place)), afterwards: [["touch", left]] }),
    };
    const environment = new Environment({ tell: () => undefined });
    const { url } = await environment.start(part);
    const unshare = await environment.share();
    const other = new Environment({ tell: () => undefined });
    const alone = new Environment({ tell: () => undefined, isAlone: true });
    try {
      assert.equal((await other.start(echo)).url, url);
      assert.notEqual((await alone.start(echo)).url, url);
    } finally {
      await unshare();
    }
    await Promise.all([other.stop(), alone.stop()]);
    await fetch(url);
    await environment.stop();
    assert.equal(existsSync(left), true);
  });

  it("says with its log why a server did not start", async () => {
    const broken = partOf("streamjob-broken", `#!${process.execPath}\nconsole.log("no data folder"); process.exit(3);`);
    const environment = new Environment({ tell: () => undefined });
    await assert.rejects(environment.start(broken), /streamjob-broken did not start:[^]*no data folder/);
  });
});

const ownerProgram = `
  const { Environment } = await import(${JSON.stringify(new URL("./environment.ts", import.meta.url).href)});
  const { readFileSync } = await import("node:fs");
  const part = {
    name: "streamjob-echo",
    address: { variable: "STREAMJOB_TEST_ECHO", parse: String },
    binary: { command: "streamjob-echo", version: "1", build: async () => { throw new Error("it is in the cache"); } },
    launch: async (place) => {
      const port = await place.freePort();
      return { args: [String(port)], gives: { url: "http://127.0.0.1:" + port, folder: place.folder } };
    },
    check: async ({ url }) => void (await fetch(url)),
  };
  const { folder } = await new Environment({ tell: () => undefined }).start(part);
  console.log(JSON.stringify({ pid: Number(readFileSync(folder + "/pid", "utf8")), folder }));
  setInterval(() => undefined, 1000);
`;
