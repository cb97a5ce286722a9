/**
 * Says when somebody has failed to log in three times within a minute, and forgets failures after that minute.
 *
 *   streamjob run examples/07-testing/job.ts -- [--failures <n>]
 */
import { parseArgs } from "node:util";
import { job, type KeyedProcessFunction, t, type ValueState } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

const Login = t.record({ user: t.string, ok: t.boolean });
export type Login = { readonly user: string; readonly ok: boolean };
export type Alert = { readonly user: string; readonly failures: number };

const MINUTE_MS = 60_000;

function countFailures(failuresMax: number): KeyedProcessFunction<string, Login, Alert> {
  let failures: ValueState<number>;
  return {
    open(context) {
      failures = context.state.value({ name: "failures", type: t.int64 });
    },
    process(login, context) {
      if (login.ok) return failures.clear();
      const count = (failures.value() ?? 0) + 1;
      failures.update(count);
      if (count === 1) context.timers.registerProcessingTime(context.clock.nowMs() + MINUTE_MS);
      if (count >= failuresMax) context.out.collect({ user: login.user, failures: count });
    },
    onTimer() {
      failures.clear();
    },
  };
}

export default job((env) => {
  const { values } = parseArgs({ args: [...env.args], options: { failures: { type: "string", default: "3" } } });
  env.configure({ name: "failed-logins", checkpoints: { interval: "1s" } });
  env
    .fromSource(
      generatorSource({
        type: Login,
        generate: (index) => ({ user: `u${index % 7}`, ok: index % 3 > 0 }),
        ratePerSecond: 5,
      }),
      { uid: "logins" },
    )
    .keyBy("user")
    .process(countFailures(Number(values.failures)), { uid: "failures" })
    .sinkTo(filesSink({ directory: "alerts", suffix: ".jsonl" }), { uid: "alerts" });
});
