/**
 * Owns: a way to a real API server for operators in processes of their own: plain HTTP on loopback, as the embedded server has it, with
 * the address of a pod for who asks.
 *
 * AGW1 What is asked of the API server passes unchanged, watches too; only the identity is put in.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { ADDRESS_PATH, type AddressOf } from "../../embedded/api-server/index.ts";
import type { Credentials } from "../../operator/kubernetes/client/index.ts";

type Options = {
  readonly baseUrl: string;
  readonly credentials: Credentials;
  readonly addressOf: AddressOf;
};

export class ApiGateway {
  readonly #options: Options;
  readonly #server: Server;

  private constructor(options: Options) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async open(options: Options): Promise<ApiGateway> {
    const gateway = new ApiGateway(options);
    await new Promise<void>((resolve, reject) => {
      gateway.#server.once("error", reject);
      gateway.#server.listen(0, "127.0.0.1", resolve);
    });
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", this.url);
    if (url.pathname !== ADDRESS_PATH) return this.#pass(request, response);
    const { searchParams } = url;
    const [host, port] = [searchParams.get("host") ?? "", Number(searchParams.get("port"))];
    const address = await this.#options.addressOf(searchParams.get("namespace") ?? "", host, port);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ address }));
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { baseUrl, credentials } = this.#options;
    const { headers, agent } = await credentials.present();
    const { host: _host, connection: _connection, authorization: _authorization, ...given } = request.headers;
    const outgoing = httpsRequest(new URL(request.url ?? "", baseUrl), {
      method: request.method,
      agent,
      headers: { ...given, ...headers },
    });
    outgoing.on("error", () => response.destroy());
    response.on("close", () => outgoing.destroy());
    outgoing.on("response", (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers);
      response.flushHeaders();
      incoming.pipe(response);
    });
    request.pipe(outgoing);
  }
}
