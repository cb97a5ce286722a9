/**
 * Owns: three brokers that are one cluster, as three parts: each is stopped and started by itself.
 *
 * KFN1 Topics have three replicas, two of which have to be in sync: any one broker may be away. All three are controllers.
 * KFN2 The first chooses all ports. A broker serves when two are there, so a part is started when its controller can be connected to; who uses the
 *      cluster waits for the rest (KafkaTopics.whenReady).
 */
import { writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { kafkaBinary, propertiesText, usualSettings } from "./kafka.ts";
import type { Part } from "./part.ts";

type Ports = { readonly broker: number; readonly controller: number };

type KafkaNode = {
  /** All of them. */
  readonly bootstrap: string;
  readonly ports: readonly Ports[];
  readonly controllerPort: number;
};

const IDS = [1, 2, 3] as const;
/** Small: the machine has three of them. It counts for more than what the program says. */
const HEAP = "-Xms64m -Xmx256m";
const SESSION_MS = 6000;

function nodePart(id: number, first: Part<KafkaNode> | null): Part<KafkaNode> {
  return {
    name: `kafka-node${id}`,
    binary: kafkaBinary,
    launch: async (place) => {
      const ports = first === null ? await choosePorts(() => place.freePort()) : (await place.need(first)).ports;
      const path = join(place.folder, "server.properties");
      await writeFile(path, propertiesText(settings(id, ports, place.folder)));
      const bootstrap = ports.map(({ broker }) => `127.0.0.1:${broker}`).join(",");
      const gives = { bootstrap, ports, controllerPort: (ports[id - 1] as Ports).controller };
      return { args: [path], env: { _JAVA_OPTIONS: HEAP }, gives };
    },
    summary: ({ bootstrap }) => `one of ${bootstrap}`,
    check: ({ controllerPort }) => connects(controllerPort),
  };
}

async function choosePorts(freePort: () => Promise<number>): Promise<Ports[]> {
  const ports: Ports[] = [];
  for (const _ of IDS) ports.push({ broker: await freePort(), controller: await freePort() });
  return ports;
}

function settings(id: number, ports: readonly Ports[], folder: string): Parameters<typeof propertiesText>[0] {
  const { broker, controller } = ports[id - 1] as Ports;
  return {
    "process.roles": "broker,controller",
    "node.id": id,
    "controller.quorum.voters": IDS.map((each) => `${each}@127.0.0.1:${ports[each - 1]?.controller}`).join(","),
    listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "log.dirs": join(folder, "data"),
    "default.replication.factor": 3,
    "min.insync.replicas": 2,
    "offsets.topic.replication.factor": 3,
    "offsets.topic.num.partitions": 2,
    "transaction.state.log.replication.factor": 3,
    "transaction.state.log.min.isr": 2,
    "transaction.state.log.num.partitions": 3,
    "broker.session.timeout.ms": SESSION_MS,
    ...usualSettings,
  };
}

function connects(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port }, () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}

const first = nodePart(1, null);
/** KFN1 */
export const kafkaClusterParts: readonly Part<KafkaNode>[] = [first, nodePart(2, first), nodePart(3, first)];
