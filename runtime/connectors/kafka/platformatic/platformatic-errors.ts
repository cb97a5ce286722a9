/** Owns: what an error of the client library is in the words of the port. */
import { KafkaError } from "../client/kafka-error.ts";
import type { Library } from "./broker-connections.ts";

/** Errors of ours, bugs among them, stay what they are. */
export function kafkaErrorOf(library: Library, error: unknown): unknown {
  const all = below(error);
  const find = <E extends Error>(kind: abstract new (...args: never[]) => E): E | undefined =>
    all.find((each): each is E => each instanceof kind);
  const refused = find(library.AuthenticationError);
  // A broker that closes the connection meanwhile, as one that restarts does or one that expects TLS, has refused nobody.
  if (refused !== undefined && !below(refused).some((each) => each instanceof library.NetworkError))
    return new KafkaError("AUTHENTICATION_FAILED", told(all), { isRetriable: false, cause: error });
  const answer = find(library.ProtocolError);
  if (answer !== undefined) {
    const { apiId, canRetry } = answer as unknown as { readonly apiId: string; readonly canRetry: boolean };
    return new KafkaError(apiId, answer.message, { isRetriable: canRetry, cause: error });
  }
  if (find(library.TimeoutError) !== undefined)
    return new KafkaError("REQUEST_TIMED_OUT", told(all), { isRetriable: true, cause: error });
  if (find(library.NetworkError) !== undefined || find(library.UserError) !== undefined)
    return new KafkaError("CONNECTION_FAILED", told(all), { isRetriable: true, cause: error });
  return error;
}

/** The error, what it is made of, and what caused them. */
function below(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const parts = error instanceof AggregateError ? error.errors : [];
  return [error, ...parts.flatMap(below), ...below(error.cause)];
}

const told = (all: readonly Error[]): string =>
  [...new Set(all.map(({ message }) => message.replace(/\.$/, "")))].filter((message) => message !== "").join(": ");
