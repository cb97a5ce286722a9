import assert from "node:assert/strict";
import test from "node:test";
import { ManualClock } from "../../runtime/testkit/index.ts";
import { RestAccess } from "./access.ts";
import { handWrittenReviews } from "./hand-written-reviews.test-support.ts";

const object = { namespace: "apps", job: "wc" } as const;

function opened() {
  const reviews = handWrittenReviews();
  const clock = new ManualClock();
  return { reviews, clock, access: new RestAccess({ reviews, audiences: ["streamjob.dev"], clock }) };
}

test("RAC2: a verdict is asked for once in ten seconds, for each token and each right", async () => {
  const { reviews, clock, access } = opened();
  const ask = async (): Promise<void> => {
    const user = await access.identify("Bearer reader-1");
    await access.permit(user, { ...object, verb: "get" });
    await assert.rejects(access.permit(user, { ...object, verb: "create" }), { status: 403 });
    await assert.rejects(access.identify("Bearer nobody"), { status: 401 });
  };
  await ask();
  await ask();
  assert.deepEqual(reviews.tokens, ["reader-1", "nobody"]);
  assert.deepEqual(
    reviews.rights.map(({ verb, subresource, name }) => `${verb} ${subresource} ${name}`),
    ["get rest wc", "create rest wc"],
  );
  clock.advance("10s");
  await ask();
  assert.equal(reviews.tokens.length, 4);
  assert.equal(reviews.rights.length, 4);
});

test("the right for one StreamJob, namespace, verb or user is none for another", async () => {
  const { reviews, access } = opened();
  const user = { username: "writer-1" };
  await access.permit(user, { ...object, verb: "create" });
  await access.permit(user, { ...object, verb: "get" });
  await access.permit(user, { ...object, job: "other", verb: "create" });
  await access.permit(user, { ...object, namespace: "other", verb: "create" });
  await access.permit({ ...user, groups: ["a"] }, { ...object, verb: "create" });
  await access.permit({ ...user, uid: "2" }, { ...object, verb: "create" });
  assert.equal(reviews.rights.length, 6);
  await assert.rejects(access.permit({ username: "reader-1" }, { ...object, verb: "create" }), { status: 403 });
});

test("a header without a bearer token asks nobody, and is refused with where a token comes from", async () => {
  const { reviews, access } = opened();
  for (const header of [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "Basic cmVhZGVyLTE6",
    "reader-1",
    "Bearer a b",
    "Bearer é",
  ]) {
    await assert.rejects(access.identify(header), {
      status: 401,
      headers: { "WWW-Authenticate": "Bearer" },
      message: /kubectl create token <service account> --audience streamjob\.dev/,
    });
  }
  assert.deepEqual(reviews.tokens, []);
});

test("RAC3: any number of tokens that nobody has push out no good one", async () => {
  const { reviews, access } = opened();
  await access.identify("Bearer reader-1");
  for (let i = 0; i < 3000; i++) await assert.rejects(access.identify(`Bearer nobody${i}`));
  await access.identify("Bearer reader-1");
  assert.equal(reviews.tokens.filter((token) => token === "reader-1").length, 1);
});

test("RAC4: the same token is asked for once at a time; of many others some are asked to come back", async () => {
  const { reviews, access } = opened();
  const open = reviews.hold();
  const same = [1, 2, 3].map(() => access.identify("Bearer reader-1"));
  const others = Array.from({ length: 31 }, (_, i) => access.identify(`Bearer writer-${i}`));
  await assert.rejects(access.identify("Bearer reader-2"), { status: 503, headers: { "Retry-After": "1" } });
  open();
  for (const user of await Promise.all(same)) assert.equal(user.username, "reader-1");
  await Promise.all(others);
  assert.equal(reviews.tokens.length, 32);
  await access.identify("Bearer reader-2");
});

test("RAC1: while the API server does not answer nobody is served, and nothing of that is remembered", async () => {
  const { reviews, access } = opened();
  reviews.isDown = true;
  await assert.rejects(access.identify("Bearer reader-1"), {
    status: 503,
    message: /TokenReview.*ECONNREFUSED; try again/,
  });
  await assert.rejects(access.permit({ username: "reader-1" }, { ...object, verb: "get" }), { status: 503 });
  reviews.isDown = false;
  const user = await access.identify("Bearer reader-1");
  await access.permit(user, { ...object, verb: "get" });
});
