/** The example 14-socket-to-kafka does what its README says: also what a crash loses. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { shownOutput } from "../e2e/readme.ts";
import { repository, Workplace } from "../e2e/streamjob-command.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { testKafka } from "./kafka-topics.ts";

const NAME = "14-socket-to-kafka";
const kafka = await testKafka();
const work = new Workplace();
after(() => work.close());

/** Says lines to the newest connection. */
class LineServer {
  readonly connections: Socket[] = [];
  readonly #server = createServer((socket) => {
    socket.on("error", () => undefined);
    this.connections.push(socket);
  });

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  say(...lines: readonly string[]): void {
    this.connections.at(-1)?.write(lines.map((line) => `${line}\n`).join(""));
  }

  close(): void {
    for (const connection of this.connections) connection.end();
    this.#server.close();
  }
}

describe(NAME, { skip: kafka.skip }, () => {
  it("writes the lines by one command", async () => {
    const command = work.startScript(join(repository, "tools/example.ts"), NAME);
    assert.equal(await command.exit(), 0, command.stderr);
    assert.deepEqual(command.lines, shownOutput(NAME, "Expected output:"));
  });

  it("repeats no line when a TaskManager is killed, and loses those since the last checkpoint, without an error", () =>
    inWorkspace("socket", async (workspace) => {
      const topics = kafka.topics();
      const topic = await topics.create("shouts");
      const server = new LineServer();
      workspace.onEnd(() => server.close());
      const options = { socket: await server.listen(), brokers: topics.bootstrap, topic, "checkpoint-interval": "1 h" };
      const run = await workspace.start({
        module: join(repository, "examples", NAME, "job.ts"),
        args: Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
        parallelism: 1,
        taskManagers: 1,
      });
      const arrived = (count: number): Promise<void> =>
        run.until(`${count} lines`, async () => (await topics.read(topic, "read_uncommitted")).length === count);
      await run.until("the connection", () => server.connections.length === 1);
      server.say("before one", "before two");
      await arrived(2);
      await run.savepoint(workspace.path("savepoints"));
      server.say("since one", "since two");
      await arrived(4);
      process.kill(run.cluster.pids().taskManagers[0] as number, "SIGKILL");
      await run.until("another connection", () => server.connections.length === 2);
      server.say("after");
      await arrived(5);
      server.close();
      await run.finish();
      const committed = (await topics.read(topic)).map(({ value }) => value);
      assert.deepEqual(committed, ["BEFORE ONE", "BEFORE TWO", "AFTER"]);
    }));
});
