/**
 * Says when somebody has failed to log in three times within a minute, and forgets failures after that minute.
 *
 *   streamjob run examples/07-testing/job.ts -- [--failures <n>]
 */
import { parseArgs } from "node:util";
import { job, t, value, type ValueOf } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

const Login = t.record({ user: t.string, ok: t.boolean });
export type Login = { readonly user: string; readonly ok: boolean };
const Alert = t.record({ user: t.string, failures: t.int64 });
export type Alert = ValueOf<typeof Alert>;

const MINUTE_MS = 60_000;

export default job((env) => {
  const { values } = parseArgs({ args: [...env.args], options: { failures: { type: "string", default: "3" } } });
  const failuresMax = Number(values.failures);
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
    .process(
      {
        state: { failures: value(t.int64) },
        process(login, { state: { failures }, timers, clock, out }) {
          if (login.ok) return failures.clear();
          const count = (failures.value() ?? 0) + 1;
          failures.update(count);
          if (count === 1) timers.registerProcessingTime(clock.nowMs() + MINUTE_MS);
          if (count >= failuresMax) out.collect({ user: login.user, failures: count });
        },
        onTimer(_timestamp, { state: { failures } }) {
          failures.clear();
        },
      },
      { uid: "failures", type: Alert },
    )
    .sinkTo(filesSink({ directory: "alerts", suffix: ".jsonl" }), { uid: "alerts" });
});
