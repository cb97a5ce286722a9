/**
 * Owns: one hidden part while it is written: buffered lines, synchronous writes of at most about a buffer at a time.
 * Called by: sink.ts.
 *
 * PAF1 `bytes` counts what has been given to the file; after `finish` the file has exactly so many and survives a crash.
 * PAF2 A part that failed is only good for `discard`.
 */
import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { syncFile } from "./durable.ts";
import { errorCodeOf, fileError } from "./file-error.ts";

const BUFFER_CHARS = 64 << 10;
const NO_FILE = -1;

export class PartFile {
  /** Absolute. */
  readonly path: string;
  readonly #sink: string;
  #fd: number;
  #lines: string[] = [];
  #chars = 0;
  #bytes = 0;

  private constructor(sink: string, path: string, fd: number) {
    this.#sink = sink;
    this.path = path;
    this.#fd = fd;
  }

  /** A new file, or null when there is one of that name. `flags`: only tests give others, to write to a full device. */
  static create(sink: string, path: string, flags: "wx" | "w" = "wx"): PartFile | null {
    try {
      return new PartFile(sink, path, openSync(path, flags, 0o644));
    } catch (error) {
      if (errorCodeOf(error) === "EEXIST") return null;
      throw fileError(sink, "create", path, error);
    }
  }

  /** At least; what is buffered counts one for each UTF-16 unit. */
  get bytes(): number {
    return this.#bytes + this.#chars;
  }

  /** A line without its end. */
  addLine(line: string): void {
    this.#lines.push(line);
    this.#chars += line.length + 1;
    if (this.#chars >= BUFFER_CHARS) this.#flush();
  }

  /** Bytes as they are. */
  addBytes(bytes: Uint8Array): void {
    // Decoded to one character a byte they would need no second path, but cost more than the write that this spares.
    this.#flush();
    this.#write(bytes);
  }

  /** Closes the file, durable; returns its length. */
  async finish(): Promise<number> {
    this.#flush();
    try {
      await syncFile(this.#fd);
    } catch (error) {
      throw fileError(this.#sink, "sync", this.path, error);
    }
    this.closeOnly();
    return this.#bytes;
  }

  discard(): void {
    this.closeOnly();
    try {
      unlinkSync(this.path);
    } catch (error) {
      if (errorCodeOf(error) !== "ENOENT") throw fileError(this.#sink, "delete", this.path, error);
    }
  }

  /** Closes the file as it is and leaves it to the sweep. */
  closeOnly(): void {
    if (this.#fd === NO_FILE) return;
    const fd = this.#fd;
    this.#fd = NO_FILE;
    this.#lines = [];
    this.#chars = 0;
    closeSync(fd);
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join("\n")}\n`;
    this.#lines = [];
    this.#chars = 0;
    this.#write(Buffer.from(text));
  }

  #write(bytes: Uint8Array): void {
    try {
      for (let offset = 0; offset < bytes.length; ) {
        const written = writeSync(this.#fd, bytes, offset, bytes.length - offset);
        offset += written;
        this.#bytes += written;
      }
    } catch (error) {
      throw fileError(this.#sink, "write", this.path, error);
    }
  }
}
