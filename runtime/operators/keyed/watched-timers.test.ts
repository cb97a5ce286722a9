/** Timers that can never fire are told (T29, WAT1), and a map state's keys and values can be read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Log } from "../../../base/index.ts";
import type { KeyedProcessContext, KeyedStateSpec, MapState } from "../../ports/index.ts";
import { NO_TIMESTAMP, t } from "../../record/index.ts";
import { ManualClock, OperatorHarness } from "../../testkit/index.ts";
import { map } from "../declared-state.ts";
import { keyedProcessOperator } from "./keyed-process-operator.ts";

const keySelector = (value: string): string => value;
const MINUTE_MS = 60_000;

function logOf(lines: string[]): Log {
  const note = (facts: object, message: string): void => void lines.push(`${message} ${JSON.stringify(facts)}`);
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  return log;
}

async function setting(): Promise<{ readonly harness: OperatorHarness<string, string>; readonly lines: string[] }> {
  const lines: string[] = [];
  const harness = await OperatorHarness.open(
    keyedProcessOperator<string, string, string>({
      process: (_value, context) => context.timers.registerEventTime(context.timestamp + 1000),
      onTimer: () => undefined,
    }),
    { keySelector, uid: "sessions", clock: new ManualClock(), log: logOf(lines) },
  );
  return { harness, lines };
}

test("event-time timers without a watermark in a minute are told once, with operator and remedy", async () => {
  const { harness, lines } = await setting();
  for (const value of ["a", "b", "c"]) harness.process(value, 5);
  harness.advance(MINUTE_MS - 1);
  assert.deepEqual(lines, []);
  harness.advance(1);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /no watermark has come.*forBoundedOutOfOrderness.*"uid":"sessions"/);
  harness.process("d", 5);
  harness.advance(MINUTE_MS);
  assert.equal(lines.length, 1);
});

test("nothing is told when watermarks come", async () => {
  const { harness, lines } = await setting();
  harness.process("a", 5);
  harness.watermark(1);
  harness.process("b", 5);
  harness.advance(2 * MINUTE_MS);
  assert.deepEqual(lines, []);
});

test("a timer of a record without a timestamp is refused, and says what is missing", async () => {
  const { harness } = await setting();
  assert.throws(
    () => harness.process("a", NO_TIMESTAMP),
    /operator "sessions" registered a timer .* at -Infinity; the record has no timestamp: assign one/,
  );
  const { harness: other } = await setting();
  assert.throws(() => other.process("a", Number.NaN), /at NaN; use epoch milliseconds/);
});

type MapStates = { readonly map: KeyedStateSpec<MapState<string, number>> };

test("map state gives its keys and its values", async () => {
  const harness = await OperatorHarness.open(
    keyedProcessOperator({
      state: { map: map(t.string, t.int64) },
      process(
        value: string,
        { state: { map: entries }, out }: KeyedProcessContext<string, readonly unknown[], MapStates>,
      ) {
        out.collect([[...entries.keys()], [...entries.values()]]);
        entries.put(`${value}1`, 1);
        entries.put(`${value}2`, 2);
        out.collect([[...entries.keys()], [...entries.values()]]);
      },
    }),
    { keySelector },
  );
  harness.process("a");
  assert.deepEqual(harness.values, [
    [[], []],
    [
      ["a1", "a2"],
      [1, 2],
    ],
  ]);
});
