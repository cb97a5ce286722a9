/**
 * Owns: one multipart upload: its parts on their way, its completion, its giving up.
 * Not here: where parts begin and end (s3-writer.ts), attempts of each request (s3-calls.ts).
 *
 * S3M1 At most `concurrentUploads` parts are on their way: whoever adds one waits.
 * S3M2 A part that fails fails the upload; what is added later is not sent.
 */
import type { S3Body } from "./s3-body.ts";

export type MultipartPorts = {
  readonly concurrentUploads: number;
  /** Answers the upload's id. */
  beginUpload(key: string): Promise<string>;
  /** Answers the part's ETag. */
  putPart(
    part: { readonly key: string; readonly uploadId: string; readonly number: number },
    body: S3Body,
  ): Promise<string>;
  completeUpload(key: string, uploadId: string, etags: readonly string[]): Promise<void>;
  abortUpload(key: string, uploadId: string): Promise<void>;
};

export class S3Multipart {
  readonly key: string;
  readonly #ports: MultipartPorts;
  readonly #id: Promise<string>;
  readonly #flying = new Set<Promise<void>>();
  readonly #etags: string[] = [];
  #parts = 0;
  #failure: { readonly cause: unknown } | null = null;

  constructor(key: string, ports: MultipartPorts) {
    this.key = key;
    this.#ports = ports;
    this.#id = ports.beginUpload(key);
    // Each part asks for it, and fails with it.
    this.#id.catch(() => undefined);
  }

  /** Resolves when it is on its way (S3M1). Errors: why an earlier one failed. */
  async add(body: S3Body): Promise<void> {
    while (this.#failure === null && this.#flying.size >= this.#ports.concurrentUploads)
      await Promise.race(this.#flying);
    if (this.#failure !== null) throw this.#failure.cause;
    const number = ++this.#parts;
    const sent = this.#send(number, body)
      .catch((cause: unknown) => {
        this.#failure ??= { cause };
      })
      .finally(() => void this.#flying.delete(sent));
    this.#flying.add(sent);
  }

  /** Errors: why a part failed, or what the completion was answered. */
  async complete(): Promise<void> {
    await this.#landed();
    if (this.#failure !== null) throw this.#failure.cause;
    await this.#ports.completeUpload(this.key, await this.#id, this.#etags);
  }

  /** Never fails: an upload that could not be given up is found again by `removeUnfinished`. */
  async abort(): Promise<void> {
    this.#failure ??= { cause: new Error("the object is given up") };
    await this.#landed();
    await this.#id.then((id) => this.#ports.abortUpload(this.key, id)).catch(() => undefined);
  }

  async #send(number: number, body: S3Body): Promise<void> {
    const uploadId = await this.#id;
    this.#etags[number - 1] = await this.#ports.putPart({ key: this.key, uploadId, number }, body);
  }

  async #landed(): Promise<void> {
    while (this.#flying.size > 0) await Promise.all(this.#flying);
  }
}
