/** Owns: a user of Kafka's SCRAM, made by the request that Kafka's own tools send (AlterUserScramCredentials, version 0). */
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { loadKafkajs } from "../../runtime/connectors/kafka/kafkajs/kafkajs-parts.ts";
import { WireReader } from "../../runtime/connectors/kafka/wire/wire-reader.ts";
import { WireWriter } from "../../runtime/connectors/kafka/wire/wire-writer.ts";

const ITERATIONS = 4096;
const mechanisms = {
  "scram-sha-256": { number: 1, hash: "sha256", bytes: 32 },
  "scram-sha-512": { number: 2, hash: "sha512", bytes: 64 },
} as const;

export async function makeScramUser(
  bootstrap: string,
  user: { readonly mechanism: keyof typeof mechanisms; readonly username: string; readonly password: string },
): Promise<void> {
  const cluster = (await loadKafkajs()).createCluster({ brokers: [bootstrap], logLevel: 0 });
  await cluster.connect();
  await cluster.refreshMetadata();
  const broker = await cluster.findBroker({ nodeId: cluster.getNodeIds()[0] as string });
  const { number, hash, bytes } = mechanisms[user.mechanism];
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(user.password, salt, ITERATIONS, bytes, hash);
  const compact = (writer: WireWriter, content: Buffer): WireWriter =>
    writer.unsignedVarint(content.length + 1).raw(content);
  const writer = new WireWriter().unsignedVarint(0).unsignedVarint(1).unsignedVarint(2);
  writer.compactString(user.username).int8(number).int32(ITERATIONS);
  const body = compact(compact(writer, salt), salted).unsignedVarint(0).unsignedVarint(0).finish();
  try {
    await broker.connectionPool.send({
      request: {
        apiKey: 51,
        apiVersion: 0,
        apiName: "AlterUserScramCredentials",
        encode: async () => ({ buf: body, buffer: body, size: () => body.length }),
      },
      response: {
        decode: async (answer) => {
          const reader = new WireReader(answer);
          reader.skipTags();
          reader.int32();
          return reader.compactArray(() => [
            reader.compactString(),
            reader.int16(),
            reader.compactString(),
            reader.skipTags(),
          ]);
        },
        parse: async (results) => {
          const [name, code, message] = results[0] ?? [];
          if (code !== 0) throw new Error(`the user ${String(name)} was not made: ${String(message)}`);
          return results;
        },
      },
      logResponseError: false,
    });
  } finally {
    await cluster.disconnect();
  }
}
