import assert from "node:assert/strict";
import test from "node:test";
import type { Pod } from "../../kubernetes/api/index.ts";
import { endedTrouble, memoryTrouble, podTrouble, standbyTrouble } from "./pod-trouble.ts";
import { reconcile } from "../reconcile.ts";
import { settings, SimulatedWorld, specOf } from "../simulated-world.test-support.ts";

type Status = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

const pods = (status: Partial<Status>): readonly Pod[] => [
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "wc-2-jobmanager-0", namespace: "default" },
    spec: { containers: [] },
    status: { containerStatuses: [{ name: "main", ready: false, restartCount: 3, ...status }] },
  },
];
const terminated = (message: string, more: object = {}) => ({ exitCode: 4, reason: "Error", message, ...more });
const line = (level: number, msg: string, second: number): string =>
  JSON.stringify({ level, time: `2031-01-01T00:00:0${second}Z`, msg, err: { message: "the store is full" } });

test("T38 PT1: a container that ends again and again is one story, whatever it does between two ends", () => {
  const tail = (second: number): string => [line(50, "cannot lead", second), line(30, "closes", second)].join("\n");
  const backOff = { reason: "CrashLoopBackOff", message: "back-off 10 s: it ended with exit code 4" };
  const story = "pod wc-2-jobmanager-0: its container ends with: cannot lead: the store is full (exit code 4)";
  const states: readonly Partial<Status>[] = [
    { state: { terminated: terminated(tail(1)) } },
    { state: { waiting: backOff }, lastState: { terminated: terminated(tail(2)) } },
    { state: { running: {} }, lastState: { terminated: terminated(tail(3)) } },
    { state: { running: {} }, ready: true, restartCount: 4, lastState: { terminated: terminated(tail(4)) } },
    { state: { waiting: { reason: "ContainerCreating" } }, lastState: { terminated: terminated(tail(5)) } },
  ];
  assert.deepEqual([...new Set(states.map((state) => standbyTrouble(pods(state))))], [story]);
});

const ends: Readonly<Record<string, readonly [Status["lastState"], RegExp]>> = {
  "an exception that nobody caught": [
    {
      terminated: terminated(
        "file:///job.ts:3\n  throw new Error()\n  ^\n\nError: no such topic\n    at file:///job.ts:3:9\n\nNode.js v24.1.0",
      ),
    },
    /ends with: Error: no such topic \(exit code 4\)$/,
  ],
  "nothing at all": [{ terminated: terminated("") }, /ends with exit code 4$/],
  "a line that is cut": [
    { terminated: terminated('{"level":50,"msg":"cut') },
    /\{"level":50,"msg":"cut \(exit code 4\)$/,
  ],
};
for (const [name, [lastState, words]] of Object.entries(ends)) {
  test(`PT1: the pod's own words: ${name}`, () => {
    assert.match(standbyTrouble(pods({ state: { running: {} }, ...(lastState && { lastState }) })) ?? "", words);
  });
}

const ofMemory = (name: string, ended: object, limits?: object): readonly Pod[] => {
  const [pod] = pods({ name, state: { running: {} }, lastState: { terminated: terminated("", ended) } });
  const spec = { containers: [{ name, image: "i", ...(limits && { resources: { limits } }) }] };
  return [{ ...(pod as Pod), spec }];
};
const killed = { exitCode: 137, reason: "OOMKilled" };
const trace = "----- Native stack trace -----\n 1: 0x7 node::OOMErrorHandler(char const*, v8::OOMDetails const&)";
const lacks: Readonly<Record<string, readonly [readonly Pod[], RegExp]>> = {
  "a TaskManager's": [
    ofMemory("taskmanager", killed, { memory: "1Gi" }),
    /container taskmanager was killed for its memory \(OOMKilled, exit code 137\): its limit is 1Gi; raise spec\.taskManager\.resources\.limits\.memory, or run fewer slots$/,
  ],
  "a JobManager's, which aborts by itself": [
    ofMemory("jobmanager", { exitCode: 134, message: trace }, { memory: "256Mi" }),
    /ran out of heap \(exit code 134\): the container's memory limit is 256Mi; raise spec\.jobManager\.resources/,
  ],
  "a node's": [ofMemory("taskmanager", killed), /no limit is set, so its node had no memory left/],
  "a sidecar's": [
    ofMemory("side", killed, { memory: 1 }),
    /its limit is 1; raise its memory limit in the pod template$/,
  ],
};
for (const [whose, [which, words]] of Object.entries(lacks)) {
  test(`PT2: ${whose} lack of memory is told with its limit, also while the pod runs again`, () => {
    assert.match(memoryTrouble(which) ?? "", words);
    assert.match(standbyTrouble(which) ?? "", words);
  });
}

test("PT2: no other end is told as a lack of memory", () => {
  const other = [{ exitCode: 137 }, { exitCode: 134, message: "Assertion failed" }, { exitCode: 0 }];
  for (const ended of other) assert.equal(memoryTrouble(ofMemory("taskmanager", ended)), null);
});

test("PT1: an error whose stack is longer than what is kept of the log is told by the short line behind it", () => {
  const long = line(50, "the clean-up failed", 1).repeat(30).slice(-1800);
  const short = JSON.stringify({ level: 50, reason: "no broker answers", msg: "the clean-up failed" });
  const [pod] = pods({ state: { terminated: terminated(`${long}\n${short}\n`) } });
  assert.ok(pod !== undefined);
  assert.match(endedTrouble(pod) ?? "", /ends with: the clean-up failed: no broker answers \(/);
});

test("a container that runs again is no trouble now, nor is one that ended well", () => {
  assert.equal(podTrouble(pods({ state: { running: {} }, lastState: { terminated: terminated("x") } })), null);
  assert.equal(standbyTrouble(pods({ state: { running: {} }, lastState: { terminated: { exitCode: 0 } } })), null);
});

test("what is waited for says its own message", () => {
  const state = { waiting: { reason: "ImagePullBackOff", message: "no such image: x" } };
  assert.equal(podTrouble(pods({ state })), "pod wc-2-jobmanager-0: ImagePullBackOff: no such image: x");
});

test("T38: what the status says of a standby that crashes again and again does not change between two ends", () => {
  const world = new SimulatedWorld(specOf("good"));
  world.run(5000, () => world.podNames.length > 0 && world.status.operation?.step === "Standby");
  const ended = { terminated: terminated(line(50, "cannot lead", 1)) };
  const states: readonly Partial<Status>[] = [
    { state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10 s" } }, lastState: ended },
    { state: { running: {} }, lastState: ended },
    { state: { running: {} }, ready: true, lastState: ended },
    { state: ended },
  ];
  const told = new Set<string>();
  for (const state of [...states, ...states]) {
    const observed = world.observe();
    const incarnations = observed.incarnations.map((incarnation) => ({
      ...incarnation,
      pods: incarnation.pods.map((pod) => ({ ...pod, status: pods(state)[0]?.status ?? {} })),
    }));
    world.apply(observed, reconcile({ ...observed, incarnations }, settings, world.nowMs));
    const { conditions } = world.status;
    told.add(JSON.stringify(conditions.map(({ type, status, reason, message }) => [type, status, reason, message])));
  }
  assert.equal(told.size, 1, [...told].join("\n"));
  assert.match([...told][0] ?? "", /"Stalled","True","NotReady",".*cannot lead: the store is full/);
});
