import assert from "node:assert/strict";
import { test } from "node:test";
import { JobDriver } from "streamjob/testkit";
import failedLogins, { type Alert } from "./job.ts";

const sources = { logins: [] };
const failed = (user: string) => ({ user, ok: false });

test("the third failure within a minute is told, and a login in between forgives", async () => {
  const driver = await JobDriver.start(failedLogins, { sources });
  for (const user of ["ann", "bob", "ann", "bob"]) driver.push("logins", failed(user));
  driver.push("logins", { user: "bob", ok: true });
  for (const user of ["ann", "bob"]) driver.push("logins", failed(user));
  await driver.run();
  assert.deepEqual(driver.output("alerts"), [{ user: "ann", failures: 3 }]);
  await driver.close();
});

test("failures are forgotten after a minute, which takes no time here", async () => {
  const driver = await JobDriver.start(failedLogins, { sources });
  for (const seconds of [0, 50, 20]) {
    await driver.advance(`${seconds}s`);
    driver.push("logins", failed("ann"));
  }
  await driver.run();
  assert.deepEqual(driver.output("alerts"), []);
  await driver.close();
});

test("a restore after every record, at another parallelism, loses no failure and tells each alert once", async () => {
  let driver = await JobDriver.start(failedLogins, { sources });
  for (let round = 0; round < 20; round++) {
    driver.push("logins", failed(`user-${round % 4}`));
    await driver.run();
    const restore = await driver.snapshot();
    await driver.close();
    driver = await JobDriver.start(failedLogins, { restore, parallelism: 1 + (round % 3) });
  }
  const alerts = driver.committed<Alert>("alerts").map(({ user, failures }) => `${user} ${failures}`);
  assert.deepEqual(
    alerts.toSorted(),
    [0, 1, 2, 3].flatMap((user) => [3, 4, 5].map((failures) => `user-${user} ${failures}`)),
  );
  await driver.close();
});

test("a new version with another limit goes on with the failures that the old one counted", async () => {
  const old = await JobDriver.start(failedLogins, { sources });
  old.push("logins", failed("ann"));
  await old.run();
  const restore = await old.snapshot();
  const driver = await JobDriver.start(failedLogins, { restore, args: ["--failures", "2"] });
  driver.push("logins", failed("ann"));
  await driver.run();
  assert.deepEqual(driver.output("alerts"), [{ user: "ann", failures: 2 }]);
  await driver.close();
});
