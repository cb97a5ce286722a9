/**
 * Counts the readings of each sensor in windows of ten seconds of event time, over two sites, one of which may fall silent.
 *
 *   streamjob run examples/08-event-time/job.ts -- [--output <folder>]
 */
import { parseArgs } from "node:util";
import { forBoundedOutOfOrderness, job, map, t, type ValueOf } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

const WINDOW_MS = 10_000;
/** How late a reading may be. */
const DELAY = "2s";
/** A site that says nothing for so long holds the others up no longer. */
const IDLE_AFTER = "5s";

const Reading = t.record({ sensor: t.string, at: t.timestamp });
const Window = t.record({ sensor: t.string, start: t.timestamp, readings: t.int64 });
export type Reading = ValueOf<typeof Reading>;

export default job((env) => {
  const { values } = parseArgs({ args: [...env.args], options: { output: { type: "string", default: "windows" } } });
  env.configure({ name: "sensors", checkpoints: { interval: "1s" } });
  const site = (name: string) =>
    env.fromSource(
      generatorSource({
        type: Reading,
        // Every fifth reading comes a second and a half late.
        generate: (index) => ({
          sensor: `${name}-${index % 2}`,
          at: index * 250 - (index % 5 === 0 ? 1_500 : 0) + 1_500,
        }),
        ratePerSecond: 100,
      }),
      {
        uid: name,
        watermarks: forBoundedOutOfOrderness<Reading>(DELAY, ({ at }) => at).withIdleness(IDLE_AFTER),
      },
    );
  site("north")
    .union(site("south"))
    .keyBy("sensor")
    .process(
      {
        state: { counts: map(t.int64, t.int64) },
        process({ at }, { state: { counts }, timers, watermark }) {
          const start = at - (at % WINDOW_MS);
          const end = start + WINDOW_MS - 1;
          if (watermark >= end) return; // Too late: its window has been told.
          counts.put(start, (counts.get(start) ?? 0) + 1);
          timers.registerEventTime(end);
        },
        onTimer(end, { state: { counts }, currentKey, out }) {
          const start = end + 1 - WINDOW_MS;
          out.collect({ sensor: currentKey, start, readings: counts.get(start) ?? 0 });
          counts.remove(start);
        },
      },
      { uid: "windows", type: Window },
    )
    .sinkTo(filesSink({ directory: values.output, suffix: ".jsonl" }), { uid: "files" });
});
