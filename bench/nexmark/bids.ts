/**
 * Owns: the bids of the Nexmark bench, as functions of their numbers, in columns and in rows; and the source of columns.
 * Not here: people and auctions: no query that is measured yet reads them.
 *
 * NXB1 Bid i is the same in whichever form, subtask and run: the position is the only state of a source (GS1).
 * NXB2 Of 50 events one is a person, three are auctions and 46 are bids, as in Nexmark; 10 events are in each millisecond. Half of the bids are for
 *     a hot auction, three quarters are of a hot bidder.
 * NXB3 Numbers of events are below 2^31.
 */
import { type ReaderContext, type Source, type SourceReader, t, type ValueType } from "streamjob";
import { type StridedSplit, stridedSplits, StridedOrder } from "../../runtime/connectors/basic/strided-order.ts";
import { Pace } from "../../runtime/connectors/kit/index.ts";
import { COLUMN_ROWS, ColumnBuilder } from "../../runtime/record/index.ts";
import type { TextColumn } from "../../runtime/record/columns/column.ts";
import { type Float64Store, TextStore } from "../../runtime/record/columns/column-store.ts";

/** What the queries read of a bid; the source makes nothing else, as if its columns were pruned. */
export const Bid = t.record({
  auction: t.int64,
  bidder: t.int64,
  price: t.int64,
  dateTime: t.timestamp,
  extra: t.string,
});
export type Bid = { auction: number; bidder: number; price: number; dateTime: number; extra: string };

export const EVENTS = 50;
const BIDS_FIRST = 4;
const BIDS = EVENTS - BIDS_FIRST;
const EVENTS_PER_MS = 10;
const FIRST_MS = 1_700_000_000_000;
export const FIRST_ID = 1000;
/** Auctions and people that are active at a time. */
export const ACTIVE = 100;
export const HOT_EVERY = 100;
const PRICES = 1_000_000;
/** Different texts of `extra`, 20 to 51 characters long. */
export const EXTRAS = 1024;

export function eventOfBid(index: number): number {
  // Not `index % BIDS`: of numbers that are not known to be small integers that costs more than all the rest. `| 0` makes it a division of integers (NXB3).
  const round = (index / BIDS) | 0;
  return round * EVENTS + BIDS_FIRST + (index - round * BIDS);
}

/** murmur3's finaliser: the random number of an event and a purpose. */
export function random(event: number, purpose: number): number {
  let hash = Math.imul((event | 0) ^ Math.imul(purpose, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export function auctionOf(event: number): number {
  const last = ((event / EVENTS) | 0) * 3;
  const dice = random(event, 1);
  if ((dice & 1) === 0) return FIRST_ID + ((last / HOT_EVERY) | 0) * HOT_EVERY;
  return FIRST_ID + Math.max(0, last - ((dice >>> 1) % ACTIVE));
}

export function bidderOf(event: number): number {
  const last = (event / EVENTS) | 0;
  const dice = random(event, 2);
  if ((dice & 3) !== 0) return FIRST_ID + ((last / HOT_EVERY) | 0) * HOT_EVERY;
  return FIRST_ID + Math.max(0, last - ((dice >>> 2) % ACTIVE));
}

export const priceOf = (event: number): number => 100 + (random(event, 3) % PRICES);
export const timeOf = (event: number): number => FIRST_MS + ((event / EVENTS_PER_MS) | 0);
export const extraOf = (event: number): number => random(event, 4) % EXTRAS;

export const extras: readonly string[] = Array.from({ length: EXTRAS }, (_none, number) => {
  let text = "";
  for (let letter = 0; letter < 20 + (number % 32); letter++)
    text += String.fromCharCode(97 + (random(number * 64 + letter, 5) % 26));
  return text;
});

export function bid(index: number): Bid {
  const event = eventOfBid(index);
  return {
    auction: auctionOf(event),
    bidder: bidderOf(event),
    price: priceOf(event),
    dateTime: timeOf(event),
    extra: extras[extraOf(event)] as string,
  };
}

/**
 * Bids 0 … count - 1 in batches of columns, with their times as event times. `ratePerSecond`: of each reader; absent: as fast as they are
 * taken.
 */
export function bidSource(count: number, ratePerSecond?: number): Source<Bid, StridedSplit> {
  return {
    kind: "source",
    name: "bids",
    boundedness: "bounded",
    type: Bid,
    givesBatches: true,
    discover: ({ parallelism }) => stridedSplits(parallelism).filter(({ next }) => next < count),
    createReader: (context) => bidReader(count, context, ratePerSecond),
  };
}

function bidReader(
  count: number,
  { splits, clock, wake }: ReaderContext<StridedSplit>,
  ratePerSecond: number | undefined,
): SourceReader<Bid, StridedSplit> {
  const order = new StridedOrder(splits);
  const pace = ratePerSecond === undefined ? null : new Pace(clock, ratePerSecond, 0, wake);
  const builder = new ColumnBuilder(Bid as ValueType<unknown>);
  const texts = extraTexts();
  return {
    poll: (output, maxRecords) => {
      for (let left = pace?.due(maxRecords) ?? maxRecords; left > 0 && order.head < count; ) {
        const filled = fill(builder, texts, order, { count, most: Math.min(left, COLUMN_ROWS) });
        pace?.spend(filled);
        const batch = builder.take();
        output.collectBatch(batch);
        batch.release();
        left -= filled;
      }
      if (order.head >= count) return "end";
      if (pace === null) return "more";
      pace.wakeWhenDue();
      return "idle";
    },
    snapshot: () => order.snapshot(count),
    close: () => pace?.close(),
  };
}

/** Fills the builder with the next bids; how many. */
function fill(
  builder: ColumnBuilder,
  texts: TextColumn,
  order: StridedOrder,
  { count, most }: { readonly count: number; readonly most: number },
): number {
  const [auctions, bidders, prices, times] = builder.stores.map((store) => (store as Float64Store).values) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const extra = builder.stores[4] as TextStore;
  const timestamps = builder.timestamps();
  let at = 0;
  for (; at < most && order.head < count; at++) {
    const event = eventOfBid(order.take());
    auctions[at] = auctionOf(event);
    bidders[at] = bidderOf(event);
    prices[at] = priceOf(event);
    const time = timeOf(event);
    times[at] = time;
    timestamps[at] = time;
    extra.putCopy(texts, extraOf(event), at);
  }
  builder.count = at;
  return at;
}

/** All that `extra` can be. */
function extraTexts(): TextColumn {
  const store = new TextStore({ name: "extra", type: t.string as ValueType<unknown>, kind: "text" }, EXTRAS);
  for (const [at, text] of extras.entries()) store.putText(text, at);
  return store.column();
}
