import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OperatorContext } from "../../ports/index.ts";
import { t } from "../../record/index.ts";
import { boundFunction, type ScalarUserFunction } from "./bound-function.ts";
import { type OpenedFunction, scalarFunction } from "./definition.ts";
import { RunningFunctions } from "./running-functions.ts";

type Opened = OpenedFunction<(value: number) => number>;

/** Each is asked for. */
function running(...opens: readonly (() => Opened | Promise<Opened>)[]): RunningFunctions {
  const functions = new RunningFunctions();
  for (const [at, open] of opens.entries()) {
    const definition = scalarFunction({ arguments: [t.int32], returns: t.int32, open });
    functions.callOf(boundFunction(`f${at}`, { origin: "here", definition }) as ScalarUserFunction);
  }
  return functions;
}

describe("functions that are opened are closed (SQZD2)", () => {
  const call = (value: number): number => value;

  it("also when another one cannot be, which is said", async () => {
    const closed: string[] = [];
    const fails = (): never => {
      throw new Error("no way");
    };
    const functions = running(
      () => ({ call, close: fails }),
      () => ({ call, close: () => void closed.push("second") }),
    );
    await functions.open({} as OperatorContext);
    await assert.rejects(functions.close(), {
      code: "USER_FUNCTION_FAILED",
      message: /f0 could not be closed: Error: no way/,
    });
    assert.deepEqual(closed, ["second"]);
    await functions.close();
    assert.deepEqual(closed, ["second"]);
  });

  it("also when the task has ended while one was opened, and no other is opened then", async () => {
    const { promise, resolve } = Promise.withResolvers<Opened>();
    const story: string[] = [];
    const functions = running(
      () => promise,
      () => {
        story.push("second opened");
        return { call };
      },
    );
    const opening = functions.open({} as OperatorContext);
    await functions.close();
    resolve({ call, close: () => void story.push("first closed") });
    await opening;
    assert.deepEqual(story, ["first closed"]);
  });
});
