/**
 * Owns: a node:test reporter that writes how each test of a promise went, as lines of JSON `{"name", "passed"}`.
 * Called by: node --test, as tools/promises.ts asks it to.
 *
 * PRR1 Only tests whose names begin with an id are told. One that was skipped or is to be done has not passed.
 */
import type { TestEvent } from "node:test/reporters";
import { idOf } from "./promise-table.ts";

/** The reporter itself. */
export default async function* promiseReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  for await (const event of events) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, skip, todo } = event.data;
    if (idOf(name) === null) continue;
    const isOmitted = (skip ?? false) !== false || (todo ?? false) !== false;
    yield `${JSON.stringify({ name, passed: event.type === "test:pass" && !isOmitted })}\n`;
  }
}
