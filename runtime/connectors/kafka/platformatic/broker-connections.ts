/**
 * Owns: connections to brokers, one to each address, made when they are needed; TLS and SASL are the library's.
 *
 * KPB1 One that failed or closed is forgotten: the next request makes another. The request that it cost fails.
 */
import type * as Platformatic from "@platformatic/kafka";
import type { KafkaConnection } from "../client/connection-options.ts";

export type Library = typeof Platformatic;
export type BrokerConnection = Platformatic.Connection;
export type BrokerAddress = { readonly host: string; readonly port: number };

/** Requests that may be under way in one connection; the broker answers them in their order. */
const REQUESTS_MAX = 64;

const mechanisms = { plain: "PLAIN", "scram-sha-256": "SCRAM-SHA-256", "scram-sha-512": "SCRAM-SHA-512" } as const;

export class BrokerConnections {
  readonly #library: Library;
  readonly #settings: KafkaConnection;
  readonly #connections = new Map<string, Promise<BrokerConnection>>();
  #isClosed = false;

  constructor(library: Library, settings: KafkaConnection) {
    this.#library = library;
    this.#settings = settings;
  }

  to({ host, port }: BrokerAddress): Promise<BrokerConnection> {
    const name = `${host}:${port}`;
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    const made = this.#connect(host, port, () => {
      if (this.#connections.get(name) === made) this.#connections.delete(name);
    });
    this.#connections.set(name, made);
    return made;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const made = await Promise.allSettled(this.#connections.values());
    for (const each of made) if (each.status === "fulfilled") await each.value.close();
  }

  async #connect(host: string, port: number, forget: () => void): Promise<BrokerConnection> {
    const { ssl, sasl, clientId, connectTimeoutMs, requestTimeoutMs } = this.#settings;
    if (this.#isClosed) throw new this.#library.NetworkError("the client is closed");
    const connection = new this.#library.Connection(clientId, {
      connectTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      maxInflights: REQUESTS_MAX,
      ...(ssl === undefined ? {} : { tls: ssl === true ? {} : { ...ssl } }),
      ...(sasl === undefined ? {} : { sasl: { ...sasl, mechanism: mechanisms[sasl.mechanism] } }),
    });
    // What fails in it is told to those who wait for answers.
    connection.on("error", forget);
    connection.on("close", forget);
    try {
      await connection.connect(host, port);
    } catch (error) {
      forget();
      throw error;
    }
    return connection;
  }
}
