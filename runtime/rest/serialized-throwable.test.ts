import assert from "node:assert/strict";
import { test } from "node:test";
import { serializedThrowable } from "./serialized-throwable.ts";

const stringOf = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x74, bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

test("is Flink's stream with message, stack and class in it (SRT1)", () => {
  const bytes = Buffer.from(
    serializedThrowable({ name: "STORE_FULL", message: "no room", stack: "at a\nat b" }),
    "base64",
  );
  assert.equal(bytes.readUInt32BE(0), 0xaced0005); // Java's magic number and version
  for (const text of ["STORE_FULL: no room", "at a\nat b", "STORE_FULL"])
    assert.ok(bytes.includes(stringOf(text)), text);
  assert.equal(bytes.at(-1), 0x70); // null: no serialised exception within
});

test("cuts a text that a string of the stream cannot hold, between characters (SRT2)", () => {
  const long = "ü".repeat(40_000);
  const bytes = Buffer.from(serializedThrowable({ name: "E", message: "m", stack: long }), "base64");
  assert.ok(bytes.includes(stringOf("ü".repeat(32_767))));
});

test("writes NUL and what is beyond the basic plane as Java does (SRT2)", () => {
  const bytes = Buffer.from(serializedThrowable({ name: "E", message: "\0\u{1F600}", stack: "" }), "base64");
  assert.ok(bytes.includes(Buffer.from([0xc0, 0x80, 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80])));
});
