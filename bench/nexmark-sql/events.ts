/**
 * Owns: people, auctions and bids of the Nexmark bench, in columns, as functions of their numbers.
 * Called by: event-source.ts. The same in Java: bench/flink/src/main/java/NexmarkEvents.java.
 *
 * NXE1 Of 50 events the first is a person, the next three are auctions, 46 are bids (NXB2). Bids are those of nexmark/bids.ts, with a channel and a URL.
 * NXE2 A text is one of a pool, whose texts differ in length: what an engine does with a text costs as much as in life, making it does not (NXEC1).
 * NXE3 Ids are below 2^31, so that their high word is 0.
 */
import { t, type ValueType } from "streamjob";
import type { Column } from "../../runtime/record/index.ts";
import {
  ACTIVE,
  auctionOf,
  bidderOf,
  eventOfBid,
  EVENTS,
  extras,
  FIRST_ID,
  HOT_EVERY,
  priceOf,
  random,
  timeOf,
} from "../nexmark/bids.ts";
import { numbersOf, type Pool, PooledTexts, poolOf, timesOf } from "./event-columns.ts";

export const tableNames = ["person", "auction", "bid"] as const;
export type TableName = (typeof tableNames)[number];

/** The columns of one batch after the other. */
export type EventColumns = {
  readonly columns: readonly Column[];
  /** Puts the events of these numbers into the first places. */
  fill(numbers: Int32Array, count: number): void;
};

export type EventTable = {
  /** Its time of the event is `dateTime`. */
  readonly type: ValueType<object>;
  /** How many of them are among so many events. */
  readonly countAmong: (events: number) => number;
  /** With places for so many. */
  readonly createColumns: (capacity: number) => EventColumns;
};

type Numbers = ReturnType<typeof numbersOf>;

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
  const last = (event / EVENTS) | 0;
  const dice = random(event, 7);
  if ((dice & 3) !== 0) return FIRST_ID + ((last / HOT_EVERY) | 0) * HOT_EVERY;
  return FIRST_ID + Math.max(0, last - ((dice >>> 2) % ACTIVE));
}

function eventOfAuction(index: number): number {
  const round = (index / AUCTIONS) | 0;
  return round * EVENTS + 1 + (index - round * AUCTIONS);
}

/** The random numbers of a purpose, one for each event. */
function rolls(dice: Uint32Array, events: Int32Array, ...[count, purpose]: [number, number]): Uint32Array {
  for (let at = 0; at < count; at++) dice[at] = random(events[at] as number, purpose);
  return dice;
}

/** Purpose of the text `extra`. */
const EXTRA = 4;

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
  createColumns: (capacity) => {
    const events = new Int32Array(capacity);
    const dice = new Uint32Array(capacity);
    const [id, time] = [numbersOf(capacity), timesOf(capacity)];
    const [name, email, card, city, state, extra] = [names, emails, cards, cities, states, extraTexts].map(
      (texts) => new PooledTexts(texts, capacity),
    ) as [PooledTexts, PooledTexts, PooledTexts, PooledTexts, PooledTexts, PooledTexts];
    return {
      columns: [id, name.column, email.column, card.column, city.column, state.column, time, extra.column],
      fill: (numbers, count) => {
        for (let at = 0; at < count; at++) {
          const index = numbers[at] as number;
          const event = index * EVENTS;
          events[at] = event;
          id.words[2 * at] = FIRST_ID + index;
          time.values[at] = timeOf(event);
        }
        rolls(dice, events, count, 8);
        name.fill(dice, count);
        email.fill(dice, count);
        card.fill(dice, count);
        city.fill(dice, count, 8);
        state.fill(dice, count, 16);
        extra.fill(rolls(dice, events, count, EXTRA), count);
      },
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
  createColumns: (capacity) => {
    const events = new Int32Array(capacity);
    const dice = new Uint32Array(capacity);
    const [id, initial, reserve, seller, category] = Array.from({ length: 5 }, () => numbersOf(capacity)) as [
      Numbers,
      Numbers,
      Numbers,
      Numbers,
      Numbers,
    ];
    const [time, expires] = [timesOf(capacity), timesOf(capacity)];
    const [item, description, extra] = [items, descriptions, extraTexts].map(
      (texts) => new PooledTexts(texts, capacity),
    ) as [PooledTexts, PooledTexts, PooledTexts];
    return {
      columns: [id, item.column, description.column, initial, reserve, time, expires, seller, category, extra.column],
      fill: (numbers, count) => {
        for (let at = 0; at < count; at++) {
          const index = numbers[at] as number;
          events[at] = eventOfAuction(index);
          id.words[2 * at] = FIRST_ID + index;
        }
        for (let at = 0; at < count; at++) {
          const price = priceOf(events[at] as number);
          initial.words[2 * at] = price;
          reserve.words[2 * at] = 2 * price;
        }
        rolls(dice, events, count, 9);
        for (let at = 0; at < count; at++) {
          const begin = timeOf(events[at] as number);
          time.values[at] = begin;
          expires.values[at] = begin + 1 + (((dice[at] as number) >>> 9) % OPEN_MS);
        }
        item.fill(dice, count);
        description.fill(dice, count);
        for (let at = 0; at < count; at++) {
          const event = events[at] as number;
          seller.words[2 * at] = sellerOf(event);
          category.words[2 * at] = FIRST_CATEGORY + (random(event, 10) % CATEGORIES);
        }
        extra.fill(rolls(dice, events, count, EXTRA), count);
      },
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
  createColumns: (capacity) => {
    const events = new Int32Array(capacity);
    const dice = new Uint32Array(capacity);
    const [auctions, bidder, price] = [numbersOf(capacity), numbersOf(capacity), numbersOf(capacity)];
    const time = timesOf(capacity);
    const [channel, url, extra] = [
      new PooledTexts(channels, capacity),
      new PooledTexts(urls, capacity),
      new PooledTexts(extraTexts, capacity),
    ];
    return {
      columns: [auctions, bidder, price, channel.column, url.column, time, extra.column],
      fill: (numbers, count) => {
        for (let at = 0; at < count; at++) {
          const event = eventOfBid(numbers[at] as number);
          events[at] = event;
          time.values[at] = timeOf(event);
        }
        for (let at = 0; at < count; at++) auctions.words[2 * at] = auctionOf(events[at] as number);
        for (let at = 0; at < count; at++) bidder.words[2 * at] = bidderOf(events[at] as number);
        for (let at = 0; at < count; at++) price.words[2 * at] = priceOf(events[at] as number);
        for (let at = 0; at < count; at++) dice[at] = channelOf(events[at] as number);
        channel.fill(dice, count);
        url.fill(dice, count);
        extra.fill(rolls(dice, events, count, EXTRA), count);
      },
    };
  },
};

export const eventTables: Readonly<Record<TableName, EventTable>> = { person, auction, bid };
