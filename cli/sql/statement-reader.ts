/**
 * Owns: statements out of text that comes in pieces, as lines of a person do.
 * Does not own: what they mean.
 *
 * STRD1 A statement ends with a semicolon that stands in no text, no name and no comment; those of a statement set belong to it, up to END.
 * STRD2 Nothing is lost: what follows a semicolon begins the next statement.
 */
const SET_BEGINS = /^(?:EXPLAIN\b[\w\s,]*?)?\b(?:(?:EXECUTE|BEGIN)\s+)?STATEMENT\s+SET\b/i;
/** Behind the semicolon of its last statement: the END of a CASE may be the end of a statement, too. */
const SET_ENDS = /;\s*END\s*$/i;

export class StatementReader {
  #text = "";
  /** What was looked at: up to there the text has no end. */
  #at = 0;
  /** Of the statement, without comments, to see a statement set. */
  #bare = "";

  /** Statements that are complete with it, without their semicolons. */
  push(text: string): readonly string[] {
    this.#text += text;
    const statements: string[] = [];
    for (let end = this.#next(); end !== null; end = this.#next()) {
      const statement = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      this.#at = 0;
      this.#bare = "";
      if (hasWords(statement)) statements.push(statement.trim());
    }
    return statements;
  }

  /** What is there of a statement that has not ended; null: nothing but blanks and comments. */
  get rest(): string | null {
    return hasWords(this.#text) ? this.#text.trim() : null;
  }

  clear(): void {
    this.#text = "";
    this.#at = 0;
    this.#bare = "";
  }

  /** The place of the semicolon that ends a statement; null: it is not there yet. */
  #next(): number | null {
    for (;;) {
      const piece = pieceAt(this.#text, this.#at);
      if (piece === null) return null;
      const start = this.#at;
      this.#at = piece.end;
      if (piece.kind === "comment") this.#bare += " ";
      else if (piece.kind === "semicolon" && this.#isEnd()) return start;
      else this.#bare += this.#text.slice(start, piece.end);
    }
  }

  /** STRD1 */
  #isEnd(): boolean {
    const statement = this.#bare.trim();
    return !SET_BEGINS.test(statement) || SET_ENDS.test(statement);
  }
}

type Piece = { readonly kind: "comment" | "semicolon" | "other"; readonly end: number };

const PLAIN = /[^;'"`\-/]+|[-/]/y;
const CLOSED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`/y;
const COMMENT = /--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\//y;

/** Null: nothing that is whole begins there. */
function pieceAt(text: string, at: number): Piece | null {
  if (text[at] === ";") return { kind: "semicolon", end: at + 1 };
  for (const [kind, pattern] of [
    ["comment", COMMENT],
    ["other", CLOSED],
  ] as const) {
    pattern.lastIndex = at;
    if (pattern.test(text)) return { kind, end: pattern.lastIndex };
  }
  if (text.startsWith("/*", at)) return null;
  PLAIN.lastIndex = at;
  return PLAIN.test(text) ? { kind: "other", end: PLAIN.lastIndex } : null;
}

/** Whether there is more than blanks and comments. */
function hasWords(text: string): boolean {
  const bare = text.replaceAll(/--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\//g, " ");
  return bare.trim() !== "";
}
