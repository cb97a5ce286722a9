/**
 * Owns: what Kafka's own names of settings (`properties.…`) mean to our client.
 *
 * TBCK1 A setting that we do not know is refused: nothing that is written is without effect.
 */
import { readFileSync } from "node:fs";
import type { KafkaCompression, KafkaConnectionOptions, KafkaSasl, KafkaTls } from "../../../connectors/kafka/index.ts";
import type { OptionRow } from "../../options/option-row.ts";
import type { TableOptions } from "../../options/table-options.ts";

const P = "properties.";
const COMPRESSIONS: readonly KafkaCompression[] = ["none", "gzip", "snappy", "lz4", "zstd"];

/** Of source and sink. */
export const connectionRows: readonly OptionRow[] = [
  {
    name: `${P}bootstrap.servers`,
    kind: "text",
    isRequired: true,
    meaning: "`host:port` of some brokers, with commas between them",
  },
  {
    name: `${P}client.id`,
    kind: "text",
    default: "streamjob",
    meaning: "how clients call themselves in the brokers' logs and quotas",
  },
  {
    name: `${P}security.protocol`,
    kind: ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
    default: "PLAINTEXT",
    meaning: "whether connections are encrypted, and whether the client logs in",
  },
  {
    name: `${P}sasl.mechanism`,
    kind: ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
    default: "PLAIN",
    meaning: "how it logs in",
  },
  { name: `${P}sasl.jaas.config`, kind: "text", meaning: 'who it is: `… required username="…" password="…";`' },
  {
    name: `${P}ssl.truststore.type`,
    kind: ["PEM"],
    default: "PEM",
    meaning: "files and texts of certificates are PEM",
  },
  {
    name: `${P}ssl.truststore.location`,
    kind: "text",
    meaning: "file with the authorities that certify the brokers; otherwise the system's",
  },
  { name: `${P}ssl.truststore.certificates`, kind: "text", meaning: "the same as text" },
  { name: `${P}ssl.keystore.type`, kind: ["PEM"], default: "PEM", meaning: "as of the trust store" },
  { name: `${P}ssl.keystore.certificate.chain`, kind: "text", meaning: "the client's certificate, as text" },
  { name: `${P}ssl.keystore.key`, kind: "text", meaning: "its key, as text" },
  {
    name: `${P}request.timeout.ms`,
    kind: "whole number",
    default: "30000",
    meaning: "how long a broker may take to answer",
  },
];

export const sourceRows: readonly OptionRow[] = [
  {
    name: `${P}group.id`,
    kind: "text",
    meaning:
      "offsets are committed to this group with each checkpoint, for tools to see; with `group-offsets` reading begins there",
  },
  {
    name: `${P}isolation.level`,
    kind: ["read_committed", "read_uncommitted"],
    default: "read_committed",
    meaning: "whether records of open and aborted transactions are read",
  },
  {
    name: `${P}max.partition.fetch.bytes`,
    kind: "whole number",
    default: "1048576",
    meaning: "how much of a partition is fetched at a time",
  },
  {
    name: `${P}auto.offset.reset`,
    kind: ["earliest"],
    default: "earliest",
    meaning: "where reading begins when the group has no offset",
  },
];

export const sinkRows: readonly OptionRow[] = [
  { name: `${P}compression.type`, kind: COMPRESSIONS, default: "none", meaning: "how batches are packed" },
  {
    name: `${P}batch.size`,
    kind: "whole number",
    default: "524288",
    meaning: "a batch of about so many bytes is sent",
  },
  { name: `${P}linger.ms`, kind: "whole number", default: "5", meaning: "how long a record waits for others" },
  {
    name: `${P}delivery.timeout.ms`,
    kind: "whole number",
    default: "120000",
    meaning: "how long a write is tried before the job fails",
  },
  {
    name: `${P}transaction.timeout.ms`,
    kind: "whole number",
    default: "900000",
    meaning: "exactly once: longer than a checkpoint and a restart take, and at most what the broker allows",
  },
];

/** Behind all others (TBCK1). */
export const otherProperties: OptionRow = {
  name: `${P}*`,
  kind: "text",
  meaning: "",
  instead: "Take it out: the client has no such setting. docs/sql-connectors.md lists those that it has.",
};

/** Errors: TableError. */
export function connectionOf(options: TableOptions): KafkaConnectionOptions {
  const protocol = options.given(`${P}security.protocol`);
  const tls = protocol.endsWith("SSL") ? tlsOf(options) : undefined;
  const sasl = protocol.startsWith("SASL") ? saslOf(options) : undefined;
  return {
    brokers: options.given(`${P}bootstrap.servers`),
    clientId: options.given(`${P}client.id`),
    requestTimeout: Number(options.given(`${P}request.timeout.ms`)),
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
  };
}

const JAAS_VALUE = (name: string): RegExp => new RegExp(`\\b${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|'([^']*)')`);

function saslOf(options: TableOptions): KafkaSasl {
  const name = `${P}sasl.jaas.config`;
  const config = options.text(name) ?? "";
  const [username, password] = ["username", "password"].map((each) => {
    const [, quoted, single] = JAAS_VALUE(each).exec(config) ?? [];
    return quoted?.replace(/\\(.)/g, "$1") ?? single;
  });
  if (username === undefined || password === undefined)
    throw options.refuse(
      name,
      `the security protocol needs the option '${name}' with username and password`,
      `Write 'org.apache.kafka.common.security.plain.PlainLoginModule required username="…" password="…";'.`,
    );
  return { mechanism: options.given(`${P}sasl.mechanism`).toLowerCase() as KafkaSasl["mechanism"], username, password };
}

function tlsOf(options: TableOptions): true | KafkaTls {
  const location = options.text(`${P}ssl.truststore.location`);
  const ca =
    options.text(`${P}ssl.truststore.certificates`) ?? (location === undefined ? undefined : pemOf(options, location));
  const cert = options.text(`${P}ssl.keystore.certificate.chain`);
  const key = options.text(`${P}ssl.keystore.key`);
  if (ca === undefined && cert === undefined) return true;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function pemOf(options: TableOptions, path: string): string {
  const name = `${P}ssl.truststore.location`;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw options.refuse(
      name,
      `the file '${path}' cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      "Give a file of PEM certificates.",
    );
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----"))
    throw options.refuse(
      name,
      `the file '${path}' has no certificate in PEM`,
      "Export the trust store as PEM: keytool -exportcert -rfc.",
    );
  return text;
}
