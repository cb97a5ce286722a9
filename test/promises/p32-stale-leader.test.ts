/**
 * Two operator processes and a Lease. The one that leads is stopped in the middle of a call, past its lease; the other one finishes what
 * it was doing and does more; then the first one wakes up, and its call arrives.
 *
 * PSL1 Counted is what the API server and the JobManagers answered to the stale one after it woke, not what it believes.
 * PSL2 The call that was on its way is the worst there can be: nothing in the process can take it back. It has to be refused, to say
 *     nothing new to a JobManager, or, where it makes a child, to be undone by the one that leads.
 * PSL3 The other one stands for election only when the first one has stopped: before, it would take the lease from one that is merely slow.
 * PSL4 From its stop on the stale one's writes of the Lease do not arrive: with a slow leader it would be elected anew, and may write then.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { figure } from "./figures.ts";
import type { OperatorRun } from "./operator-run.ts";
import { type RecordedCall, RecordingProxy } from "./recording-proxy.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";
import { isOnKubernetes } from "./rig-cluster.ts";

const LEASE = { namespace: NAMESPACE, name: "streamjob-operator" };
/** A real API server on a busy machine may need a second for an answer. */
const election = isOnKubernetes
  ? { lease: LEASE, leaseDurationMs: 10_000, renewDeadlineMs: 6000, retryPeriodMs: 1000 }
  : { lease: LEASE, leaseDurationMs: 2000, renewDeadlineMs: 1200, retryPeriodMs: 300 };

const isStep = (step: string) => (call: RecordedCall) =>
  call.path.endsWith("/streamjobs/wc/status") && call.body.includes(`"step":"${step}"`);

const MAKING = "makes a child of the new incarnation";

/** In what call it is stopped. */
const moments: Readonly<Record<string, (call: RecordedCall) => boolean>> = {
  "writes the record of the upgrade": isStep("Standby"),
  [MAKING]: ({ method, path }) =>
    method === "PATCH" && path.includes("/statefulsets/") && path.endsWith("-taskmanager"),
  "asks the old job to stop": ({ to, path }) => to === "jobmanager" && path.endsWith("/stop"),
  "writes that the new incarnation is activated": isStep("Activating"),
  "activates the new incarnation": ({ to, path }) => to === "jobmanager" && path.endsWith("/activation"),
  "deletes a child of the old incarnation": ({ method, path }) =>
    method === "DELETE" && path.includes("/statefulsets/"),
};

const holder = async (rig: Rig): Promise<string> => (await rig.api.get("Lease", LEASE))?.spec.holderIdentity ?? "";

const isLease = ({ path }: RecordedCall): boolean => /\/leases(\/|$)/.test(path);
const isLeaseOrEvent = (call: RecordedCall): boolean => isLease(call) || /\/events(\/|$)/.test(call.path);

/** It knows that its last term is over; it may have had others before, when it was slow. */
function isOut({ run }: Candidate): boolean {
  const said = run.said();
  const began = said.split('"leading"').length - 1;
  return began > 0 && said.split('"no longer leading"').length - 1 === began;
}

type Candidate = { readonly proxy: RecordingProxy; readonly run: OperatorRun };

async function candidate(rig: Rig): Promise<Candidate> {
  const proxy = new RecordingProxy();
  return { proxy, run: rig.runOperator({ apiUrl: await proxy.before(rig.cluster.apiUrl), settings: { election } }) };
}

/** It is stopped in that call, which arrives only when `letGo` is called; if not held, at once, and the answer waits for its waking. */
function stopIn(stale: Candidate, isTheCall: (call: RecordedCall) => boolean, { isHeld = true } = {}) {
  const gate = Promise.withResolvers<void>();
  const never = new Promise<void>(() => {});
  const held: { call: RecordedCall | null; isOver: boolean } = { call: null, isOver: false };
  stale.proxy.hold((call) => {
    if (held.call !== null) return isLease(call) ? never : null; // PSL4
    if (!isTheCall(call)) return null;
    held.call = call;
    stale.run.signal("SIGSTOP");
    return isHeld ? gate.promise : null;
  });
  stale.proxy.onEnd((call) => {
    if (call === held.call) held.isOver = true;
  });
  return { held, letGo: () => gate.resolve() };
}

