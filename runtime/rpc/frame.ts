/**
 * Owns: the bytes of one RPC message: how it is framed, and how frames are cut from a stream.
 * Not here: sockets (connection.ts), what messages mean (messages.ts). Called by connection.ts.
 *
 *   stream  = frame*
 *   frame   = length:uint32 big endian, body     (length = bytes of body, 2 … MAX_FRAME_BYTES)
 *   body    = version:uint8 (1), UTF-8 JSON of an object with a string `kind`
 *
 * FR3 Every frame names the version of the protocol (frames and messages.ts): processes of two versions part at the first one, and both say why.
 *
 * FR4 A reader's limit may be lower until its peer is known (`frameBytesMax`): strangers cannot have large bodies collected.
 * FR1 A frame over the limit is refused from its header: nothing of its body is kept.
 * FR2 The pieces of a frame are joined once, so a large one costs linear time.
 */
import { newerFormat, StreamError } from "../../base/index.ts";

/** Largest body that is sent or taken. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const HEADER_BYTES = 4;
/** Of frames and messages. A new kind of message, or a new field that matters, raises it. */
const PROTOCOL_VERSION = 1;
/** No version is above: what begins with a letter or a bracket is no frame of ours. */
const PROTOCOL_VERSION_MAX = 31;

/** One frame. Throws StreamError PROTOCOL_VIOLATION when the body would be over `MAX_FRAME_BYTES`. */
export function encodeFrame(message: object): Buffer {
  const text = JSON.stringify(message);
  const length = 1 + Buffer.byteLength(text);
  if (length > MAX_FRAME_BYTES) {
    throw new StreamError(
      "PROTOCOL_VIOLATION",
      `a message ${describeKind(message)} has ${length} bytes, over the limit of ${MAX_FRAME_BYTES}; set state.backend.type to fs, which keeps state out of messages`,
    );
  }
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32BE(length, 0);
  frame.writeUInt8(PROTOCOL_VERSION, HEADER_BYTES);
  frame.write(text, HEADER_BYTES + 1);
  return frame;
}

/** Cuts frames from pieces of a stream, in order. After it threw it must not be used again. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #buffered = 0;
  #needed = HEADER_BYTES;
  /** FR4. At most MAX_FRAME_BYTES. */
  frameBytesMax = MAX_FRAME_BYTES;

  /** Takes the next piece; returns the messages completed by it. Throws StreamError PROTOCOL_VIOLATION for bytes that are none, FORMAT_TOO_NEW (FR3). */
  push(piece: Buffer): object[] {
    this.#pieces.push(piece);
    this.#buffered += piece.length;
    const messages: object[] = [];
    if (this.#buffered < this.#needed) return messages;
    const bytes = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces, this.#buffered);
    let offset = 0;
    this.#needed = HEADER_BYTES;
    while (bytes.length - offset >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(offset);
      if (length > this.frameBytesMax) {
        throw violation(`a frame of ${length} bytes, over the limit of ${this.frameBytesMax}`);
      }
      if (bytes.length - offset < HEADER_BYTES + length) {
        this.#needed = HEADER_BYTES + length;
        break;
      }
      messages.push(decodeBody(bytes.subarray(offset + HEADER_BYTES, offset + HEADER_BYTES + length)));
      offset += HEADER_BYTES + length;
    }
    this.#pieces = offset === bytes.length ? [] : [bytes.subarray(offset)];
    this.#buffered = bytes.length - offset;
    return messages;
  }
}

function decodeBody(body: Buffer): object {
  const version = body[0] ?? 0;
  if (version > PROTOCOL_VERSION && version <= PROTOCOL_VERSION_MAX) {
    throw newerFormat("the RPC protocol of the peer", version, PROTOCOL_VERSION);
  }
  if (version !== PROTOCOL_VERSION) throw violation(`a frame of ${body.length} bytes without the protocol's version`);
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8", 1));
  } catch (error) {
    throw violation(`a frame of ${body.length} bytes that is not JSON`, error);
  }
  if (typeof value !== "object" || value === null || !("kind" in value) || typeof value.kind !== "string") {
    throw violation("a frame that is not an object with a kind");
  }
  return value;
}

function violation(what: string, cause?: unknown): StreamError {
  return new StreamError(
    "PROTOCOL_VIOLATION",
    `the peer sent ${what}: it is not a StreamJob process, or runs another version`,
    {
      cause,
    },
  );
}

function describeKind(message: object): string {
  return "kind" in message ? `"${String(message.kind)}"` : "without kind";
}
