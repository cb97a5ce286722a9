import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../testkit/index.ts";
import { BufferDebloater, type DebloatSettings } from "./buffer-debloater.ts";

const FLINKS: DebloatSettings = { targetMs: 1000, periodMs: 200, samples: 20, thresholdPercent: 25 };

/** A task of which each row takes `rowMs`, in turns of about 5 ms, with a wait for input of `starvedMs` after each. */
class Consumer {
  readonly clock = new ManualClock(1000);
  /** Every bound that was told. */
  readonly told: number[] = [];
  readonly #debloater: BufferDebloater;

  constructor(channels = 1, settings: DebloatSettings = FLINKS) {
    this.#debloater = new BufferDebloater(settings, channels, this.clock.monotonicMs(), (rows) => this.told.push(rows));
  }

  get allowed(): number {
    return this.told.at(-1) as number;
  }

  work(forMs: number, rowMs: number, starvedMs = 0): void {
    const rows = Math.max(1, Math.floor(5 / rowMs));
    for (const untilMs = this.clock.monotonicMs() + forMs; this.clock.monotonicMs() < untilMs; ) {
      this.#debloater.begin(this.clock.monotonicMs());
      this.clock.advance(rows * rowMs);
      this.#debloater.end(this.clock.monotonicMs(), rows, starvedMs > 0);
      this.clock.advance(starvedMs);
    }
  }
}

const isNear = (actual: number, expected: number, percent: number): void =>
  assert.ok(Math.abs(actual - expected) * 100 <= percent * expected, `${actual} is within ${percent} % of ${expected}`);

test("BD3 what is under way is what the task works off in the target time, at any rate", () => {
  for (const rowMs of [100, 10, 1, 0.1]) {
    const consumer = new Consumer();
    consumer.work(10_000, rowMs);
    isNear(consumer.allowed, 1000 / rowMs, 25);
  }
});

test("BD2 a slow task never gets more than it works off in about the target time, from the first row on", () => {
  const consumer = new Consumer();
  consumer.work(60_000, 10);
  assert.ok(Math.max(...consumer.told) <= 125, consumer.told.join());
});

test("BD2 a fast task gets all that the channels hold within half a second", () => {
  const consumer = new Consumer(2);
  consumer.work(500, 0.001);
  assert.equal(consumer.allowed, 2 * 65_536);
});

test("BD1 waiting for input is no slowness", () => {
  const consumer = new Consumer();
  consumer.work(500_000, 1, 500);
  isNear(consumer.allowed, 1000, 25);
});

test("BD1 waiting for what is not input is slowness: for a promise between two turns, for instance", () => {
  const clock = new ManualClock();
  const told: number[] = [];
  const debloater = new BufferDebloater(FLINKS, 1, 0, (rows) => told.push(rows));
  for (let row = 0; row < 1000; row++) {
    debloater.begin(clock.monotonicMs());
    debloater.end(clock.monotonicMs(), 1, false);
    clock.advance(10);
  }
  isNear(told.at(-1) as number, 100, 25);
});

test("BD3 it follows a rate that changes, down and up", () => {
  const consumer = new Consumer();
  consumer.work(5000, 1);
  isNear(consumer.allowed, 1000, 25);
  consumer.work(20_000, 10);
  isNear(consumer.allowed, 100, 30);
  consumer.work(20_000, 1);
  isNear(consumer.allowed, 1000, 30);
});

test("BD3 a rate that changes a little changes nothing", () => {
  const consumer = new Consumer();
  consumer.work(5000, 10);
  const { length } = consumer.told;
  consumer.work(5000, 11);
  consumer.work(5000, 9);
  assert.equal(consumer.told.length, length);
});

test("a row that takes longer than a period, or than the target, leaves one row for each channel", () => {
  const consumer = new Consumer(3);
  consumer.work(120_000, 3000);
  assert.equal(consumer.allowed, 3);
  assert.ok(consumer.told.every((rows) => rows >= 3));
});

test("the target is the option's", () => {
  const consumer = new Consumer(1, { ...FLINKS, targetMs: 200 });
  consumer.work(10_000, 1);
  isNear(consumer.allowed, 200, 25);
});
