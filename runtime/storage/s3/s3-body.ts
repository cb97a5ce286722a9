/**
 * Owns: what one request uploads, in the pieces in which it was written, with the hash that S3 wants to be told.
 * Called by: s3-writer.ts (gathers it), s3-object-store.ts (sends it).
 *
 * S3B1 A piece is hashed when it is written, and goes out by itself: nothing takes a turn as long as 8 MiB do. The SDK hashes and copies the
 *     whole of what it is given in one turn, in which a slot processes no record.
 * S3B2 Every attempt of a request has a stream of its own.
 */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { nextTurn } from "../../../base/index.ts";

/** About a millisecond's copying. */
const TURN_BYTES = 512 * 1024;

/** `sha256`: 64 hexadecimal digits. */
export type S3Body = { readonly pieces: readonly Uint8Array[]; readonly length: number; readonly sha256: string };

export class S3BodyBuilder {
  readonly #hash = createHash("sha256");
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The piece is kept as it is. */
  append(piece: Uint8Array): void {
    this.#hash.update(piece);
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** Once. */
  finish(): S3Body {
    return { pieces: this.#pieces, length: this.#length, sha256: this.#hash.digest("hex") };
  }
}

type Request = { readonly headers: Record<string, string> };
type Handler = (args: { readonly request: unknown }) => Promise<never>;
type Command = {
  readonly middlewareStack: {
    add(middleware: (next: Handler) => Handler, options: { readonly step: "build"; readonly name: string }): void;
  };
};

/** What a command is given of it. */
export function bodyFields({ pieces, length }: S3Body): {
  readonly Body: Readable | Uint8Array;
  readonly ContentLength: number;
} {
  const [only = new Uint8Array(0)] = pieces;
  return { Body: pieces.length <= 1 ? only : Readable.from(inTurns(pieces)), ContentLength: length };
}

/** A part of them in each turn: a socket of this machine would take megabytes at once. */
async function* inTurns(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for (const piece of pieces) {
    if (bytes >= TURN_BYTES) {
      await nextTurn();
      bytes = 0;
    }
    bytes += piece.length;
    yield piece;
  }
}

/** Has the SDK sign what was hashed before, instead of hashing it. */
export function withHash<C>(command: C, { sha256 }: S3Body): C {
  const { middlewareStack } = command as unknown as Command;
  const middleware =
    (next: Handler): Handler =>
    (args) => {
      (args.request as Request).headers["x-amz-content-sha256"] = sha256;
      return next(args);
    };
  middlewareStack.add(middleware, { step: "build", name: "streamjobContentHash" });
  return command;
}
