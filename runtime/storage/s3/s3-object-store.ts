/**
 * Owns: the ObjectStore in a bucket of an S3 server, below a prefix.
 * Not here: attempts and times (s3-calls.ts), the client (s3-client.ts), large objects (s3-writer.ts).
 * Called by: open-store.ts.
 *
 * S3O1 `createIfAbsent` is `If-None-Match: *`. Each has a nonce in the object's metadata: when an attempt was not answered, or met another
 *     write (409), and the object is there, its nonce says whether it is ours (OBS1). When the last attempt is not answered either, that is
 *     an error, and the outcome is unknown.
 * S3O2 What the prefix does not begin with is never touched.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type MultipartUpload,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { type Clock, type Random, systemClock, systemRandom } from "../../../base/index.ts";
import { assertKey, assertPrefix, compareKeys } from "../object-key.ts";
import type { ObjectInfo, ObjectStore, ObjectWriter } from "../object-store.ts";
import type { S3Settings } from "../s3-settings.ts";
import { type Attempt, type S3Call, S3Calls } from "./s3-calls.ts";
import { s3ClientFor } from "./s3-client.ts";
import { s3Error, troubleOf } from "./s3-trouble.ts";
import { bodyFields, type S3Body, withHash } from "./s3-body.ts";
import type { MultipartPorts } from "./s3-multipart.ts";
import { S3Writer } from "./s3-writer.ts";

const NONCE = "streamjob-nonce";
const MIB = 1024 * 1024;
/** Of the uploads of a whole bucket, where a server lists them in no other way. */
const UPLOAD_PAGES_MAX = 10;

export type S3Place = {
  readonly bucket: string;
  /** Without slashes at its ends; empty: the whole bucket. */
  readonly prefix: string;
  readonly settings: S3Settings;
  readonly callTimeoutMs: number;
  readonly clock?: Clock;
  readonly random?: Random;
};

export class S3ObjectStore implements ObjectStore {
  readonly uri: string;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #settings: S3Settings;
  readonly #client: S3Client;
  readonly #calls: S3Calls;
  readonly #random: Random;

  constructor(place: S3Place) {
    const { bucket, prefix, settings, callTimeoutMs, clock = systemClock, random = systemRandom } = place;
    this.uri = prefix === "" ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
    this.#bucket = bucket;
    this.#prefix = prefix === "" ? "" : `${prefix}/`;
    this.#settings = settings;
    this.#client = s3ClientFor(settings);
    this.#random = random;
    const { attemptsMax, requestTimeoutMs } = settings;
    this.#calls = new S3Calls({ attemptsMax, requestTimeoutMs, callTimeoutMs, clock, random });
  }

