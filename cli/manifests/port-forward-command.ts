/**
 * Owns: `streamjob port-forward`: a port of this machine that leads to REST of a job's JobManager, whichever that is.
 * Does not own: the way to a pod (open-control-plane.ts).
 *
 * PFC1 The port stays for as long as the command runs. A connection goes to the JobManager that is active when it is made; those to an earlier
 *     one are cut when another one takes over.
 * PFC2 It listens on loopback alone: who reaches it needs no password, and acts with the rights of the person.
 * PFC3 A connection that cannot be made is closed, and a line says why; the same reason is said once.
 */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { silentLog, StreamError } from "../../base/index.ts";
import { readStreamJobStatus, type StreamJob } from "../../crds/index.ts";
import { jobManagerHost, REST_PORT } from "../../operator/engine/index.ts";
import { WatchCache } from "../../operator/kubernetes/machinery/index.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import { type CommandContext, namespaceFlag } from "./command-context.ts";
import { untilInterrupted } from "./interruption.ts";
import { sayLine } from "./job-follower.ts";
import type { JobCommand } from "./manifest-command.ts";
import { getNamed } from "./named-objects.ts";

const LOOPBACK = "127.0.0.1";

/** Errors: OBJECT_NOT_FOUND, PORT_IN_USE, CONTROL_PLANE_UNAVAILABLE. */
export async function portForwardCommand(
  context: CommandContext,
  command: JobCommand<"portForward">,
): Promise<ExitCode> {
  const { api, terminal } = context;
  const { namespace, job: name } = command;
  const first = await getNamed(api, "StreamJob", name, namespace);
  const way = new WayToJobManager(context, first);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => void way.serve(near));
  const { clock, random } = terminal;
  const jobs = new WatchCache(api, "StreamJob", { clock, random, log: silentLog, namespace });
  const gone = Promise.withResolvers<"gone">();
  jobs.subscribe(({ kind, object }) => {
    if (object.metadata.name !== name) return;
    if (kind === "deleted") gone.resolve("gone");
    else way.follow(object);
  });
  try {
    const port = await listen(server, command.port ?? 0);
    terminal.out(`http://${LOOPBACK}:${port}`);
    terminal.say(
      `REST of the JobManager of ${name}, until Ctrl-C: \`curl http://${LOOPBACK}:${port}/v1/jobs\`. Everyone on this machine can use this port, with your rights.`,
    );
    way.follow(first);
    jobs.start();
    const how = await Promise.race([untilInterrupted(context), gone.promise]);
    if (how !== "gone") return 0;
    sayLine(
      terminal,
      `StreamJob ${name}${namespaceFlag(namespace)} was deleted: there is nothing to forward to`,
      "bad",
    );
    return 1;
  } finally {
    await jobs.stop();
    server.close();
    way.cut();
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "another process has it; name another one, or none" : cause.message;
      const message = `port ${port} of ${LOOPBACK} cannot be listened on: ${why}`;
      reject(new StreamError("PORT_IN_USE", message, { destiny: "terminal", cause }));
    });
    server.listen(port, LOOPBACK, () => resolve((server.address() as AddressInfo).port));
  });
}

/** The active JobManager, and the connections to it. */
class WayToJobManager {
  readonly #context: CommandContext;
  readonly #namespace: string;
  readonly #job: string;
  /** null: no incarnation is active. */
  #incarnation: number | null | undefined = undefined;
  readonly #open = new Set<Duplex>();
  #lastTrouble = "";

  constructor(context: CommandContext, { metadata }: StreamJob) {
    this.#context = context;
    this.#namespace = metadata.namespace;
    this.#job = metadata.name;
  }

  /** PFC1 */
  follow({ status }: StreamJob): void {
    const read = readStreamJobStatus(status);
    const incarnation = read.kind === "read" ? (read.status.active?.incarnation ?? null) : null;
    if (incarnation === this.#incarnation) return;
    this.#incarnation = incarnation;
    this.cut();
    this.#lastTrouble = "";
    if (incarnation === null)
      this.#say("no incarnation of the job is active: connections are closed until one is", "warning");
    else this.#say(`leads to incarnation ${incarnation}, pod ${this.#host(incarnation).split(".")[0]}`);
  }

  cut(): void {
    for (const each of this.#open) each.destroy();
    this.#open.clear();
  }

  /** Never rejects (PFC3). */
  async serve(near: Socket): Promise<void> {
    near.on("error", () => near.destroy());
    const incarnation = this.#incarnation ?? null;
    if (incarnation === null) return void near.destroy();
    try {
      const far = await this.#context.connect(this.#host(incarnation), REST_PORT);
      if (near.destroyed || incarnation !== this.#incarnation) {
        far.destroy();
        near.destroy();
        return;
      }
      this.#join(near, far);
    } catch (error) {
      near.destroy();
      this.#trouble(error);
    }
  }

  #join(near: Socket, far: Duplex): void {
    this.#open.add(far);
    far.on("error", (error) => this.#trouble(error));
    far.on("close", () => {
      this.#open.delete(far);
      near.destroySoon();
    });
    near.on("close", () => far.destroy());
    // A half of it cannot be ended (PFW4): an answer may be on its way.
    near.pipe(far, { end: false });
    far.pipe(near);
    this.#lastTrouble = "";
  }

  #trouble(error: unknown): void {
    if (!(error instanceof StreamError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    const { message } = error as Error;
    if (message === this.#lastTrouble) return;
    this.#lastTrouble = message;
    this.#say(message, "warning");
  }

  #host(incarnation: number): string {
    return jobManagerHost(this.#namespace, this.#job, incarnation);
  }

  #say(text: string, tone?: Parameters<typeof sayLine>[2]): void {
    sayLine(this.#context.terminal, `${this.#job}: ${text}`, tone);
  }
}
