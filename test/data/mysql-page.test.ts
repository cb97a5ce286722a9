/** The examples of docs/mysql.md compile, and do on a real server what the page says. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Job } from "../../runtime/api/index.ts";
import { JobDriver } from "../../runtime/testkit/index.ts";
import { PageExamples } from "../docs/page-examples.ts";
import { testDatabase } from "./database.ts";

const examples = new PageExamples("docs/mysql.md");
const mariadb = await testDatabase("page");

const url = (): string => {
  const { user, password, host, port, database } = mariadb.database().address;
  return `mysql://${user}:${password}@${host}:${port}/${database}`;
};

describe("the examples of docs/mysql.md", () => {
  it("compile", async () => {
    assert.deepEqual(examples.names, ["words.ts", "products.ts"]);
    assert.equal(await examples.typeErrors(), "");
  });

  it("write the counts of words", { skip: mariadb.skip }, async () => {
    const database = mariadb.database();
    await database.run("create table t_wordcount (word varchar(100) primary key, count bigint not null)");
    const { default: words } = (await examples.load("words.ts")) as { default: Job };
    await using driver = await JobDriver.start(words, { args: [url()], keepSinks: ["mysql"], patience: "60s" });
    await driver.run();
    assert.deepEqual(await database.rows("select word, count from t_wordcount order by word"), [
      { word: "be", count: 2 },
      { word: "not", count: 1 },
      { word: "or", count: 1 },
      { word: "to", count: 2 },
    ]);
  });

  it("look up products", { skip: mariadb.skip }, async () => {
    const database = mariadb.database();
    await database.run("create table products (id varchar(10) primary key, name varchar(40), price decimal(10, 2))");
    await database.run("insert into products values ('1', 'bell', 4.5), ('2', 'tyre', 30)");
    const { default: products } = (await examples.load("products.ts")) as { default: Job };
    await using driver = await JobDriver.start(products, { args: [url()], patience: "60s" });
    await driver.run();
    assert.deepEqual(driver.output("print"), [
      { id: "1", name: "bell", price: "4.50" },
      { id: "2", name: "tyre", price: "30.00" },
      { id: "9", name: null, price: null },
    ]);
  });
});
