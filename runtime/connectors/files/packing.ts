/**
 * Owns: how a file's bytes hold its text: as they are, or packed; and which files hold no text that this source can read.
 * Not here: unpacking (packed-reading.ts).
 *
 * PK1 The ending of the name says how a file is packed, as in Flink; upper and lower case are the same.
 * PK2 What cannot be unpacked here is refused by its ending; what begins like packed or binary data under a name that does not
 *     say so is refused by its first bytes. Neither is ever read as if it were lines.
 */

/** The formats that are unpacked while they are read. `deflate` is what zlib writes. */
export const packings = ["gzip", "zstd", "brotli", "deflate"] as const;
export type Packing = (typeof packings)[number];

/** `auto`: as the ending says; `none`: the bytes are the text, whatever the name; else all files are packed that way. */
export type Compression = "auto" | "none" | Packing;

const BY_ENDING: Readonly<Record<string, Packing>> = {
  gz: "gzip",
  gzip: "gzip",
  zst: "zstd",
  zstd: "zstd",
  br: "brotli",
  deflate: "deflate",
};

const REFUSED_ENDINGS = new Set(
  (
    "bz2 bzip2 xz lzma lz lz4 lzo sz snappy z zip 7z rar tar tgz taz tbz tbz2 txz tlz tzst cpio cab jar war " +
    "parquet avro orc arrow feather sqlite pdf png jpg jpeg gif"
  ).split(" "),
);

/** First bytes, as latin1 text, that no UTF-8 text has; and what begins so. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ["\x1f\x8b", "gzip"],
  ["\x28\xb5\x2f\xfd", "zstd"],
  ["BZh91AY&SY", "bzip2"],
  ["\xfd7zXZ\x00", "xz"],
  ["\x04\x22\x4d\x18", "lz4"],
  ["PK\x03\x04", "zip"],
  ["7z\xbc\xaf\x27\x1c", "7z"],
  ["PAR1", "Parquet"],
  ["Obj\x01", "Avro"],
  ["SQLite format 3\x00", "SQLite"],
  ["\xff\xfe", "UTF-16"],
  ["\xfe\xff", "UTF-16"],
];

/** How many first bytes `decidePacking` needs. */
export const BEGINNING_BYTES = 16;

export type PackingDecision =
  | { readonly kind: "plain" }
  | { readonly kind: "packed"; readonly packing: Packing }
  /** `problem`: what the file is and what to do, to follow its path. */
  | { readonly kind: "refused"; readonly problem: string };

/** `beginning`: the file's first bytes as latin1 text. */
export function decidePacking(path: string, beginning: string, compression: Compression): PackingDecision {
  if (compression === "none") return { kind: "plain" };
  if (compression !== "auto") return { kind: "packed", packing: compression };
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const [, inner, ending = ""] = /^.+?(?:\.([a-z0-9]+))?\.([a-z0-9]+)$/.exec(name) ?? [];
  const packing = Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined;
  const refused = REFUSED_ENDINGS.has(ending) ? ending : packing !== undefined && isArchive(inner) ? inner : undefined;
  if (refused !== undefined) {
    return {
      kind: "refused",
      problem:
        `.${refused} files cannot be read as lines; unpack it, or pack it as .gz, .zst or .br. ` +
        'If it is plain text all the same, give it a source of its own with compression: "none"',
    };
  }
  if (packing !== undefined) return { kind: "packed", packing };
  const known = BEGINNINGS.find(([bytes]) => beginning.startsWith(bytes));
  return known === undefined ? { kind: "plain" } : { kind: "refused", problem: unnamed(known[1]) };
}

function isArchive(ending: string | undefined): boolean {
  return ending === "tar" || ending === "cpio" || ending === "zip";
}

function unnamed(format: string): string {
  if (format === "UTF-16") return "it is UTF-16 text; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)";
  const packing = packings.find((each) => each === format);
  const remedy =
    packing === undefined
      ? "unpack or convert it"
      : `give it the ending .${packing === "gzip" ? "gz" : "zst"}, or set compression: "${packing}"`;
  return `it begins like ${format} data, not like text; ${remedy}, or leave it out`;
}