  async read(key: string): Promise<Uint8Array | null> {
    assertKey(key);
    return this.#orNull(this.#call("read", key), async (attempt) => {
      const { signal } = attempt;
      const answer = await this.#client.send(new GetObjectCommand(this.#at(key)), { abortSignal: signal });
      return bodyOf(answer.Body as Readable, answer.ContentLength, attempt);
    });
  }

  async stat(key: string): Promise<ObjectInfo | null> {
    assertKey(key);
    return this.#orNull(this.#call("look at", key), async ({ signal }) => {
      const answer = await this.#client.send(new HeadObjectCommand(this.#at(key)), { abortSignal: signal });
      return { key, length: answer.ContentLength ?? 0 };
    });
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    assertKey(key);
    const command = new PutObjectCommand({ ...this.#written(key), Body: body });
    await this.#calls.run(this.#call("write", key, body.length), ({ signal }) =>
      this.#client.send(command, { abortSignal: signal }),
    );
  }

  /** S3O1 */
  async createIfAbsent(key: string, body: Uint8Array): Promise<"created" | "exists"> {
    assertKey(key);
    const nonce = this.#random.hex(16);
    const command = new PutObjectCommand({
      ...this.#written(key),
      Body: body,
      IfNoneMatch: "*",
      Metadata: { [NONCE]: nonce },
    });
    let isInDoubt = false;
    const create = async ({ signal }: Attempt): Promise<"created" | "exists"> => {
      try {
        await this.#client.send(command, { abortSignal: signal });
        return "created";
      } catch (error) {
        if (troubleOf(error) !== "condition") {
          isInDoubt = true;
          throw error;
        }
        if (!isInDoubt) return "exists";
      }
      const holder = await this.#nonceAt(key, signal);
      // Deleted since: the next attempt finds out.
      if (holder === null) throw new Error("the object was there, and is no more");
      return holder === nonce ? "created" : "exists";
    };
    return this.#calls.run(this.#call("create", key, body.length), create);
  }

  async openWriter(key: string): Promise<ObjectWriter> {
    assertKey(key);
    return new S3Writer(key, {
      partBytes: this.#settings.partMiB * MIB,
      concurrentUploads: this.#settings.concurrentUploads,
      random: this.#random,
      put: (name, body) => this.#putBody(name, body),
      ...this.#multipartPorts(),
      stat: (name) => this.stat(name),
      toError: (name, cause) => s3Error("write", `${this.uri}/${name}`, cause, 1),
    });
  }

  async list(prefix: string): Promise<readonly ObjectInfo[]> {
    assertPrefix(prefix);
    const found: ObjectInfo[] = [];
    let token: string | undefined;
    do {
      const page = await this.#calls.run(this.#call("list", prefix), ({ signal }) =>
        this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: this.#prefix + prefix,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
          { abortSignal: signal },
        ),
      );
      for (const { Key, Size } of page.Contents ?? []) {
        const key = this.#keyOf(Key);
        if (key !== null) found.push({ key, length: Size ?? 0 });
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    return found.sort(compareKeys);
  }

  async delete(key: string): Promise<void> {
    assertKey(key);
    await this.#orNull(this.#call("delete", key), ({ signal }) =>
      this.#client.send(new DeleteObjectCommand(this.#at(key)), { abortSignal: signal }),
    );
  }

  async removeUnfinished(prefix: string, isOver: (key: string) => boolean): Promise<number> {
    assertPrefix(prefix);
    const below = this.#prefix + prefix;
    let uploads = await this.#uploads(below, Number.POSITIVE_INFINITY);
    // MinIO lists by an object's whole name, or all of a bucket.
    if (uploads.length === 0 && below !== "") uploads = await this.#uploads("", UPLOAD_PAGES_MAX);
    let removed = 0;
    for (const { Key, UploadId } of uploads) {
      const key = this.#keyOf(Key);
      if (key === null || UploadId === undefined || !key.startsWith(prefix) || !isOver(key)) continue;
      await this.#orNull(this.#call("give up the upload of", key), ({ signal }) =>
        this.#client.send(new AbortMultipartUploadCommand({ ...this.#at(key), UploadId }), { abortSignal: signal }),
      );
      removed++;
    }
    return removed;
  }

  async #uploads(below: string, pagesMax: number): Promise<readonly MultipartUpload[]> {
    const found: MultipartUpload[] = [];
    let marker: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } = {};
    for (let pages = 0; pages < pagesMax; pages++) {
      const page = await this.#calls.run(this.#call("list the uploads of", ""), ({ signal }) =>
        this.#client.send(new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: below, ...marker }), {
          abortSignal: signal,
        }),
      );
      found.push(...(page.Uploads ?? []));
      if (page.IsTruncated !== true || page.NextKeyMarker === undefined) break;
      const { NextKeyMarker, NextUploadIdMarker } = page;
      marker = { KeyMarker: NextKeyMarker, ...(NextUploadIdMarker ? { UploadIdMarker: NextUploadIdMarker } : {}) };
    }
    return found;
  }

  async #nonceAt(key: string, signal: AbortSignal): Promise<string | null> {
    try {
      const { Metadata } = await this.#client.send(new HeadObjectCommand(this.#at(key)), { abortSignal: signal });
      return Metadata?.[NONCE] ?? "";
    } catch (error) {
      if (troubleOf(error) === "missing") return null;
      throw error;
    }
  }

  async #putBody(key: string, body: S3Body): Promise<void> {
    await this.#calls.run(this.#call("write", key, body.length), ({ signal }) => {
      const command = new PutObjectCommand({ ...this.#written(key), ...bodyFields(body) });
      return this.#client.send(withHash(command, body), { abortSignal: signal });
    });
  }

  #multipartPorts(): Omit<MultipartPorts, "concurrentUploads"> {
    const partBytes = this.#settings.partMiB * MIB;
    // An upload that is given up or completed is missing: the writer decides what that means (S3W4).
    const isAnswer = (error: unknown): boolean => troubleOf(error) === "missing";
    const ask = <T>(key: string, act: (attempt: Attempt) => Promise<T>): Promise<T> =>
      this.#calls.run(this.#call("upload a part of", key, partBytes), act, isAnswer);
    const at = (key: string) => this.#at(key);
    const client = this.#client;
    return {
      beginUpload: (key) =>
        ask(key, async ({ signal }) => {
          const command = new CreateMultipartUploadCommand(this.#written(key));
          const { UploadId } = await client.send(command, { abortSignal: signal });
          if (UploadId === undefined) throw new Error("the upload was begun, and its id was not said");
          return UploadId;
        }),
      putPart: ({ key, uploadId, number }, body) =>
        ask(key, async ({ signal }) => {
          const part = { ...at(key), UploadId: uploadId, PartNumber: number, ...bodyFields(body) };
          const { ETag } = await client.send(withHash(new UploadPartCommand(part), body), { abortSignal: signal });
          if (ETag === undefined) throw new Error(`part ${number} was uploaded, and its ETag was not said`);
          return ETag;
        }),
      completeUpload: async (key, UploadId, etags) => {
        const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
        await ask(key, ({ signal }) => {
          const command = new CompleteMultipartUploadCommand({ ...at(key), UploadId, MultipartUpload: { Parts } });
          return client.send(command, { abortSignal: signal });
        });
      },
      abortUpload: async (key, UploadId) => {
        await ask(key, ({ signal }) =>
          client.send(new AbortMultipartUploadCommand({ ...at(key), UploadId }), { abortSignal: signal }),
        );
      },
    };
  }

  async #orNull<T>(call: S3Call, act: (attempt: Attempt) => Promise<T>): Promise<T | null> {
    const isMissing = (error: unknown): boolean => troubleOf(error) === "missing";
    try {
      return await this.#calls.run(call, act, isMissing);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  #call(doing: string, key: string, bytes = 0): S3Call {
    return { doing, where: `${this.uri}/${key}`, bytes };
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  #written(key: string): ReturnType<typeof encrypted> & { readonly Bucket: string; readonly Key: string } {
    return { ...this.#at(key), ...encrypted(this.#settings) };
  }

  /** S3O2 */
  #keyOf(name: string | undefined): string | null {
    return name?.startsWith(this.#prefix) === true ? name.slice(this.#prefix.length) : null;
  }
}

