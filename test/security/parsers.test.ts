/** What comes from a disk or a network is read into what it says, or refused with a code: nothing else, whatever was done to it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom, StreamError } from "../../base/index.ts";
import { activationRequestSchema, stopRequestSchema } from "../../contract/index.ts";
import { validateStreamJob, withDefaults, type StreamJobSpec } from "../../crds/index.ts";
import { parseLogLine } from "../../cli/jobs/log-line.ts";
import { readMessage } from "../../runtime/rest/request-body.ts";
import { encodeFrame, FrameReader } from "../../runtime/rpc/frame.ts";
import { checkToJobManager } from "../../runtime/rpc/checks.ts";
import { readGolden } from "../golden/form.ts";
import { forms } from "../golden/forms.ts";
import { damaged } from "./mutation.ts";

const isLong = process.env["STREAMJOB_ALL"] === "1";
const SEED = 15;
const DAMAGES = isLong ? 200_000 : 1000;
const INPUTS = isLong ? 1_000_000 : 3000;

/** Bytes of one file or connection; folders are a JSON of the golden files' own. */
const parsers = forms.filter(({ file }) =>
  /^(?:keyed-state|operator-state|activation|result|collected|rpc|frame|data-connection|pod-config)/.test(file),
);
/** How a parser may say no. */
// biome-ignore format: a list of codes
const refusals: ReadonlySet<string> = new Set([
  "CHECKPOINT_CORRUPT", "PROTOCOL_VIOLATION", "FORMAT_TOO_NEW", "STATE_INCOMPATIBLE", "OPTION_INVALID",
]);

const known = (prototype: object): string => Reflect.ownKeys(prototype).map(String).toSorted().join();
const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];
const before = prototypes.map(known);
function assertUnpolluted(input: unknown): void {
  assert.deepEqual(prototypes.map(known), before, `a prototype was changed by ${JSON.stringify(input)?.slice(0, 500)}`);
}

test("SEC-12 a prototype that was changed is noticed", () => {
  Object.defineProperty(Object.prototype, "polluted", { value: 1, configurable: true });
  try {
    assert.throws(() => assertUnpolluted("planted"), /a prototype was changed by "planted"/);
  } finally {
    delete (Object.prototype as Record<string, unknown>)["polluted"];
  }
});

for (const form of parsers) {
  test(`SEC-15 ${form.file}: damaged bytes are refused with a code, or read; nothing crashes, and no length is believed`, async () => {
    const bytes = readGolden(form.file);
    const random = seededRandom(SEED);
    for (let n = 0; n < DAMAGES; n++) {
      const input = damaged(bytes, random);
      try {
        await form.read(input);
      } catch (error) {
        const isRefusal = error instanceof StreamError && refusals.has(error.code);
        assert.ok(isRefusal || isOtherVersion(error), `${String(error)}: ${Buffer.from(input).toString("base64")}`);
      }
    }
    assertUnpolluted(form.file);
  });
}

/** What the golden form of a data connection says in the place of its server. */
const isOtherVersion = (error: unknown): boolean => /version/.test(String((error as Error).message));

test("SEC-15 there is a fuzzed parser for whatever a checkpoint and a connection are made of", () => {
  assert.ok(parsers.length >= 15, parsers.map(({ file }) => file).join());
});

test("SEC-15 a frame that announces four gigabytes is refused from its header, and a body that never comes is not reserved", () => {
  for (const length of [0xff_ff_ff_ff, 0x7f_ff_ff_ff, 64 * 2 ** 20 + 1]) {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(length);
    assert.throws(() => new FrameReader().push(header), { code: "PROTOCOL_VIOLATION" });
  }
  const reserved = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 64 }, () => new FrameReader());
  const header = Buffer.alloc(4);
  header.writeUInt32BE(64 * 2 ** 20);
  for (const reader of readers) assert.deepEqual(reader.push(header), []);
  assert.ok(process.memoryUsage().arrayBuffers - reserved < 16 * 2 ** 20, "64 headers reserve no 4 GiB");
});

const hostileKey = fc.constantFrom(
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "kind",
  "a",
);
const hostile: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, 1, "x", "polluted"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(hostileKey, tie("value")), { maxLength: 4 }).map((entries) => ({ entries })),
  ),
})).value;

/** As JSON text: there alone `__proto__` is a key like any other. */
function jsonOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonOf).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const { entries } = value as { readonly entries: readonly (readonly [string, unknown])[] };
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${jsonOf(each)}`).join()}}`;
}

const swallow = (read: () => unknown): void => {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof Error);
  }
};

test(`SEC-12 none of ${INPUTS} hostile inputs changes a prototype, wherever text from outside becomes an object`, async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (value) => {
      const text = jsonOf(value);
      for (const schema of [stopRequestSchema, activationRequestSchema]) {
        await readMessage(new Request("http://x", { method: "POST", body: text }), schema).catch(() => undefined);
      }
      const object: unknown = JSON.parse(text);
      if (typeof object === "object" && object !== null) {
        swallow(() => checkToJobManager(object));
        swallow(() => new FrameReader().push(encodeFrame(object)).map((message) => checkToJobManager(message)));
      }
      const spec: unknown = JSON.parse(
        `{"job":{"module":"/j.ts","env":${text}},"config":${text},"taskManager":{"podTemplate":${text}}}`,
      );
      const metadata: unknown = JSON.parse(`{"name":"wc","namespace":"default","labels":${text}}`);
      const validated = validateStreamJob({ apiVersion: "streamjob.dev/v1alpha1", kind: "StreamJob", metadata, spec });
      if (validated.kind === "valid") withDefaults(spec as StreamJobSpec);
      parseLogLine(
        `{"level":30,"msg":"m","logger":"user","uid":"u",${text.startsWith("{") && text !== "{}" ? text.slice(1) : '"a":1}'}`,
      );
      assertUnpolluted(value);
      assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
    }),
    { numRuns: INPUTS, seed: SEED },
  );
});
