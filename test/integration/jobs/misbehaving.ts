/**
 * A job that does one thing wrong, named by its first argument.
 *
 *   -- <what> [<folder of the output>]
 */
import { job, t, value } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

export default job((env) => {
  const [what = "nothing", output = "output"] = env.args;
  env.configure({ name: "misbehaving", checkpoints: { interval: "100 ms" }, restart: { strategy: "none" } });
  if (what === "build-throws") throw new Error("no words today");
  const numbers = env.fromSource(
    generatorSource({ generate: (index) => index, count: 200, ratePerSecond: 500, type: t.int64 }),
    { uid: "numbers" },
  );
  const values = numbers.map<unknown>(
    (n) => {
      if (n < 100) return n;
      if (what === "function-throws") throw new Error("the hundredth is too much");
      if (what === "bad-record") return () => n;
      return n;
    },
    { uid: "values" },
  );
  values
    // Half of the records go to the other subtask, and are encoded.
    .rebalance()
    .filter(() => true, { uid: "all" })
    .keyBy((value) => String(value).length)
    .process(
      {
        state: { last: value(t.any) },
        process(value, { state, out }) {
          state.last.update(
            what === "bad-state" && typeof value === "number" && value >= 100 ? { callback: () => value } : value,
          );
          out.collect(String(value));
        },
      },
      { uid: what === "equal-uids" ? "numbers" : "lasts", type: t.string },
    )
    .sinkTo(filesSink({ directory: output }), { uid: "files" });
});
