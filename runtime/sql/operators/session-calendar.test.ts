/** Sessions that go on, end and have their slots used again: each is found when it has ended, and looked at a few times, however long it goes on (SQSC1, SQSC2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SessionCalendar } from "./session-calendar.ts";

const GAP = 640;
const always = (): boolean => true;

test("a session that goes on for long is looked at about once a gap", () => {
  const calendar = new SessionCalendar(GAP);
  let looks = 0;
  let closedAt = 0;
  let end = GAP;
  calendar.add(end, 0, 0);
  for (let now = 0; closedAt === 0; now += 10) {
    if (now < 100 * GAP) end = now + GAP;
    calendar.forEachUntil(
      now,
      () => {
        looks += 1;
        return end;
      },
      () => (closedAt = now),
      always,
    );
  }
  assert.equal(closedAt, end);
  assert.ok(looks <= 110, `${looks} looks`);
  assert.equal(calendar.earliest, null);
});

const step = fc.oneof(
  fc.record({ slot: fc.nat(5), moves: fc.boolean() }),
  fc.record({ advance: fc.nat(2 * GAP), portions: fc.boolean() }),
);

test("each session ends once, and none is left behind, whatever goes on, moves and comes again", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const calendar = new SessionCalendar(GAP);
      const ends = new Map<number, number>();
      let now = 0;
      for (const each of steps) {
        if ("slot" in each) {
          const { slot, moves } = each;
          const isNew = !ends.has(slot);
          // One that moves leaves its slot, and is new in another one.
          const to = moves ? slot + 6 : slot;
          if (moves) ends.delete(slot);
          if (isNew || (moves && !ends.has(to))) calendar.add(now + GAP, 0, to);
          ends.set(to, now + GAP);
          continue;
        }
        now += each.advance;
        const due = [...ends].filter(([, end]) => end <= now).map(([slot]) => slot);
        const closed: number[] = [];
        const goOn = (): boolean =>
          calendar.forEachUntil(
            now,
            (_slice, slot) => ends.get(slot) ?? null,
            (_slice, slot) => {
              closed.push(slot);
              ends.delete(slot);
            },
            () => !each.portions,
          );
        while (!goOn());
        assert.deepEqual(new Set(closed), new Set(due));
        assert.equal(closed.length, due.length);
        const earliest = calendar.earliest ?? Number.POSITIVE_INFINITY;
        assert.ok(earliest <= Math.min(Number.POSITIVE_INFINITY, ...ends.values()));
      }
    }),
  );
});
