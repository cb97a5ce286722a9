/**
 * Owns: a failure in the form that Flink's own client reads: an `org.apache.flink.util.SerializedThrowable`, serialised by Java.
 * Does not own: when it is told (job-messages.ts). Pure.
 *
 * SRT1 The bytes are those that Flink 2.3.0 wrote for an exception without stack trace elements and cause, with three strings replaced:
 *      message, stack trace as text, class name. Strings have no place of their own in the stream that another part refers to.
 * SRT2 A string of the stream is `t`, its length in bytes as uint16, its text in Java's modified UTF-8; longer ones are cut.
 */

/** Each string of the stream that is replaced is between two pieces. */
const PIECES = [
  "rO0ABXNyAClvcmcuYXBhY2hlLmZsaW5rLnV0aWwuU2VyaWFsaXplZFRocm93YWJsZWUWnfUfpxPzAgADTAAZZnVsbFN0cmluZ2lmaWVkU3RhY2tUcmFjZXQAEkxqYXZhL2xhbmcvU3RyaW5nO0wAFm9yaWdpbmFsRXJyb3JDbGFzc05hbWVxAH4AAVsAE3NlcmlhbGl6ZWRFeGNlcHRpb250AAJbQnhyABNqYXZhLmxhbmcuRXhjZXB0aW9u0P0fPho7HMQCAAB4cgATamF2YS5sYW5nLlRocm93YWJsZdXGNSc5d7jLAwAETAAFY2F1c2V0ABVMamF2YS9sYW5nL1Rocm93YWJsZTtMAA1kZXRhaWxNZXNzYWdlcQB+AAFbAApzdGFja1RyYWNldAAeW0xqYXZhL2xhbmcvU3RhY2tUcmFjZUVsZW1lbnQ7TAAUc3VwcHJlc3NlZEV4Y2VwdGlvbnN0ABBMamF2YS91dGlsL0xpc3Q7eHBw",
  "dXIAHltMamF2YS5sYW5nLlN0YWNrVHJhY2VFbGVtZW50OwJGKjw8/SI5AgAAeHAAAAAAc3IAH2phdmEudXRpbC5Db2xsZWN0aW9ucyRFbXB0eUxpc3R6uBe0PKee3gIAAHhweA==",
  "",
  "cA==",
].map((piece) => Buffer.from(piece, "base64"));

const TC_STRING = 0x74;
const STRING_BYTES_MAX = 0xffff;

/** In base64. `name`: class of the failure, for us its code. */
export function serializedThrowable(failure: {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}): string {
  const strings = [`${failure.name}: ${failure.message}`, failure.stack, failure.name].map(javaString);
  return Buffer.concat(PIECES.flatMap((piece, index) => [piece, strings[index] ?? Buffer.alloc(0)])).toString("base64");
}

/** SRT2. In modified UTF-8 NUL has two bytes, and each half of a surrogate pair three of its own. */
function javaString(text: string): Buffer {
  const bytes: number[] = [];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const encoded =
      unit !== 0 && unit < 0x80
        ? [unit]
        : unit < 0x800
          ? [0xc0 | (unit >> 6), 0x80 | (unit & 0x3f)]
          : [0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)];
    if (bytes.length + encoded.length > STRING_BYTES_MAX) break;
    bytes.push(...encoded);
  }
  return Buffer.from([TC_STRING, bytes.length >> 8, bytes.length & 0xff, ...bytes]);
}
