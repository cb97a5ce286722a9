/**
 * Owns: people, auctions and bids of the Nexmark bench, in columns, as functions of their numbers.
 * Called by: event-source.ts. The same in Java: bench/flink/src/main/java/NexmarkEvents.java.
 *
 * NXE1 Of 50 events the first is a person, the next three are auctions, 46 are bids (NXB2). Bids are those of nexmark/bids.ts, with a channel and a URL.
 * NXE2 A text is one of a pool, whose texts differ in length: what an engine does with a text costs as much as in life, making it does not.
 * NXE3 Ids are below 2^31, so that their high word is 0.
 */
import { t, type ValueType } from "streamjob";
import type { ColumnBuilder } from "../../runtime/record/index.ts";
import type { TextColumn } from "../../runtime/record/columns/column.ts";
import { type BigintStore, type Float64Store, TextStore } from "../../runtime/record/columns/column-store.ts";
import {
  ACTIVE,
  auctionOf,
  bidderOf,
  eventOfBid,
  EVENTS,
  extraOf,
  extras,
  FIRST_ID,
  HOT_EVERY,
  priceOf,
  random,
  timeOf,
} from "../nexmark/bids.ts";

export const tableNames = ["person", "auction", "bid"] as const;
export type TableName = (typeof tableNames)[number];

export type EventTable = {
  /** Its time of the event is `dateTime`. */
  readonly type: ValueType<object>;
  /** How many of them are among so many events. */
  readonly countAmong: (events: number) => number;
  /** For the batch that is being built: puts the one of that number at that place. */
  readonly createFill: (builder: ColumnBuilder) => (index: number, at: number) => void;
};

const AUCTIONS = 3;
const [FIRST_CATEGORY, CATEGORIES] = [10, 5];
/** An auction ends within so many milliseconds. */
const OPEN_MS = 400;
const HOT_CHANNELS = ["Google", "Facebook", "Baidu", "Apple"];
/** Different channels with their URLs; the first four have half of the bids. */
const CHANNELS = 1024;

/** Letters of a text of a pool: the number of the text and the purpose say which. */
function letters(number: number, purpose: number, length: number): string {
  let text = "";
  for (let letter = 0; letter < length; letter++)
    text += String.fromCharCode(97 + (random(number * 256 + letter, purpose) % 26));
  return text;
}

/** Texts to choose from, in the form in which they are copied. */
type Pool = { readonly length: number; readonly column: TextColumn };

function poolOf(choices: readonly string[]): Pool {
  const store = new TextStore({ name: "pool", type: t.string as ValueType<unknown>, kind: "text" }, choices.length);
  for (const [at, text] of choices.entries()) store.putText(text, at);
  return { length: choices.length, column: store.column() };
}

const pool = (size: number, textOf: (number: number) => string): Pool =>
  poolOf(Array.from({ length: size }, (_none, number) => textOf(number)));

const names = pool(
  512,
  (number) => `${letters(number, 11, 3 + (number % 6))} ${letters(number, 12, 4 + (number % 7))}`,
);
const emails = pool(512, (number) => `${letters(number, 13, 4 + (number % 5))}@${letters(number, 14, 5)}.com`);
const cards = pool(512, (number) => {
  const groups = [20, 21, 22, 23].map((purpose) => String(1000 + (random(number, purpose) % 9000)));
  return groups.join(" ");
});
const cities = poolOf([
  "Phoenix",
  "Los Angeles",
  "San Francisco",
  "Boise",
  "Portland",
  "Bend",
  "Redmond",
  "Seattle",
  "Kent",
  "Cheyenne",
]);
const states = poolOf(["AZ", "CA", "ID", "OR", "WA", "WY"]);
const extraTexts = poolOf(extras);
const items = pool(512, (number) => letters(number, 15, 10 + (number % 10)));
const descriptions = pool(512, (number) => letters(number, 16, 50 + (number % 50)));
const channels = pool(CHANNELS, (number) => HOT_CHANNELS[number] ?? `channel-${number}`);
const urls = pool(CHANNELS, (number) => {
  const path = [17, 18, 19].map((purpose) => letters(number, purpose, 5)).join("/");
  const query = number % 10 === 9 ? "query=1" : `query=1&channel_id=${number * 1_048_576}`;
  return `https://www.nexmark.com/${path}/item.htm?${query}`;
});

const channelOf = (event: number): number => {
  const dice = random(event, 6);
  return (dice & 1) === 0 ? (dice >>> 1) % HOT_CHANNELS.length : (dice >>> 1) % CHANNELS;
};

function sellerOf(event: number): number {
  const last = Math.floor(event / EVENTS);
  const dice = random(event, 7);
  if ((dice & 3) !== 0) return FIRST_ID + Math.floor(last / HOT_EVERY) * HOT_EVERY;
  return FIRST_ID + Math.max(0, last - ((dice >>> 2) % ACTIVE));
}

