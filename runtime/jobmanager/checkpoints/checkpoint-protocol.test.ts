import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ErrorInfo, StreamError, toErrorInfo } from "../../../base/index.ts";
import { type CheckpointSettings, defaultConfiguration } from "../../graph/index.ts";
import { CheckpointProtocol, type ProtocolEffect } from "./checkpoint-protocol.ts";
import type { CheckpointKind, CheckpointRequest } from "./pending-checkpoint.ts";

const away = toErrorInfo(new StreamError("STORE_UNAVAILABLE", "the disk is away"));
const tooLarge = toErrorInfo(new StreamError("STATE_TOO_LARGE", "set it to fs", { destiny: "terminal" }));

/** A protocol with a clock, and what it has said to do, in words. */
class Play {
  readonly protocol: CheckpointProtocol;
  readonly said: string[] = [];
  nowMs = 0;
  allAtEnd = false;

  constructor(
    settings: Partial<CheckpointSettings> = {},
    ends: ConstructorParameters<typeof CheckpointProtocol>[0]["ends"] = null,
  ) {
    this.protocol = new CheckpointProtocol({
      settings: { ...defaultConfiguration().checkpoints, intervalMs: 1000, timeoutMs: 10_000, ...settings },
      lastId: 0,
      restoredId: 0,
      ends,
    });
  }

  hear(effects: readonly ProtocolEffect[]): string[] {
    const heard = effects.map(text);
    this.said.push(...heard);
    return heard;
  }

  /** What is due after some time. */
  after(ms: number): string[] {
    this.nowMs += ms;
    const facts = { nowMs: this.nowMs, allRunning: true, allAtEnd: this.allAtEnd };
    return this.hear(this.protocol.advance(facts).effects);
  }

  /** A request whose folder can be written, and that is triggered at once. */
  request(kind: CheckpointKind, target: string | null = "file:///s"): CheckpointRequest {
    const request = { kind, triggerId: `${kind}-${this.said.length}`, target, isExactTarget: false };
    this.hear(this.protocol.request(request));
    this.hear(this.protocol.probed(request, null));
    return request;
  }

  collected(id: number): string[] {
    this.hear(this.protocol.collected(id, this.nowMs));
    return this.after(0);
  }

  saved(id: number): string[] {
    this.hear(this.protocol.saved(id));
    return this.after(0);
  }

  completed(id: number): string[] {
    this.protocol.completed(id, this.nowMs);
    return this.after(0);
  }

  writeFails(id: number, error: ErrorInfo = away): string[] {
    return this.hear(this.protocol.writeFailed(id, error, { nowMs: this.nowMs, delayMs: 100 }));
  }

  fails(id: number, error: ErrorInfo | null = away): string[] {
    return this.hear(this.protocol.failed(id, error?.message ?? "declined", error, this.nowMs));
  }
}

function text(effect: ProtocolEffect): string {
  switch (effect.kind) {
    case "probe":
    case "refuse":
      return `${effect.kind} ${effect.request.kind}`;
    case "trigger":
    case "giveUp":
      return `${effect.kind} ${effect.facts.kind} ${effect.facts.id}`;
    case "restartAll":
    case "failOver":
    case "failJob":
      return effect.kind;
    default:
      return `${effect.kind} ${effect.id}`;
  }
}

/** One that runs, with its first periodic checkpoint complete. */
function running(settings: Partial<CheckpointSettings> = {}): Play {
  const play = new Play(settings);
  play.after(0);
  assert.deepEqual(play.after(1000), ["trigger checkpoint 1"]);
  assert.deepEqual(play.collected(1), ["log 1"]);
  play.completed(1);
  return play;
}

test("CC8 T42 a savepoint whose folder does not answer holds up no checkpoint, and is complete by itself when it does", () => {
  const play = running();
  play.request("savepoint");
  assert.deepEqual(play.after(0), ["trigger savepoint 2"]);
  assert.deepEqual(play.after(1000), ["trigger checkpoint 3"], "while tasks still write the savepoint");
  assert.deepEqual(play.collected(3), ["log 3"], "it does not give up the savepoint");
  play.completed(3);
  play.collected(2);
  assert.equal(play.protocol.phaseOf(2), "saving");
  assert.equal(play.protocol.mayRestore, true, "a restart does not wait for it");
  assert.deepEqual(play.after(1000), ["trigger checkpoint 4"], "while its own manifest is being written");
  assert.deepEqual(play.saved(2), ["standAlone 2"], "and it does not become the newest state");
  play.protocol.stoodAlone(2, play.nowMs);
  assert.equal(play.protocol.phaseOf(2), null);
  assert.equal(play.protocol.newestId, 3);
});

