import assert from "node:assert/strict";
import test from "node:test";
import { murmur128 } from "./murmur.ts";
import { derivedUid, operatorIdOfUid } from "./operator-ids.ts";

// From the reference implementation (MurmurHash3_x64_128, seed 0), and from Guava's tests of the same function.
const vectors: readonly (readonly [text: string, hash: string])[] = [
  ["", "00000000000000000000000000000000"],
  ["hello", "cbd8a7b341bd9b025b1e906a48ae1d19"],
  ["hello, world", "342fac623a5ebc8e4cdcbc079642414d"],
  ["19 Jan 2038 at 3:14:07 AM", "b89e5988b737affc664fc2950231b2cb"],
  ["The quick brown fox jumps over the lazy dog.", "cd99481f9ee902c9695da1a38987b6e7"],
];

for (const [text, hash] of vectors) {
  test(`murmur3_x64_128 of ${JSON.stringify(text)} is that of the reference`, () => {
    assert.equal(murmur128(text), hash);
  });
}

test("an operator id depends on the uid alone (OI1)", () => {
  assert.equal(operatorIdOfUid("counts"), operatorIdOfUid("counts"));
  assert.notEqual(operatorIdOfUid("counts"), operatorIdOfUid("count"));
  assert.match(operatorIdOfUid("wörter"), /^[0-9a-f]{32}$/);
});

test("a derived uid changes with position, name, role and inputs, and with nothing else (OI2)", () => {
  const node = { position: 2, role: "operator", name: "map", inputUids: ["a"] } as const;
  const uids = [
    derivedUid(node),
    derivedUid({ ...node, position: 3 }),
    derivedUid({ ...node, name: "filter" }),
    derivedUid({ ...node, role: "sink" }),
    derivedUid({ ...node, inputUids: ["a", "b"] }),
  ];
  assert.equal(new Set(uids).size, uids.length);
  assert.equal(derivedUid({ ...node }), uids[0]);
});
