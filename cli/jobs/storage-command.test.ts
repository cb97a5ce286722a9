import assert from "node:assert/strict";
import { test } from "node:test";
import pc from "picocolors";
import { jobId, seededRandom, systemClock } from "../../base/index.ts";
import { claimEpoch, fencePredecessor, writeFence } from "../../runtime/checkpoint/index.ts";
import { openStore } from "../../runtime/storage/index.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { storageListCommand } from "./storage-command.ts";

const random = seededRandom(3);
const OLD = jobId("a".repeat(32));
const NEW = jobId("b".repeat(32));

async function listed(location: string, output: "text" | "json" = "text"): Promise<string> {
  const lines: string[] = [];
  const terminal: Terminal = {
    out: (line) => void lines.push(line),
    say: (line) => void lines.push(line),
    whenUnread: new Promise(() => {}),
    columns: null,
    colors: pc.createColors(false),
    clock: systemClock,
    random,
  };
  assert.equal(await storageListCommand(terminal, { location, output }), 0);
  return lines.join("\n");
}

test("`storage list` says of each place what it is, how large, and what becomes of it", async () => {
  const location = `memory://listed-${random.hex(4)}`;
  assert.match(await listed(location), /^There is no store and no savepoint below memory:/);
  const store = await openStore(location);
  const identity = { processId: "c".repeat(32), random, clock: systemClock };
  const fence = await writeFence(await claimEpoch(store, { ...identity, jobId: OLD }), { jobName: "words" });
  assert.ok(fence.kind === "ready");
  await store.put(`data/0000000001-0000000001/${"d".repeat(64)}`, Buffer.alloc(3 * 1024 * 1024));
  const facts = { triggeredMs: 1, completedMs: 2, storeUri: null, operators: [], committables: 0 };
  await fence.log.complete({ kind: "checkpoint", checkpointId: 1, ...facts });
  assert.match(
    await listed(location),
    /^store +memory:\S+ +words +1 +1970-01-01T00:00:00Z +3\.0 MiB +kept: the newest state/m,
  );
  await fencePredecessor(store, { ...identity, jobId: NEW, jobName: "words" });
  assert.match(await listed(location), new RegExp(`3\\.0 MiB go when ${NEW} is stable, which has taken it over`));
  const { items } = JSON.parse(await listed(location, "json")) as {
    readonly items: readonly { readonly verdict: object }[];
  };
  assert.deepEqual(Object.keys(items[0]?.verdict ?? {}), ["kind", "successor", "bytes"]);
});
