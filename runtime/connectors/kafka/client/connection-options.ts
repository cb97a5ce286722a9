/**
 * Owns: the options of a connection to Kafka that source and sink share, and their checks.
 *
 * KFC1 Passwords are in no message and no name.
 */
import { type Duration, readDuration } from "../../../../base/index.ts";
import { checkChoice, optionInvalid } from "../../kit/index.ts";

/** How the client proves who it is. */
export type KafkaSasl = {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  readonly username: string;
  readonly password: string;
};

/** PEM texts; what is absent is Node's default: the authorities of the system, no certificate of one's own. */
export type KafkaTls = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the broker's certificate has to bear. Default: the host's. */
  readonly servername?: string;
};

export type KafkaConnectionOptions = {
  /** `host:port` of some brokers of the cluster; the others are found through them. */
  readonly brokers: string | readonly string[];
  /** TLS; `true` with Node's defaults. Default: none. */
  readonly tls?: boolean | KafkaTls;
  readonly sasl?: KafkaSasl;
  /** How clients call themselves in the broker's logs and quotas. Default `streamjob`. */
  readonly clientId?: string;
  /** How long a connection may take. Default 10 s. */
  readonly connectTimeout?: Duration;
  /** How long a broker may take to answer. Default 30 s. */
  readonly requestTimeout?: Duration;
  /** The library that holds the connections. Default `kafkajs`; see the page for when to take the other. */
  readonly library?: KafkaLibrary;
};

export type KafkaLibrary = "kafkajs" | "@platformatic/kafka";

export type KafkaConnection = {
  readonly brokers: readonly string[];
  readonly ssl: true | KafkaTls | undefined;
  readonly sasl: KafkaSasl | undefined;
  readonly clientId: string;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly library: KafkaLibrary;
};

const LIBRARIES: readonly KafkaLibrary[] = ["kafkajs", "@platformatic/kafka"];
const MECHANISMS = ["plain", "scram-sha-256", "scram-sha-512"];

/** Errors: OPTION_INVALID. */
export function readConnection(name: string, options: KafkaConnectionOptions): KafkaConnection {
  const brokers =
    typeof options.brokers === "string" ? options.brokers.split(",").map((each) => each.trim()) : options.brokers;
  if (!Array.isArray(brokers) || brokers.length === 0)
    throw optionInvalid(name, 'give brokers, such as "localhost:9092"');
  for (const broker of brokers) {
    if (typeof broker !== "string" || !/^.+:\d{1,5}$/.test(broker))
      throw optionInvalid(name, `the broker "${String(broker)}" is no address; give host:port`);
  }
  const { sasl, tls, library = "kafkajs" } = options;
  checkChoice(name, ["library", library], LIBRARIES);
  if (sasl !== undefined) {
    checkChoice(name, ["sasl.mechanism", sasl.mechanism], MECHANISMS);
    if (!sasl.username || !sasl.password)
      throw optionInvalid(
        name,
        "sasl needs a username and a password; is the environment variable set that they come from?",
      );
  }
  return {
    brokers,
    ssl: tls === false || tls === undefined ? undefined : tls,
    sasl,
    clientId: options.clientId ?? "streamjob",
    connectTimeoutMs: readDuration(options.connectTimeout ?? "10 s", `${name}: connectTimeout`),
    requestTimeoutMs: readDuration(options.requestTimeout ?? "30 s", `${name}: requestTimeout`),
    library,
  };
}
