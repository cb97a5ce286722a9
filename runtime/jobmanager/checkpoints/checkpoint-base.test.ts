/** Which complete checkpoint a new one may refer to (CC11). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamError, toErrorInfo } from "../../../base/index.ts";
import { type CheckpointSettings, defaultConfiguration } from "../../graph/index.ts";
import { CheckpointProtocol, type ProtocolEffect } from "./checkpoint-protocol.ts";
import type { CheckpointRequest } from "./pending-checkpoint.ts";

const away = toErrorInfo(new StreamError("STORE_UNAVAILABLE", "the disk is away"));

class Line {
  readonly #protocol: CheckpointProtocol;
  #nowMs = 0;

  constructor(settings: Partial<CheckpointSettings> = {}) {
    this.#protocol = new CheckpointProtocol({
      settings: { ...defaultConfiguration().checkpoints, intervalMs: 1000, timeoutMs: 10_000, ...settings },
      lastId: 41,
      restoredId: 40,
      ends: null,
    });
    this.next();
  }

  /** The base of each that is triggered when its time comes, by id. */
  next(): Record<number, number | null> {
    this.#nowMs += 1000;
    return this.#triggered(this.#protocol.advance({ nowMs: this.#nowMs, allRunning: true, allAtEnd: false }).effects);
  }

  savepoint(): CheckpointRequest {
    const request = { kind: "savepoint", triggerId: "s", target: "file:///s", isExactTarget: false } as const;
    this.#protocol.request(request);
    this.#protocol.probed(request, null);
    return request;
  }

  collected(id: number): void {
    this.#protocol.collected(id, this.#nowMs);
    this.#protocol.saved(id);
    this.#protocol.advance({ nowMs: this.#nowMs, allRunning: true, allAtEnd: false });
  }

  completed(id: number): void {
    this.collected(id);
    this.#protocol.completed(id, this.#nowMs);
  }

  failed(id: number): void {
    this.#protocol.failed(id, "declined", null, this.#nowMs);
  }

  /** Nobody knows whether its manifest is there. */
  doubtful(id: number): void {
    this.collected(id);
    this.#nowMs += 60_000;
    this.#protocol.writeFailed(id, away, { nowMs: this.#nowMs, delayMs: 100 });
  }

  learned(id: number): void {
    assert.equal(this.#protocol.learned(id, id), true);
  }

  #triggered(effects: readonly ProtocolEffect[]): Record<number, number | null> {
    return Object.fromEntries(
      effects.flatMap((effect) => (effect.kind === "trigger" ? [[effect.facts.id, effect.facts.base]] : [])),
    );
  }
}

test("the first one of a JobManager refers to none, whatever it has restored; later ones to the newest that is complete", () => {
  const line = new Line();
  assert.deepEqual(line.next(), { 42: null });
  line.completed(42);
  assert.deepEqual(line.next(), { 43: 42 });
  line.completed(43);
  assert.deepEqual(line.next(), { 44: 43 });
});

test("one that was given up is not referred to", () => {
  const line = new Line();
  line.next();
  line.completed(42);
  line.next();
  line.failed(43);
  assert.deepEqual(line.next(), { 44: 42 });
});

test("savepoints refer to none, and are not referred to", () => {
  const line = new Line();
  line.next();
  line.completed(42);
  line.savepoint();
  assert.deepEqual(line.next(), { 43: null, 44: 42 });
  line.failed(44);
  line.completed(43);
  assert.deepEqual(line.next(), { 45: 42 });
});

test("none is referred to while another is on its way: it may be the newest by then", () => {
  const line = new Line({ maxConcurrent: 2 });
  line.next();
  line.completed(42);
  assert.deepEqual(line.next(), { 43: 42 });
  assert.deepEqual(line.next(), { 44: null });
  line.completed(44);
  assert.deepEqual(line.next(), { 45: 44 });
});

test("none is referred to while an outcome is not known, nor after it was learned", () => {
  const line = new Line();
  line.next();
  line.completed(42);
  line.next();
  line.doubtful(43);
  assert.deepEqual(line.next(), { 44: null });
  line.learned(43);
  line.failed(44);
  assert.deepEqual(line.next(), { 45: null });
  line.completed(45);
  assert.deepEqual(line.next(), { 46: 45 });
});
