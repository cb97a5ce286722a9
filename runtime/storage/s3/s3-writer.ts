/**
 * Owns: writing one object in pieces: in one request when it is small, otherwise in parts that are uploaded while it is written.
 * Not here: parts and their number (the SDK's Upload), attempts of each request (s3-calls.ts).
 *
 * S3W1 At most (concurrentUploads + 2) × partBytes of an object are in memory: who writes faster waits.
 * S3W2 A multipart upload has its name from its start, before its content is known: `close` answers that name, 64 random hexadecimal
 *     digits in the folder of the key that the writer was opened with.
 * S3W3 Aborted or failed, an upload is given up at the store. One that could not be (a crash) is found by `removeUnfinished`.
 * S3W4 An upload whose completion was not answered is there if the object is, with its length: nobody else knows its name.
 */
import { once } from "node:events";
import { PassThrough } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { assert, type Random } from "../../../base/index.ts";
import type { ObjectInfo, ObjectWriter } from "../object-store.ts";
import { assertKey } from "../object-key.ts";

export type S3WriterPorts = {
  /** Whose requests are tried again. */
  readonly client: S3Client;
  /** Bucket and encryption, for a key of this store. */
  parametersOf(key: string): { readonly Bucket: string; readonly Key: string };
  readonly partBytes: number;
  readonly concurrentUploads: number;
  readonly random: Random;
  put(key: string, body: Uint8Array): Promise<void>;
  stat(key: string): Promise<ObjectInfo | null>;
  toError(key: string, cause: unknown): Error;
};

type Multipart = {
  readonly key: string;
  readonly body: PassThrough;
  readonly ended: Promise<{ failure: unknown } | null>;
};

export class S3Writer implements ObjectWriter {
  readonly #key: string;
  readonly #ports: S3WriterPorts;
  #held: Uint8Array[] = [];
  #bytes = 0;
  #multipart: Multipart | null = null;
  #isOpen = true;

  constructor(key: string, ports: S3WriterPorts) {
    this.#key = key;
    this.#ports = ports;
  }

  async write(piece: Uint8Array): Promise<void> {
    assert(this.#isOpen, `write to ${this.#key} after it was closed`);
    this.#bytes += piece.length;
    const copy = Uint8Array.from(piece);
    if (this.#multipart !== null) return this.#feed(this.#multipart, copy);
    this.#held.push(copy);
    if (this.#bytes <= this.#ports.partBytes) return;
    this.#multipart = this.#begin();
    const held = this.#held;
    this.#held = [];
    for (const one of held) await this.#feed(this.#multipart, one);
  }

  async close(key: string = this.#key): Promise<string> {
    assert(this.#isOpen, `${this.#key} is closed twice`);
    assertKey(key);
    this.#isOpen = false;
    const multipart = this.#multipart;
    if (multipart === null) {
      await this.#ports.put(key, Buffer.concat(this.#held));
      this.#held = [];
      return key;
    }
    multipart.body.end();
    const ended = await multipart.ended;
    if (ended === null) return multipart.key;
    // S3W4
    const found = await this.#ports.stat(multipart.key);
    if (found?.length === this.#bytes) return multipart.key;
    throw this.#ports.toError(multipart.key, ended.failure);
  }

  async abort(): Promise<void> {
    const isOpen = this.#isOpen;
    this.#isOpen = false;
    this.#held = [];
    const multipart = this.#multipart;
    if (!isOpen || multipart === null) return;
    multipart.body.destroy(new Error("the object is given up"));
    await multipart.ended;
  }

  #begin(): Multipart {
    const { client, random, partBytes, concurrentUploads } = this.#ports;
    const key = `${this.#key.slice(0, this.#key.lastIndexOf("/") + 1)}${random.hex(32)}`;
    const body = new PassThrough({ highWaterMark: partBytes });
    const params = { ...this.#ports.parametersOf(key), Body: body };
    const upload = new Upload({ client, params, partSize: partBytes, queueSize: concurrentUploads });
    const ended = upload.done().then(
      () => null,
      (failure: unknown) => ({ failure }),
    );
    // Reported by whoever waits for the upload.
    body.on("error", () => undefined);
    return { key, body, ended };
  }

  /** S3W1 */
  async #feed({ key, body, ended }: Multipart, piece: Uint8Array): Promise<void> {
    if (!body.destroyed && body.write(piece)) return;
    const drained = body.destroyed
      ? ended
      : once(body, "drain").then(
          () => null,
          () => ended,
        );
    const outcome = await Promise.race([drained, ended]);
    if (outcome !== null) throw this.#ports.toError(key, outcome.failure);
    assert(!body.destroyed, `${key} was written to after it was given up`);
  }
}