function encrypted({ encryption, encryptionKey }: S3Settings): {
  readonly ServerSideEncryption?: "AES256" | "aws:kms";
  readonly SSEKMSKeyId?: string;
} {
  if (encryption === "none") return {};
  if (encryption === "sse-s3") return { ServerSideEncryption: "AES256" };
  return { ServerSideEncryption: "aws:kms", ...(encryptionKey === null ? {} : { SSEKMSKeyId: encryptionKey }) };
}

/** All bytes, and no fewer than announced. */
async function bodyOf(body: Readable, length: number | undefined, attempt: Attempt): Promise<Uint8Array> {
  attempt.allow(length ?? 0);
  const cut = (): void => void body.destroy(new Error("the answer took too long"));
  attempt.signal.addEventListener("abort", cut, { once: true });
  try {
    if (length === undefined) {
      const pieces: Uint8Array[] = [];
      for await (const piece of body) pieces.push(piece as Uint8Array);
      return new Uint8Array(Buffer.concat(pieces));
    }
    const bytes = new Uint8Array(length);
    let came = 0;
    for await (const piece of body) {
      const { length: more } = piece as Uint8Array;
      if (came + more <= length) bytes.set(piece as Uint8Array, came);
      came += more;
    }
    if (came !== length) throw new Error(`the answer ended after ${came} of ${length} bytes`);
    return bytes;
  } finally {
    attempt.signal.removeEventListener("abort", cut);
  }
}
