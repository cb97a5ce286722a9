/**
 * Owns: cutting lines out of bytes that come in pieces.
 *
 * LIC1 Pieces are cut at line ends before they are decoded, so a character that comes in two pieces is whole.
 * LIC2 Lines come out in order; `\n` or `\r\n` ends one, and `end` ends the last.
 */
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A queue of bytes in, of lines out. */
export class LineCutter {
  readonly #lineBytesMax: number;
  readonly #pieces: Buffer[] = [];
  /** Place in the first piece. */
  #offset = 0;
  /** The number of pieces at the front that are known to have no line end from `#offset` on. */
  #searched = 0;
  #waitingBytes = 0;
  #unendedBytes = 0;
  #hasEnded = false;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** Bytes added and not yet given out. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** True when the line that is still coming is longer than allowed. */
  get isLineTooLong(): boolean {
    return this.#unendedBytes > this.#lineBytesMax;
  }

  add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#waitingBytes += piece.length;
    const lastNewline = piece.lastIndexOf(NEWLINE);
    this.#unendedBytes = lastNewline === -1 ? this.#unendedBytes + piece.length : piece.length - 1 - lastNewline;
  }

  /** No more comes: what is left is a line, unless it is nothing. */
  end(): void {
    this.#hasEnded = true;
  }

  /** The next line without its end, or null when it is not complete yet. */
  take(): string | null {
    for (; this.#searched < this.#pieces.length; this.#searched++) {
      const piece = this.#pieces[this.#searched] as Buffer;
      const newline = piece.indexOf(NEWLINE, this.#searched === 0 ? this.#offset : 0);
      if (newline !== -1) return this.#cut(newline);
    }
    if (!this.#hasEnded || this.#waitingBytes === 0) return null;
    const rest = this.#bytesBefore(this.#pieces.length);
    this.#pieces.length = 0;
    this.#waitingBytes = this.#offset = this.#searched = 0;
    return rest.toString("utf8");
  }

  /** The line that ends at `newline` in the last piece searched. */
  #cut(newline: number): string {
    const last = this.#searched;
    let line: Buffer;
    if (last === 0) {
      line = (this.#pieces[0] as Buffer).subarray(this.#offset, newline);
    } else {
      line = Buffer.concat([this.#bytesBefore(last), (this.#pieces[last] as Buffer).subarray(0, newline)]);
      this.#pieces.splice(0, last);
    }
    this.#waitingBytes -= line.length + 1;
    this.#offset = newline + 1;
    this.#searched = 0;
    if (this.#offset === (this.#pieces[0] as Buffer).length) {
      this.#pieces.shift();
      this.#offset = 0;
    }
    const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
    return line.toString("utf8", 0, end);
  }

  /** What is left of the pieces in front of place `end`. */
  #bytesBefore(end: number): Buffer {
    return Buffer.concat(
      this.#pieces.slice(0, end).map((piece, place) => (place === 0 ? piece.subarray(this.#offset) : piece)),
    );
  }
}
