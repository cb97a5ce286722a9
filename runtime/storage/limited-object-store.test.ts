import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamError, type Clock } from "../../base/index.ts";
import { LimitedObjectStore } from "./limited-object-store.ts";
import { MemoryObjectStore } from "./memory-object-store.ts";
import type { ObjectInfo, ObjectWriter } from "./object-store.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Time that passes when the test says so. */
class HandClock implements Clock {
  #now = 0;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  nowMs(): number {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { atMs: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  /** Lets pending promises come as far as they can, then lets time pass. */
  async pass(ms: number): Promise<void> {
    await settled();
    this.#now += ms;
    const due = this.#timers.filter((timer) => timer.atMs <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.atMs > this.#now);
    for (const timer of due) timer.callback();
    await settled();
  }

  get waiting(): number {
    return this.#timers.length;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A store whose calls wait until they are let go. */
class StuckStore extends MemoryObjectStore {
  readonly held: (() => void)[] = [];
  isStuck = true;
  calls = 0;

  async #hold(): Promise<void> {
    this.calls++;
    if (this.isStuck) await new Promise<void>((resolve) => this.held.push(resolve));
  }

  letGo(): void {
    this.isStuck = false;
    for (const resolve of this.held.splice(0)) resolve();
  }

  override async read(key: string): Promise<Uint8Array | null> {
    await this.#hold();
    return super.read(key);
  }

  override async stat(key: string): Promise<ObjectInfo | null> {
    return super.stat(key);
  }

  override async put(key: string, body: Uint8Array): Promise<void> {
    await this.#hold();
    return super.put(key, body);
  }

  override async createIfAbsent(key: string, body: Uint8Array): Promise<"created" | "exists"> {
    await this.#hold();
    return super.createIfAbsent(key, body);
  }

  override async openWriter(key: string): Promise<ObjectWriter> {
    const writer = await super.openWriter(key);
    return {
      write: (piece) => this.#hold().then(() => writer.write(piece)),
      close: (finalKey) => this.#hold().then(() => writer.close(finalKey)),
      abort: () => this.#hold().then(() => writer.abort()),
    };
  }

  override async list(prefix: string): Promise<readonly ObjectInfo[]> {
    await this.#hold();
    return super.list(prefix);
  }

  override async delete(key: string): Promise<void> {
    await this.#hold();
    return super.delete(key);
  }
}

const calls: Record<string, (store: LimitedObjectStore) => Promise<unknown>> = {
  read: (store) => store.read("x"),
  put: (store) => store.put("x", bytes("x")),
  createIfAbsent: (store) => store.createIfAbsent("x", bytes("x")),
  list: (store) => store.list(""),
  delete: (store) => store.delete("x"),
  write: async (store) => (await store.openWriter("x")).write(bytes("x")),
  close: async (store) => (await store.openWriter("x")).close("y"),
  abort: async (store) => (await store.openWriter("x")).abort(),
};

for (const [name, call] of Object.entries(calls)) {
  test(`LOS1 T42 a ${name} that never answers ends with STORE_UNAVAILABLE that names the place`, async () => {
    const [clock, stuck] = [new HandClock(), new StuckStore("stuck")];
    const outcome = call(new LimitedObjectStore(stuck, 1000, clock)).catch((error: unknown) => error);
    await clock.pass(5000);
    await clock.pass(5000);
    const error = await outcome;
    assert.ok(error instanceof StreamError && error.code === "STORE_UNAVAILABLE", String(error));
    assert.match(error.message, /memory:\/\/stuck\/.*has not answered/);
    stuck.letGo();
    await settled();
    assert.equal(clock.waiting, 0);
  });
}

test("LOS1 what is large has more time, a second for each MiB: to write, and to read", async () => {
  const [clock, stuck] = [new HandClock(), new StuckStore("large")];
  const store = new LimitedObjectStore(stuck, 1000, clock);
  const body = new Uint8Array(3 * 1024 * 1024);
  const put = store.put("large", body);
  await clock.pass(3999);
  stuck.letGo();
  await put;
  stuck.isStuck = true;
  const read = store.read("large");
  await clock.pass(1000);
  await clock.pass(2999);
  stuck.letGo();
  assert.equal((await read)?.length, body.length);
});

test("LOS2 while a call hangs the store refuses others at once, and works again when it has come back", async () => {
  const [clock, stuck] = [new HandClock(), new StuckStore("hanging")];
  const store = new LimitedObjectStore(stuck, 1000, clock);
  const first = store.put("x", bytes("x")).catch((error: unknown) => error);
  await clock.pass(2000);
  assert.match(String(await first), /has not answered/);
  await assert.rejects(store.list(""), /an earlier call to this store has not come back/);
  const openedAgain = new LimitedObjectStore(stuck, 1000, clock);
  await assert.rejects(openedAgain.list(""), /an earlier call to this store has not come back/);
  assert.equal(stuck.calls, 1);
  stuck.letGo();
  await settled();
  await store.put("y", bytes("y"));
});

test("LOS2 while calls hang elsewhere, a store that has answered is used, and one that has not is refused", async () => {
  const clock = new HandClock();
  const own = new LimitedObjectStore(new MemoryObjectStore("own"), 1000, clock);
  await own.put("x", bytes("x"));
  const stuck = [new StuckStore("one"), new StuckStore("two"), new StuckStore("three")];
  const refused = stuck.slice(0, 2).map((store) => new LimitedObjectStore(store, 1000, clock).list("").catch(String));
  await clock.pass(2000);
  await Promise.all(refused);
  await assert.rejects(
    new LimitedObjectStore(stuck[2] as StuckStore, 1000, clock).list(""),
    /2 calls to other stores have not come back/,
  );
  assert.equal(stuck[2]?.calls, 0);
  await own.put("y", bytes("y"));
  for (const store of stuck) store.letGo();
  await settled();
  await new LimitedObjectStore(stuck[2] as StuckStore, 1000, clock).list("");
});
