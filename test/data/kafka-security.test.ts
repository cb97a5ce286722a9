/** TLS and SASL to a real broker, and what is said when a door stays shut; no password is ever in a message. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLog, sleep, StreamError, systemClock } from "../../base/index.ts";
import { type KafkaConnectionOptions, kafkaSource } from "../../runtime/connectors/kafka/index.ts";
import { kafkaPart, testPart } from "../environment/index.ts";
import { makeScramUser } from "./scram-user.ts";

const part = await testPart(kafkaPart);
const skip =
  part.skip === false && part.gives().secure === undefined ? "the given broker has no secure listener" : part.skip;

function secure(): {
  readonly brokers: string;
  readonly ca: string;
  readonly username: string;
  readonly password: string;
} {
  const {
    bootstrap: brokers,
    ca,
    username,
    password,
  } = part.gives().secure as NonNullable<ReturnType<typeof part.gives>["secure"]>;
  return { brokers, ca, username, password };
}

/** Connects, and looks for a topic that is not there: what is said of it. */
async function saidBy(connection: KafkaConnectionOptions): Promise<StreamError> {
  const source = kafkaSource({ ...connection, topics: "no-such-topic", retryTimeout: "1 ms", end: "latest" });
  try {
    await source.discover?.({ name: "orders", parallelism: 1, clock: systemClock, log: silentLog });
  } catch (error) {
    assert.ok(error instanceof StreamError, String(error));
    assert.doesNotMatch(`${error.message}${String(error.cause)}`, /secret/);
    return error;
  }
  throw new Error("the topic is there");
}

const isIn = (error: StreamError): boolean => /there is no topic no-such-topic/.test(error.message);

for (const library of ["kafkajs", "@platformatic/kafka"] as const) {
  describe(`connections to Kafka by ${library}`, { skip }, () => {
    const said = (connection: KafkaConnectionOptions): Promise<StreamError> => saidBy({ ...connection, library });

    it("are made by TLS and PLAIN", async () => {
      const { brokers, ca, username, password } = secure();
      const error = await said({ brokers, tls: { ca }, sasl: { mechanism: "plain", username, password } });
      assert.ok(isIn(error), error.message);
    });

    for (const mechanism of ["scram-sha-256", "scram-sha-512"] as const) {
      it(`are made by TLS and ${mechanism}`, async () => {
        const user = { mechanism, username: `bob-${mechanism}`, password: "bob-secret" };
        await makeScramUser(part.gives().bootstrap, user);
        const { brokers, ca } = secure();
        // The user is known a moment after it was made.
        for (const until = Date.now() + 60_000; ; await sleep(systemClock, 50)) {
          const error = await said({ brokers, tls: { ca }, sasl: user });
          if (isIn(error)) return;
          assert.ok(Date.now() < until, error.message);
        }
      });
    }

    it("say that the password is wrong, and are not tried again", async () => {
      const { brokers, ca, username } = secure();
      const error = await said({
        brokers,
        tls: { ca },
        sasl: { mechanism: "plain", username, password: "wrong-secret" },
      });
      assert.equal(error.destiny, "terminal");
      assert.match(
        error.message,
        /source orders at .*AUTHENTICATION_FAILED.*Check the mechanism, the user name and the password in `sasl`/s,
      );
    });

    it("say that the certificate is not trusted, and that TLS is missing", async () => {
      const { brokers, username, password } = secure();
      const sasl = { mechanism: "plain", username, password } as const;
      assert.match(
        (await said({ brokers, tls: true, sasl })).message,
        /certificate.*CONNECTION_FAILED|CONNECTION_FAILED.*`ssl`/s,
      );
      const plain = await said({ brokers, sasl, requestTimeout: "5 s", connectTimeout: "2 s" });
      assert.match(plain.message, /CONNECTION_FAILED|REQUEST_TIMED_OUT/);
    });
  });
}

describe("connections to Kafka", () => {
  it("are refused with an empty password before anything is sent", () => {
    assert.throws(
      () =>
        kafkaSource({
          brokers: "localhost:9092",
          topics: "t",
          sasl: { mechanism: "plain", username: "alice", password: "" },
        }),
      (error) =>
        error instanceof StreamError && error.code === "OPTION_INVALID" && /environment variable/.test(error.message),
    );
  });
});
