/**
 * Owns: the source of the lines that a TCP server sends.
 *
 * SOS1 A socket has no positions: what was received and not yet covered by a checkpoint is lost when the job restarts
 *     (at most once). One subtask reads, the others have nothing to do.
 * SOS2 When more than BUFFER_BYTES_MAX wait to be taken, the socket is paused: the server is slowed down.
 * SOS3 A lost connection fails the task after the lines before it were given; the restart strategy connects again.
 */
import { connect, type Socket } from "node:net";
import { StreamError } from "../../../base/index.ts";
import type { ReaderContext, Source, SourceOutput, SourceReader } from "../../ports/index.ts";
import { NO_TIMESTAMP, t } from "../../record/index.ts";
import { checkNumber, checkPort, optionInvalid } from "../kit/index.ts";
import { LineCutter } from "./line-cutter.ts";

export type SocketTextOptions = {
  readonly host: string;
  readonly port: number;
  /** When the server closes the connection in good order: `fail` (default) as if it had broken, or `end`: the data have ended. */
  readonly whenClosed?: "fail" | "end";
  /** The longest line in bytes. Default 1 MiB. */
  readonly lineBytesMax?: number;
  /** Default `socket`. */
  readonly name?: string;
};

type SocketSplit = { readonly host: string; readonly port: number };

const LINE_BYTES_MAX = 1 << 20;
const BUFFER_BYTES_MAX = 1 << 20;
const KEEP_ALIVE_MS = 10_000;

/** Lines of UTF-8 text from a server, without timestamps; at most once. Errors: OPTION_INVALID, SOURCE_FAILED. */
export function socketTextSource(options: SocketTextOptions): Source<string, SocketSplit> {
  const name = options.name ?? "socket";
  const { host, port, lineBytesMax = LINE_BYTES_MAX, whenClosed = "fail" } = options;
  if (typeof host !== "string" || host === "") throw optionInvalid(name, "give the host's name or address");
  checkPort(name, port);
  checkNumber(
    name,
    ["lineBytesMax", lineBytesMax],
    (value) => Number.isInteger(value) && value >= 1,
    "a whole number from 1",
  );
  if (whenClosed !== "fail" && whenClosed !== "end") {
    throw optionInvalid(name, `whenClosed is ${String(whenClosed)}; give "fail" or "end"`);
  }
  return {
    kind: "source",
    name,
    boundedness: whenClosed === "end" ? "bounded" : "unbounded",
    type: t.string,
    discover: () => [{ host, port }],
    createReader: (context) => new SocketReader(context, { lineBytesMax, whenClosed }),
  };
}

class SocketReader implements SourceReader<string, SocketSplit> {
  readonly #context: ReaderContext<SocketSplit>;
  readonly #split: SocketSplit | undefined;
  readonly #whenClosed: "fail" | "end";
  readonly #cutter: LineCutter;
  #socket: Socket | null = null;
  /** How the connection ended; its lines may still be waiting. */
  #ending: { readonly kind: "closed" } | { readonly kind: "failed"; readonly error: StreamError } | null = null;

  constructor(
    context: ReaderContext<SocketSplit>,
    options: { readonly lineBytesMax: number; readonly whenClosed: "fail" | "end" },
  ) {
    this.#context = context;
    this.#split = context.splits[0];
    this.#whenClosed = options.whenClosed;
    this.#cutter = new LineCutter(options.lineBytesMax);
  }

  async open(): Promise<void> {
    const split = this.#split;
    if (split === undefined) return;
    await new Promise<void>((resolve, reject) => {
      const socket = connect({
        host: split.host,
        port: split.port,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      });
      this.#socket = socket;
      const refused = (error: Error): void => {
        reject(
          this.#failed(
            `cannot connect: ${error.message || String(error)}; start the server (for a try: nc -lk ${split.port})`,
            error,
          ),
        );
      };
      socket.once("error", refused);
      socket.once("connect", () => {
        socket.off("error", refused);
        this.#listen(socket);
        resolve();
      });
    });
  }

  poll(output: SourceOutput<string>, maxRecords: number): "more" | "idle" | "end" {
    if (this.#split === undefined) return this.#whenClosed === "end" ? "end" : "idle";
    const cutter = this.#cutter;
    for (let left = maxRecords; left > 0; left--) {
      const line = cutter.take();
      if (line === null) return this.#ended();
      output.collect(line, NO_TIMESTAMP);
    }
    this.#resumeWhenThereIsRoom();
    return "more";
  }

  snapshot(): readonly SocketSplit[] {
    return this.#split === undefined || this.#ending?.kind === "closed" ? [] : [this.#split];
  }

  close(): void {
    this.#ending ??= { kind: "closed" };
    this.#socket?.destroy();
  }

  #listen(socket: Socket): void {
    socket.on("data", (bytes) => {
      this.#cutter.add(bytes);
      if (this.#cutter.waitingBytes > BUFFER_BYTES_MAX) socket.pause();
      if (this.#cutter.isLineTooLong) {
        socket.destroy();
        this.#end(this.#failed("a line is longer than lineBytesMax; raise it, or send line ends"));
      }
      this.#context.wake();
    });
    socket.on("end", () => this.#end(this.#whenClosed === "end" ? null : this.#lost("the server closed it")));
    socket.on("error", (error) => this.#end(this.#lost(error.message, error)));
    socket.on("close", () => this.#end(this.#lost("it broke")));
  }

  /** The first reason counts. */
  #end(error: StreamError | null): void {
    if (this.#ending !== null) return;
    this.#ending = error === null ? { kind: "closed" } : { kind: "failed", error };
    this.#cutter.end();
    this.#context.wake();
  }

  /** Nothing is waiting: what `poll` says. */
  #ended(): "idle" | "end" {
    if (this.#ending?.kind === "failed") throw this.#ending.error;
    if (this.#ending !== null) return "end";
    this.#resumeWhenThereIsRoom();
    return "idle";
  }

  #resumeWhenThereIsRoom(): void {
    if (this.#socket?.isPaused() === true && this.#cutter.waitingBytes <= BUFFER_BYTES_MAX) this.#socket.resume();
  }

  #lost(reason: string, cause?: unknown): StreamError {
    return this.#failed(
      `the connection is lost: ${reason}. The restart connects again; what was sent meanwhile is not seen`,
      cause,
    );
  }

  #failed(problem: string, cause?: unknown): StreamError {
    const { host, port } = this.#split as SocketSplit;
    return new StreamError("SOURCE_FAILED", `source ${this.#context.name} at ${host}:${port}: ${problem}`, { cause });
  }
}
