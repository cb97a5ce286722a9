import assert from "node:assert/strict";
import test from "node:test";
import { silentLog } from "../base/index.ts";
import type { Log } from "../base/index.ts";
import { ManualClock } from "../runtime/testkit/index.ts";
import { openIdentity } from "./identity.ts";
import { identityFiles, identityFolder, termNow } from "./identity-folder.test-support.ts";

const first = identityFiles();
const second = identityFiles({ term: termNow(2) });

test("SEC-8, IDN3: a renewed folder is in force after the next look, and its listeners are told once", (context) => {
  const folder = identityFolder(context, first);
  const clock = new ManualClock();
  const identity = openIdentity(folder.path, { clock, log: silentLog });
  assert.deepEqual(identity.files, first);
  const told: string[] = [];
  identity.onRenewal(({ cert }) => told.push(cert));
  clock.advance("5s");
  assert.deepEqual(told, []);
  folder.replace(second);
  clock.advance("5s");
  assert.deepEqual(identity.files, second);
  assert.deepEqual(told, [second.cert]);
  identity.close();
  folder.replace(first);
  clock.advance("5s");
  assert.deepEqual(identity.files, second);
  assert.equal(clock.armed, 0);
});

test("IDN2: files that do not fit together are never taken; the log says so once, and better ones are", (context) => {
  const folder = identityFolder(context, first);
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_facts, message) => warnings.push(message) };
  const clock = new ManualClock();
  const identity = openIdentity(folder.path, { clock, log });
  const stranger = identityFiles({ root: 8 });
  for (const wrong of [
    { ...second, key: first.key },
    { ...second, ca: stranger.ca },
    { ca: second.ca, cert: second.cert },
    { ...second, cert: "nonsense" },
  ]) {
    warnings.length = 0;
    folder.replace(wrong);
    clock.advance("10s");
    assert.deepEqual(identity.files, first);
    assert.deepEqual(warnings, ["renewed certificates cannot be used"]);
  }
  folder.replace(second);
  clock.advance("1s");
  assert.deepEqual(identity.files, second);
  identity.close();
});

test("a folder without an identity is refused, with where it should come from", (context) => {
  const folder = identityFolder(context, { ...first, key: second.key });
  assert.throws(() => openIdentity(folder.path, { clock: new ManualClock(), log: silentLog }), {
    code: "OPTION_INVALID",
    message: /tls\.key is of another certificate.*Secret <incarnation>-tls/,
  });
  assert.throws(() => openIdentity("/nowhere", { clock: new ManualClock(), log: silentLog }), {
    code: "OPTION_INVALID",
  });
});
