/**
 * Owns: a server that stands where a JobManager is asked for, and answers as nothing should: each kind is another way to waste a caller's
 * time or memory.
 */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { JOB_ID_HEADER } from "../../contract/index.ts";

export const poisons = ["garbage", "silent", "drip", "endless", "other-job", "deep"] as const;
export type Poison = (typeof poisons)[number];

const DRIP_MS = 50;

export class PoisonedJobManager {
  /** Requests that came. */
  asked = 0;
  readonly #jobId: string;
  readonly #server: Server;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(poison: Poison, jobId: string) {
    this.#jobId = jobId;
    this.#server = createServer((request, response) => {
      this.asked++;
      request.resume();
      this.#answer(poison, response);
    });
  }

  /** `jobId`: it says that it runs this one, so that its answers are read. */
  static async start(poison: Poison, jobId: string): Promise<PoisonedJobManager> {
    const poisoned = new PoisonedJobManager(poison, jobId);
    await new Promise<void>((resolve) => poisoned.#server.listen(0, "127.0.0.1", () => resolve()));
    return poisoned;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(poison: Poison, response: ServerResponse): void {
    const json = { "content-type": "application/json", [JOB_ID_HEADER]: this.#jobId };
    switch (poison) {
      case "garbage":
        response.writeHead(200, { "content-type": "text/html" }).end("<html>\0\u{1f525} not what you asked for");
        return;
      case "silent":
        return;
      case "drip":
        response.writeHead(200, json);
        return this.#every(DRIP_MS, response, " ");
      case "endless":
        response.writeHead(200, json);
        return this.#every(1, response, `{"a":"${"x".repeat(1 << 16)}"`);
      case "other-job":
        response.writeHead(200, { ...json, [JOB_ID_HEADER]: "f".repeat(32) }).end("{}");
        return;
      case "deep":
        response.writeHead(200, json).end("[".repeat(100_000));
    }
  }

  #every(ms: number, response: ServerResponse, text: string): void {
    const timer = setInterval(() => {
      // A caller that does not read is not given more.
      if (response.writableLength < 1 << 20) response.write(text);
    }, ms);
    this.#timers.add(timer);
    response.once("close", () => {
      clearInterval(timer);
      this.#timers.delete(timer);
    });
  }
}
