/** The example of docs/kafka.md compiles, and does on a real broker what the page says. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PageExamples } from "../docs/page-examples.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { testKafka } from "./kafka-topics.ts";

const kafka = await testKafka();
const examples = new PageExamples("docs/kafka.md");

it("the example of docs/kafka.md compiles", async () => {
  assert.deepEqual(examples.names, ["totals.ts"]);
  assert.equal(await examples.typeErrors(), "");
});

describe("the example of docs/kafka.md", { skip: kafka.skip }, () => {
  it("writes the totals of each customer, in order", () =>
    inWorkspace("kafka-page", async (workspace) => {
      const topics = kafka.topics();
      const [from, to] = [await topics.create("orders", 2), await topics.create("totals", 2)];
      const orders = Array.from({ length: 30 }, (_, index) => ({ customer: `c${index % 3}`, amount: index }));
      await topics.write(
        from,
        orders.map((order) => ({ value: JSON.stringify(order), key: order.customer, partition: 0 })),
      );
      const module = examples.path("totals.ts");
      const run = await workspace.start({
        module,
        args: [topics.bootstrap, from, to],
        parallelism: 1,
        taskManagers: 1,
      });
      await run.until("all totals", async () => (await topics.read(to)).length === orders.length);
      const written = (await topics.read(to)).map(({ key, value }) => [key, JSON.parse(value as string) as unknown]);
      for (const customer of ["c0", "c1", "c2"]) {
        let amount = 0;
        const expected = orders
          .filter((order) => order.customer === customer)
          .map((order) => ({ customer, amount: (amount += order.amount) }));
        assert.deepEqual(
          written.filter(([key]) => key === customer).map(([, total]) => total),
          expected,
        );
      }
      await run.cancel();
    }));
});
