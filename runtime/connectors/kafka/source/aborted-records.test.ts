import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BatchBuilder } from "../wire/batch-builder.ts";
import { type LogBatch, RecordCursor } from "../wire/batch-reader.ts";
import { ATTRIBUTES_AT, CONTROL_BIT, CRC_AT } from "../wire/record-batch.ts";
import { crc32c } from "../wire/crc32c.ts";
import { visibleBatches } from "./aborted-records.ts";

type Step = { readonly producer: number; readonly kind: "write" | "commit" | "abort" };
const step: fc.Arbitrary<Step> = fc.record({
  producer: fc.integer({ min: 0, max: 3 }),
  kind: fc.constantFrom("write" as const, "write" as const, "commit" as const, "abort" as const),
});

function batchAt(offset: number, producer: number, value: string, isControl: boolean): Buffer {
  const builder = new BatchBuilder();
  builder.add(isControl ? Uint8Array.of(0, 0, 0, value === "commit" ? 1 : 0) : null, value, 0, null);
  const bytes = builder.finish(
    { producerId: producer, epoch: 0, sequence: 0, isTransactional: producer !== 0 },
    "none",
  );
  if (isControl) {
    bytes.writeInt16BE(bytes.readInt16BE(ATTRIBUTES_AT) | CONTROL_BIT, ATTRIBUTES_AT);
    bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT), CRC_AT);
  }
  bytes.writeBigInt64BE(BigInt(offset), 0);
  return bytes;
}

const valueOf = (batch: LogBatch): string => {
  const cursor = new RecordCursor(batch);
  cursor.next();
  return String(cursor.value());
};

/** A log as a broker keeps it; producer 0 writes without transactions. All transactions are ended. */
function logOf(steps: readonly Step[]) {
  const batches: { readonly bytes: Buffer; readonly offset: number }[] = [];
  const open = new Map<number, { readonly first: number; readonly values: string[] }>();
  const committed = new Map<string, number>();
  const aborted: { producerId: number; firstOffset: number; lastOffset: number }[] = [];
  const end = (producer: number, kind: "commit" | "abort"): void => {
    const transaction = open.get(producer);
    if (transaction === undefined) return;
    open.delete(producer);
    const offset = batches.length;
    batches.push({ offset, bytes: batchAt(offset, producer, kind, true) });
    if (kind === "commit") for (const value of transaction.values) committed.set(value, Number(value.slice(1)));
    else aborted.push({ producerId: producer, firstOffset: transaction.first, lastOffset: offset });
  };
  for (const { producer, kind } of steps) {
    if (kind !== "write") {
      end(producer, kind);
      continue;
    }
    const offset = batches.length;
    const value = `v${offset}`;
    batches.push({ offset, bytes: batchAt(offset, producer, value, false) });
    if (producer === 0) {
      committed.set(value, offset);
      continue;
    }
    const transaction = open.get(producer) ?? { first: offset, values: [] };
    transaction.values.push(value);
    open.set(producer, transaction);
  }
  for (const producer of open.keys()) end(producer, "abort");
  return { batches, committed, aborted };
}

test("ABR1 from any offset, in answers of any length, exactly the committed records are seen", () =>
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.nat({ max: 40 }),
      fc.integer({ min: 1, max: 10 }),
      (steps, startAt, length) => {
        const { batches, committed, aborted } = logOf(steps);
        const start = Math.min(startAt, batches.length);
        const seen: string[] = [];
        for (let offset = start; offset < batches.length; ) {
          const answer = batches.slice(offset, offset + length);
          const upTo = offset + answer.length;
          const visible = visibleBatches(
            {
              topic: "t",
              partition: 0,
              error: null,
              highWatermark: batches.length,
              lastStableOffset: batches.length,
              logStartOffset: 0,
              // As brokers do: those that end at or behind the offset and begin before the answer's end, in the order of their ends.
              aborted: aborted.filter(({ firstOffset, lastOffset }) => lastOffset >= offset && firstOffset < upTo),
              records: Buffer.concat(answer.map(({ bytes }) => bytes)),
            },
            offset,
          );
          seen.push(...visible.batches.map(valueOf));
          assert.equal(visible.nextOffset, upTo);
          offset = visible.nextOffset ?? upTo;
        }
        const expected = [...committed].filter(([, offset]) => offset >= start).map(([value]) => value);
        assert.deepEqual(seen.sort(), expected.sort());
      },
    ),
  ));
