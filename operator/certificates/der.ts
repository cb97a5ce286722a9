/**
 * Owns: writing DER, as far as certificates need it (X.690). Nothing is read. Pure.
 */

export type Der = Buffer;

function tagged(tag: number, body: Buffer): Der {
  const { length } = body;
  const bytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), body]);
}

export const sequence = (...parts: readonly Der[]): Der => tagged(0x30, Buffer.concat(parts));
export const set = (...parts: readonly Der[]): Der => tagged(0x31, Buffer.concat(parts));
export const boolean = (value: boolean): Der => tagged(0x01, Buffer.from([value ? 0xff : 0]));
export const octets = (body: Buffer): Der => tagged(0x04, body);
export const text = (value: string): Der => tagged(0x0c, Buffer.from(value, "utf8"));

/** Of a positive number. */
export function integer(bigEndian: Buffer): Der {
  const first = bigEndian.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Buffer.from([0]) : bigEndian.subarray(first);
  return tagged(0x02, (digits[0] ?? 0) < 0x80 ? digits : Buffer.concat([Buffer.from([0]), digits]));
}

/** The first bit is the highest of the first byte; `unused` bits at the end of the last. */
export const bits = (body: Buffer, unused = 0): Der => tagged(0x03, Buffer.concat([Buffer.from([unused]), body]));

/** `2.5.29.19` */
export function objectId(dotted: string): Der {
  const [first = 0, second = 0, ...others] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const part of others) {
    const septets = [part & 0x7f];
    for (let rest = part >> 7; rest > 0; rest >>= 7) septets.unshift((rest & 0x7f) | 0x80);
    bytes.push(...septets);
  }
  return tagged(0x06, Buffer.from(bytes));
}

/** RFC 5280: a year below 2050 in two digits, from then on in four. */
export function time(ms: number): Der {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
  const isShort = digits < "2050";
  return tagged(isShort ? 0x17 : 0x18, Buffer.from(isShort ? digits.slice(2) : digits, "latin1"));
}

/** `[n]` around a whole value, or instead of its own tag. */
export const explicit = (n: number, value: Der): Der => tagged(0xa0 | n, value);
export const implicit = (n: number, body: Buffer): Der => tagged(0x80 | n, body);