test("CC8 CK-20 a savepoint that nothing has overtaken is the newest state", () => {
  const play = running();
  play.request("savepoint");
  play.after(0);
  play.collected(2);
  assert.deepEqual(play.after(1000), ["trigger checkpoint 3"]);
  assert.deepEqual(play.saved(2), ["log 2"]);
  play.completed(2);
  assert.equal(play.protocol.newestId, 2);
  assert.deepEqual(play.collected(3), ["log 3"]);
});

test("CC8 MA2 a savepoint never comes into the log after a younger checkpoint that may be there", () => {
  const play = running();
  play.request("savepoint");
  assert.deepEqual(play.after(1000), ["trigger savepoint 2", "trigger checkpoint 3"], "both are due");
  assert.deepEqual(play.collected(3), ["log 3"]);
  play.collected(2);
  assert.deepEqual(play.saved(2), ["standAlone 2"], "checkpoint 3 is being written");
});

test("CC8 requests that wait behind a savepoint hold up no checkpoint either", () => {
  const play = running();
  play.request("savepoint");
  play.after(0);
  play.request("stop");
  play.request("savepoint", "file:///other");
  assert.deepEqual(play.after(1000), ["trigger checkpoint 3"]);
  play.collected(3);
  play.completed(3);
  assert.deepEqual(play.after(1000), ["trigger checkpoint 4"]);
  play.collected(4);
  play.completed(4);
  play.fails(2);
  assert.deepEqual(play.after(0), ["trigger stop 5"], "the older request first");
  assert.deepEqual(play.after(5000), [], "SP-2");
});

test("CC8 the final checkpoint does not wait for a savepoint, and the job's end does", () => {
  const play = running();
  play.request("savepoint");
  play.after(0);
  play.allAtEnd = true;
  assert.deepEqual(play.after(0), ["trigger checkpoint 3"]);
  play.collected(3);
  play.completed(3);
  assert.equal(play.protocol.mayFinish(true), false);
  play.fails(2);
  assert.equal(play.protocol.mayFinish(true), true);
});

test("P-40 T42 requests that fail again and again do not put off the next periodic checkpoint", () => {
  for (const kind of ["savepoint", "stop"] as const) {
    const play = running({ minPauseMs: 500 });
    let triggered = false;
    for (let attempt = 0; attempt < 10 && !triggered; attempt++) {
      play.request(kind);
      play.after(0);
      play.fails(attempt + 2);
      triggered = play.after(400).some((said) => said.startsWith("trigger checkpoint"));
    }
    assert.ok(triggered, kind);
    assert.equal(play.nowMs, 2200, "an interval after the one before");
  }
});

test("CC2 the final checkpoint waits for a periodic one that is on its way", () => {
  const play = running();
  play.after(1000);
  play.allAtEnd = true;
  assert.deepEqual(play.after(1000), []);
  play.collected(2);
  play.completed(2);
  assert.equal(play.said.at(-1), "trigger checkpoint 3");
});

test("CC9 nothing is triggered before the folder is known to take files, and checkpoints go on meanwhile", () => {
  for (const kind of ["savepoint", "stop", "drain"] as const) {
    const play = running();
    const request = { kind, triggerId: "t", target: "file:///s", isExactTarget: true };
    assert.deepEqual(play.hear(play.protocol.request(request)), [`probe ${kind}`]);
    assert.equal(play.protocol.isStopping, kind !== "savepoint");
    assert.deepEqual(play.after(1000), ["trigger checkpoint 2"]);
    play.collected(2);
    play.completed(2);
    assert.deepEqual(play.hear(play.protocol.probed(request, away)), [`refuse ${kind}`]);
    assert.equal(play.protocol.isStopping, false);
    assert.deepEqual(play.after(1000), ["trigger checkpoint 3"]);
    assert.deepEqual(play.hear(play.protocol.probed(request, null)), [], "a late answer says nothing more");
  }
});