/** Gives how many of its calls came too late. */
async function assertStaleChangesNothing(rig: Rig, what: string, nonce: number): Promise<number> {
  const stale = await candidate(rig);
  const others: Candidate[] = [];
  const { held, letGo } = stopIn(stale, moments[what] as (call: RecordedCall) => boolean);
  try {
    await rig.until("the first one to lead", () => stale.run.said().includes('"leading"'));
    const first = await holder(rig);
    await rig.apply(rig.manifest({ restartNonce: `${nonce}` }));
    await rig.until(`it to be stopped where it ${what}`, () => held.call !== null);
    const next = await candidate(rig); // PSL3
    others.push(next);
    await rig.until("the other one to lead", async () => (await holder(rig)) !== first);
    await rig.ready();
    // Something that only the new leader has decided.
    await rig.apply(rig.manifest({ restartNonce: `${nonce}, and more` }));
    await rig.ready();

    const known = stale.proxy.calls.length;
    const before = await rig.status();
    stale.run.signal("SIGCONT");
    letGo();
    await rig.until("its call to be over", () => isOut(stale) && held.isOver);
    await rig.moreCheckpoints(2);
    const late = [held.call as unknown as RecordedCall, ...stale.proxy.calls.slice(known)].filter(
      (call) => !isLeaseOrEvent(call),
    );
    assert.equal(late.length, 1, `stopped where it ${what}: it sent something new after it woke`);
    const changing = late.filter((call) => isAccepted(call) && !isRepeated(call, next.proxy.calls));
    if (what === MAKING) await assertUndone(rig);
    else assert.deepEqual(changing, [], `stopped where it ${what}: what it could still change`);
    const after = await rig.status();
    assert.equal(after.incarnations, before.incarnations);
    assert.equal(after.active?.jobId, before.active?.jobId);
    rig.assertUnbroken();
    return late.length;
  } finally {
    letGo();
    for (const { run, proxy } of [stale, ...others]) {
      await run.kill();
      await proxy.close();
    }
  }
}

/** It has its answer as soon as it wakes, and would go on with what it had decided. */
async function assertStaleGoesOnWithNothing(rig: Rig, step: string, nonce: number): Promise<void> {
  const stale = await candidate(rig);
  const others: Candidate[] = [];
  const { held } = stopIn(stale, isStep(step), { isHeld: false });
  try {
    await rig.until("the first one to lead", () => stale.run.said().includes('"leading"'));
    const first = await holder(rig);
    await rig.apply(rig.manifest({ restartNonce: `answered ${nonce}` }));
    await rig.until(`it to be stopped in step ${step}`, () => held.call !== null);
    others.push(await candidate(rig)); // PSL3
    await rig.until("the other one to lead", async () => (await holder(rig)) !== first);
    const known = stale.proxy.calls.length;
    stale.run.signal("SIGCONT");
    await rig.until("it to notice", () => isOut(stale));
    await rig.ready();
    const late = stale.proxy.calls.slice(known).filter((call) => !isLeaseOrEvent(call));
    assert.deepEqual(late, [], `stopped after the record of ${step}: what it sent when it woke`);
    rig.assertUnbroken();
  } finally {
    for (const { run, proxy } of [stale, ...others]) {
      await run.kill();
      await proxy.close();
    }
  }
}

const isAccepted = ({ status }: RecordedCall): boolean => status !== null && status < 300;

/** A JobManager that is asked for the same under the same id says yes again, and does nothing. */
const isRepeated = ({ to, path, body }: RecordedCall, accepted: readonly RecordedCall[]): boolean =>
  to === "jobmanager" &&
  accepted.some((call) => isAccepted(call) && call.to === to && call.path === path && call.body === body);

/** An incarnation that is over by then: the leader takes away what was made for it, and it never runs. */
async function assertUndone(rig: Rig): Promise<void> {
  await rig.until("only children of the active incarnation to be there", async () => {
    const { active } = await rig.status();
    const sets = (await rig.api.list("StatefulSet", { namespace: NAMESPACE })).items;
    return sets.every(({ metadata }) => metadata.labels?.["streamjob.dev/incarnation"] === String(active?.incarnation));
  });
}

it("P-32 a stale leader changes nothing: stopped past its lease in any call of an upgrade, it is refused when it wakes", () =>
  withRig("s32", { withOperator: false, records: 300_000, rate: 400 }, async (rig) => {
    const deploying = rig.runOperator();
    await rig.apply(rig.manifest());
    await rig.ready();
    await deploying.kill();
    const all = Object.keys(moments);
    const chosen =
      process.env["STREAMJOB_ALL"] === "1" ? all : all.filter((_, place) => place % 2 === 0 || place === 1);
    let late = 0;
    for (const [place, what] of chosen.entries()) late += await assertStaleChangesNothing(rig, what, place);
    figure("P-32", `woken in ${chosen.length} calls: ${late} refused, repeated or undone, 0 sent anew`);
    const last = rig.runOperator({ settings: { election } });
    await rig.assertExact();
    await last.kill();
  }));

it("P-32 a stale leader changes nothing: woken with the answer to its last write, it does not go on with what it had decided", () =>
  withRig("s32-answered", { withOperator: false, records: 300_000, rate: 400 }, async (rig) => {
    const deploying = rig.runOperator();
    await rig.apply(rig.manifest());
    await rig.ready();
    await deploying.kill();
    for (const [place, step] of ["Standby", "Stopping"].entries()) await assertStaleGoesOnWithNothing(rig, step, place);
    const last = rig.runOperator({ settings: { election } });
    await rig.assertExact();
    await last.kill();
  }));
