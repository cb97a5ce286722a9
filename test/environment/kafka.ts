/**
 * Owns: the part Kafka: one broker that is its own controller (KRaft).
 *
 * Its jars come by Maven, once. Transactions that nobody ends are given up within seconds of their timeout, since tests wait for that.
 */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Binary, Part, Tell } from "./part.ts";

const run = promisify(execFile);
const VERSION = "4.4.0";
const CLUSTER_ID = "c3RyZWFtam9iLXRlc3RzIQ";
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** `secure`: a listener with TLS and SASL (PLAIN and SCRAM); only of a server of ours. */
type KafkaServer = {
  readonly bootstrap: string;
  readonly secure?: {
    readonly bootstrap: string;
    /** PEM. */
    readonly ca: string;
    /** By PLAIN. */
    readonly username: string;
    readonly password: string;
  };
};

const USER = { username: "alice", password: "alice-secret" };

export const kafkaBinary: Binary = {
  command: "kafka-server",
  version: VERSION,
  mayBeOnPath: false,
  build: async (folder, tell) => {
    await fetchJars(folder, tell);
    // $1: the properties; the folder of the data is made when the server is started for the first time.
    const lines = [
      "#!/bin/sh",
      "set -e",
      'libs="$(dirname "$(readlink -f "$0")")/libs"',
      'java="java -Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp $libs/*"',
      `set -f; $java kafka.tools.StorageTool format --ignore-formatted --cluster-id ${CLUSTER_ID} --config "$1"`,
      'exec $java kafka.Kafka "$1"',
    ];
    const path = join(folder, "kafka-server");
    await writeFile(path, `${lines.join("\n")}\n`);
    await chmod(path, 0o755);
  },
};

export const kafkaPart: Part<KafkaServer> = {
  name: "kafka",
  address: { variable: "STREAMJOB_TEST_KAFKA", parse: (bootstrap) => ({ bootstrap }) },
  binary: kafkaBinary,
  launch: async (place) => {
    const [port, controllerPort, securePort] = [await place.freePort(), await place.freePort(), await place.freePort()];
    const path = join(place.folder, "server.properties");
    const ca = await makeCertificate(place.folder);
    await writeFile(path, properties({ port, controllerPort, securePort, folder: place.folder }));
    const secure = { bootstrap: `127.0.0.1:${securePort}`, ca, ...USER };
    return { args: [path], gives: { bootstrap: `127.0.0.1:${port}`, secure } };
  },
  summary: ({ bootstrap }) => bootstrap,
  check: async ({ bootstrap }) => {
    const [host = "", port = ""] = bootstrap.split(":");
    await answersApiVersions(host, Number(port));
  },
};

const KEY_STORE = "broker.pem";

/** Makes the key and certificate of the broker, which is its own authority; returns it as PEM. */
async function makeCertificate(folder: string): Promise<string> {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const words = "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost";
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  await run("openssl", [...words.split(" "), ...names, "-keyout", key, "-out", certificate]);
  const pem = await readFile(certificate, "utf8");
  await writeFile(join(folder, KEY_STORE), (await readFile(key, "utf8")) + pem, { mode: 0o600 });
  return pem;
}

type Ports = { readonly port: number; readonly controllerPort: number; readonly securePort: number };

function properties(place: Ports & { readonly folder: string }): string {
  const { port, controllerPort, securePort, folder } = place;
  const login = "org.apache.kafka.common.security";
  const settings = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},SECURE://127.0.0.1:${securePort},CONTROLLER://127.0.0.1:${controllerPort}`,
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    "listener.name.secure.ssl.keystore.type": "PEM",
    "listener.name.secure.ssl.keystore.location": join(folder, KEY_STORE),
    "listener.name.secure.plain.sasl.jaas.config": `${login}.plain.PlainLoginModule required user_${USER.username}="${USER.password}";`,
    "listener.name.secure.scram-sha-256.sasl.jaas.config": `${login}.scram.ScramLoginModule required;`,
    "listener.name.secure.scram-sha-512.sasl.jaas.config": `${login}.scram.ScramLoginModule required;`,
    "controller.listener.names": "CONTROLLER",
    "log.dirs": join(folder, "data"),
    "num.partitions": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    ...usualSettings,
  };
  return propertiesText(settings);
}

/** Of every broker of ours. */
export const usualSettings = {
  "auto.create.topics.enable": false,
  "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
  "group.initial.rebalance.delay.ms": 0,
  "log.segment.bytes": 64 * 1024 * 1024,
};

export const propertiesText = (settings: Readonly<Record<string, string | number | boolean>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");

async function fetchJars(folder: string, tell: Tell): Promise<void> {
  tell(`fetching Kafka ${VERSION} with Maven, once: about 120 MB`);
  const scratch = await mkdtemp(join(tmpdir(), "streamjob-kafka-"));
  try {
    await writeFile(join(scratch, "pom.xml"), pom());
    const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${join(folder, "libs")}`];
    await run("mvn", ["-q", "-B", ...goal], { cwd: scratch, maxBuffer: OUTPUT_BYTES_MAX });
    await run("java", ["-version"]);
  } catch (error) {
    const { code, stdout = "" } = error as { readonly code?: string; readonly stdout?: string };
    const isMissing = code === "ENOENT";
    const reason = stdout.split("\n").find((line) => line.startsWith("[ERROR]")) ?? String(error);
    throw new Error(
      isMissing ? "Kafka needs Java 17 and Maven: install openjdk-17-jre-headless and maven" : `mvn failed: ${reason}`,
      { cause: error },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const pom = (): string => `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>streamjob</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

/** Asks for the versions of its requests (ApiVersions, version 0), which a broker answers as soon as it serves. */
function answersApiVersions(host: string, port: number): Promise<void> {
  const request = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff]);
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port }, () => socket.write(request));
    socket.setTimeout(5000, () => socket.destroy(new Error(`${host}:${port} does not answer`)));
    socket.once("data", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`${host}:${port} closes the connection`)));
  });
}