test("CC6 a drain that fails restarts everything, whatever the reason; one that was not triggered, and a stop, do not", () => {
  const reasons: Record<string, (play: Play) => string[]> = {
    declined: (play) => play.fails(2),
    "declined before the barrier": (play) => play.fails(2, null),
    "a task failed": (play) => play.hear(play.protocol.tasksFailed("a task failed", play.nowMs)),
    "its folder is full": (play) => {
      play.collected(2);
      return play.writeFails(2, toErrorInfo(new StreamError("STORE_FULL", "full")));
    },
  };
  for (const [reason, happens] of Object.entries(reasons)) {
    for (const kind of ["drain", "stop"] as const) {
      const play = running();
      play.request(kind);
      assert.deepEqual(play.after(0), [`trigger ${kind} 2`]);
      const effects = happens(play);
      assert.deepEqual(effects.includes("restartAll"), kind === "drain", reason);
      assert.ok(effects.includes(`giveUp ${kind} 2`) && effects.includes(`refuse ${kind}`), reason);
      assert.equal(play.protocol.isStopping, false, reason);
      assert.equal(play.protocol.hasStopped, false, reason);
      assert.deepEqual(play.after(1000), ["trigger checkpoint 3"], "S40");
    }
  }
  const early = running();
  const request = { kind: "drain", triggerId: "t", target: "file:///s", isExactTarget: true } as const;
  early.protocol.request(request);
  assert.deepEqual(early.hear(early.protocol.tasksFailed("a task failed", early.nowMs)), ["refuse drain"]);
});

test("CC4 while it is not known whether a manifest exists nothing is restored, and then the log decides", () => {
  const play = running();
  play.after(1000);
  assert.deepEqual(play.collected(2), ["log 2"]);
  assert.equal(play.protocol.mayRestore, false, "it is being written");
  assert.deepEqual(play.writeFails(2), ["again 2"]);
  assert.equal(play.protocol.mayRestore, false);
  play.nowMs += 10_000;
  assert.deepEqual(play.writeFails(2), ["giveUp checkpoint 2", "learn 2"]);
  assert.equal(play.protocol.phaseOf(2), null);
  assert.equal(play.protocol.mayRestore, false, "it may exist");
  assert.equal(play.protocol.learned(7, 7), false, "an answer to another question");
  assert.equal(play.protocol.mayRestore, false);
  assert.equal(play.protocol.learned(2, 2), true);
  assert.equal(play.protocol.mayRestore, true);
  assert.equal(play.protocol.newestId, 2);
});

test("CC7 a failure takes back no stop whose manifest may exist; what the log says decides it", () => {
  for (const until of ["saving", "writing", "settling"]) {
    const play = running();
    play.request("stop");
    play.after(0);
    play.collected(2);
    if (until !== "saving") assert.deepEqual(play.saved(2), ["log 2"]);
    if (until === "settling") {
      play.nowMs += 10_000;
      assert.deepEqual(play.writeFails(2), ["settle 2"]);
    }
    assert.equal(play.protocol.phaseOf(2), until);
    assert.deepEqual(play.hear(play.protocol.tasksFailed("a task failed", play.nowMs)), []);
    assert.equal(play.protocol.isStopping, true);
    assert.equal(play.protocol.mayRestore, false);
  }
  const settled = running();
  settled.request("stop");
  settled.after(0);
  settled.collected(2);
  settled.saved(2);
  settled.nowMs += 10_000;
  settled.writeFails(2);
  const effects = settled.hear(settled.protocol.notStopped(2, away, settled.nowMs));
  assert.deepEqual(effects, ["giveUp stop 2", "refuse stop"]);
  assert.equal(settled.protocol.isStopping, false);
  assert.deepEqual(settled.after(1000), ["trigger checkpoint 3"], "S40");
});

test("CC7 a job that was restored from what stopped it takes no checkpoint, and may finish", () => {
  const play = new Play({}, { kind: "stop", triggerId: "t" });
  assert.deepEqual(play.after(5000), []);
  assert.equal(play.protocol.hasStopped, true);
  assert.equal(play.protocol.mayFinish(false), false);
  assert.equal(play.protocol.mayFinish(true), true);
});

test("CC10 T16 a final checkpoint that fails with what no repetition cures fails the job; another failure is repeated", () => {
  const play = running();
  play.allAtEnd = true;
  assert.deepEqual(play.after(0), ["trigger checkpoint 2"]);
  assert.deepEqual(play.fails(2), ["giveUp checkpoint 2"]);
  assert.deepEqual(play.after(100), []);
  assert.deepEqual(play.after(500), ["trigger checkpoint 3"]);
  assert.deepEqual(play.fails(3, tooLarge), ["giveUp checkpoint 3", "failJob"]);
});

test("CC10 the same failure of a periodic checkpoint, or of a savepoint, leaves the job running", () => {
  const play = running();
  play.after(1000);
  assert.deepEqual(play.fails(2, tooLarge), ["giveUp checkpoint 2"]);
  play.request("savepoint");
  play.after(0);
  assert.deepEqual(play.fails(3, tooLarge), ["giveUp savepoint 3", "refuse savepoint"]);
});