const eventOfAuction = (index: number): number => Math.floor(index / AUCTIONS) * EVENTS + 1 + (index % AUCTIONS);

const person: EventTable = {
  type: t.record({
    id: t.bigint,
    name: t.string,
    emailAddress: t.string,
    creditCard: t.string,
    city: t.string,
    state: t.string,
    dateTime: t.timestamp,
    extra: t.string,
  }),
  countAmong: (events) => Math.ceil(events / EVENTS),
  createFill: (builder) => {
    const [id, name, email, card, city, state, time, extra] = [
      bigints(builder, 0),
      texts(builder, 1, names),
      texts(builder, 2, emails),
      texts(builder, 3, cards),
      texts(builder, 4, cities),
      texts(builder, 5, states),
      times(builder, 6),
      texts(builder, 7, extraTexts),
    ] as const;
    return (index, at) => {
      const event = index * EVENTS;
      const dice = random(event, 8);
      id(FIRST_ID + index, at);
      name(dice % names.length, at);
      email(dice % emails.length, at);
      card(dice % cards.length, at);
      city((dice >>> 8) % cities.length, at);
      state((dice >>> 16) % states.length, at);
      time(timeOf(event), at);
      extra(extraOf(event), at);
    };
  },
};

const auction: EventTable = {
  type: t.record({
    id: t.bigint,
    itemName: t.string,
    description: t.string,
    initialBid: t.bigint,
    reserve: t.bigint,
    dateTime: t.timestamp,
    expires: t.timestamp,
    seller: t.bigint,
    category: t.bigint,
    extra: t.string,
  }),
  countAmong: (events) =>
    Math.floor(events / EVENTS) * AUCTIONS + Math.min(AUCTIONS, Math.max(0, (events % EVENTS) - 1)),
  createFill: (builder) => {
    const [id, item, description, initial, reserve, time, expires, seller, category, extra] = [
      bigints(builder, 0),
      texts(builder, 1, items),
      texts(builder, 2, descriptions),
      bigints(builder, 3),
      bigints(builder, 4),
      times(builder, 5),
      times(builder, 6),
      bigints(builder, 7),
      bigints(builder, 8),
      texts(builder, 9, extraTexts),
    ] as const;
    return (index, at) => {
      const event = eventOfAuction(index);
      const dice = random(event, 9);
      id(FIRST_ID + index, at);
      item(dice % items.length, at);
      description(dice % descriptions.length, at);
      initial(priceOf(event), at);
      reserve(2 * priceOf(event), at);
      const begin = timeOf(event);
      time(begin, at);
      expires(begin + 1 + ((dice >>> 9) % OPEN_MS), at);
      seller(sellerOf(event), at);
      category(FIRST_CATEGORY + (random(event, 10) % CATEGORIES), at);
      extra(extraOf(event), at);
    };
  },
};

const bid: EventTable = {
  type: t.record({
    auction: t.bigint,
    bidder: t.bigint,
    price: t.bigint,
    channel: t.string,
    url: t.string,
    dateTime: t.timestamp,
    extra: t.string,
  }),
  countAmong: (events) =>
    Math.floor(events / EVENTS) * (EVENTS - 1 - AUCTIONS) + Math.max(0, (events % EVENTS) - 1 - AUCTIONS),
  createFill: (builder) => {
    const [auctions, bidder, price, channel, url, time, extra] = [
      bigints(builder, 0),
      bigints(builder, 1),
      bigints(builder, 2),
      texts(builder, 3, channels),
      texts(builder, 4, urls),
      times(builder, 5),
      texts(builder, 6, extraTexts),
    ] as const;
    return (index, at) => {
      const event = eventOfBid(index);
      const number = channelOf(event);
      auctions(auctionOf(event), at);
      bidder(bidderOf(event), at);
      price(priceOf(event), at);
      channel(number, at);
      url(number, at);
      time(timeOf(event), at);
      extra(extraOf(event), at);
    };
  },
};

export const eventTables: Readonly<Record<TableName, EventTable>> = { person, auction, bid };

type Put = (value: number, at: number) => void;

/** By words: a bigint in between would be allocated (NXE3). */
function bigints({ stores }: ColumnBuilder, place: number): Put {
  const { words } = (stores[place] as BigintStore).column();
  return (value, at) => {
    words[2 * at] = value;
  };
}

function times({ stores }: ColumnBuilder, place: number): Put {
  const { values } = stores[place] as Float64Store;
  return (value, at) => {
    values[at] = value;
  };
}

/** The value is the number of a text of the pool. */
function texts({ stores }: ColumnBuilder, place: number, { column }: Pool): Put {
  const store = stores[place] as TextStore;
  return (value, at) => store.putCopy(column, value, at);
}
