/**
 * Owns: writing one object in pieces: in one request when it is small, otherwise in parts that are uploaded while it is written.
 * Not here: parts on their way (s3-multipart.ts), attempts of each request (s3-calls.ts).
 *
 * S3W1 At most (concurrentUploads + 2) × partBytes of an object are in memory: who writes faster waits.
 * S3W2 A multipart upload has its name from its start, before its content is known: `close` answers that name, 64 random hexadecimal
 *     digits in the folder of the key that the writer was opened with.
 * S3W3 Aborted or failed, an upload is given up at the store. One that could not be (a crash) is found by `removeUnfinished`.
 * S3W4 An upload whose completion was not answered is there if the object is, with its length: nobody else knows its name.
 */
import { assert, type Random } from "../../../base/index.ts";
import type { ObjectInfo, ObjectWriter } from "../object-store.ts";
import { assertKey } from "../object-key.ts";
import { type S3Body, S3BodyBuilder } from "./s3-body.ts";
import { type MultipartPorts, S3Multipart } from "./s3-multipart.ts";

/** Requests are tried again by whoever makes them. */
export type S3WriterPorts = MultipartPorts & {
  readonly partBytes: number;
  readonly random: Random;
  put(key: string, body: S3Body): Promise<void>;
  stat(key: string): Promise<ObjectInfo | null>;
  toError(key: string, cause: unknown): Error;
};

export class S3Writer implements ObjectWriter {
  readonly #key: string;
  readonly #ports: S3WriterPorts;
  #part = new S3BodyBuilder();
  #bytes = 0;
  #upload: S3Multipart | null = null;
  #isOpen = true;

  constructor(key: string, ports: S3WriterPorts) {
    this.#key = key;
    this.#ports = ports;
  }

  async write(piece: Uint8Array): Promise<void> {
    assert(this.#isOpen, `write to ${this.#key} after it was closed`);
    this.#bytes += piece.length;
    const { partBytes } = this.#ports;
    // Not `Uint8Array.from`: in a slot, whose iterators are frozen, it goes byte by byte.
    for (let rest = new Uint8Array(piece); rest.length > 0; ) {
      // Only now that more comes: an object of just one part needs no upload.
      if (this.#part.length === partBytes) await this.#sendPart();
      const taken = rest.subarray(0, partBytes - this.#part.length);
      this.#part.append(taken);
      rest = rest.subarray(taken.length);
    }
  }

  async close(key: string = this.#key): Promise<string> {
    assert(this.#isOpen, `${this.#key} is closed twice`);
    assertKey(key);
    this.#isOpen = false;
    if (this.#upload === null) {
      await this.#ports.put(key, this.#part.finish());
      return key;
    }
    const upload = this.#upload;
    try {
      await upload.add(this.#part.finish());
      await upload.complete();
    } catch (cause) {
      // S3W4
      const found = await this.#ports.stat(upload.key);
      if (found?.length !== this.#bytes) {
        await upload.abort();
        throw this.#ports.toError(upload.key, cause);
      }
    }
    return upload.key;
  }

  async abort(): Promise<void> {
    const isOpen = this.#isOpen;
    this.#isOpen = false;
    this.#part = new S3BodyBuilder();
    if (isOpen) await this.#upload?.abort();
  }

  async #sendPart(): Promise<void> {
    this.#upload ??= new S3Multipart(this.#multipartKey(), this.#ports);
    const body = this.#part.finish();
    this.#part = new S3BodyBuilder();
    try {
      await this.#upload.add(body);
    } catch (cause) {
      await this.#upload.abort();
      throw this.#ports.toError(this.#upload.key, cause);
    }
  }

  /** S3W2 */
  #multipartKey(): string {
    return `${this.#key.slice(0, this.#key.lastIndexOf("/") + 1)}${this.#ports.random.hex(32)}`;
  }
}