test("CC5 trouble is what periodic checkpoints have; a completed one ends it, and savepoints say nothing of it", () => {
  const play = running({ tolerableFailures: 2 });
  const failures = (): number | null => play.protocol.trouble?.failures ?? null;
  assert.equal(failures(), null);
  for (const id of [2, 3]) {
    play.after(1000);
    play.fails(id);
  }
  assert.deepEqual(play.protocol.trouble, { failures: 2, reason: "the disk is away" });
  play.request("savepoint");
  play.after(0);
  play.fails(4);
  assert.equal(failures(), 2);
  play.after(1000);
  assert.deepEqual(play.fails(5), ["giveUp checkpoint 5", "failOver"]);
  assert.equal(failures(), 3);
  play.after(1000);
  play.collected(6);
  play.completed(6);
  assert.equal(failures(), null);
  play.after(1000);
  play.collected(7);
  assert.deepEqual(play.writeFails(7), ["again 7"]);
  assert.deepEqual(play.protocol.trouble, { failures: 0, reason: "the disk is away" }, "it is told while it is tried");
});

test("CC3 a completed checkpoint gives up older ones that are on their way", () => {
  const play = running({ maxConcurrent: 3 });
  play.after(1000);
  play.after(1000);
  assert.deepEqual(play.hear(play.protocol.collected(3, play.nowMs)), ["giveUp checkpoint 2"]);
});

/** Whatever happens in whatever order. */
type Deed = { readonly what: number; readonly which: number; readonly ms: number };

test("whatever happens, the log is asked for one checkpoint at a time and in the order of ids (MA2), and each request ends once", () => {
  const deed: fc.Arbitrary<Deed> = fc.record({ what: fc.nat(9), which: fc.nat(5), ms: fc.nat(1500) });
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 80 }), (deeds) => {
      const play = new Play({ maxConcurrent: 2 });
      const ended = new Map<CheckpointRequest, number>();
      let lastLogged = 0;
      const alive = (): number[] =>
        Array.from({ length: 100 }, (_, index) => index + 1).filter((id) => play.protocol.phaseOf(id) !== null);
      const requests: CheckpointRequest[] = [];
      const listen = (effects: readonly ProtocolEffect[]): void => {
        for (const effect of effects) {
          if (effect.kind === "refuse") ended.set(effect.request, (ended.get(effect.request) ?? 0) + 1);
          if (effect.kind !== "log") continue;
          assert.ok(effect.id > lastLogged, `${effect.id} comes into the log after ${lastLogged}`);
          lastLogged = effect.id;
        }
        const written = alive().filter((id) => ["writing", "settling"].includes(play.protocol.phaseOf(id) ?? ""));
        assert.ok(written.length <= 1, `${written.join()} are written at once`);
        if (written.length === 1) assert.equal(play.protocol.mayRestore, false);
      };
      for (const { what, which, ms } of deeds) {
        const ids = alive();
        const id = ids[which % Math.max(1, ids.length)] ?? 0;
        const phase = play.protocol.phaseOf(id);
        const { nowMs } = play;
        if (what === 0 && !play.protocol.isStopping) {
          const kind = (["savepoint", "savepoint", "stop", "checkpoint"] as const)[which % 4] ?? "savepoint";
          const target = kind === "checkpoint" ? null : "file:///s";
          const request = { kind, triggerId: String(requests.length), target, isExactTarget: false };
          requests.push(request);
          listen(play.protocol.request(request));
        } else if (what === 1) {
          for (const request of requests) listen(play.protocol.probed(request, which === 0 ? away : null));
        } else if (what === 2) listen(play.protocol.failed(id, "declined", away, nowMs));
        else if (what === 3 && which === 0) listen(play.protocol.tasksFailed("a task failed", nowMs));
        else if (what === 4) listen(play.protocol.writeFailed(id, away, { nowMs, delayMs: 9000 }));
        else if (phase === "collecting") listen(play.protocol.collected(id, nowMs));
        else if (phase === "saving") listen(play.protocol.saved(id));
        else if (phase === "settling") listen(play.protocol.notStopped(id, away, nowMs));
        else if (phase === "writing") play.protocol.completed(id, nowMs);
        if (play.protocol.hasStopped) break;
        play.nowMs += ms;
        const { effects } = play.protocol.advance({ nowMs: play.nowMs, allRunning: true, allAtEnd: false });
        listen(effects);
        for (const effect of effects) if (effect.kind === "standAlone") play.protocol.stoodAlone(effect.id, play.nowMs);
      }
      for (const [request, times] of ended) assert.equal(times, 1, `${request.kind} was refused ${times} times`);
    }),
  );
});
