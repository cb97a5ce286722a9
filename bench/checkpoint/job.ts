/**
 * The job of the checkpoint bench: fills keyed value state, and updates it at a fixed rate from then on.
 * Arguments: number of keys, updates a second, the folder for the probe's files.
 *
 * CJ1 Updates come from the beginning, at keys that may not be there yet: the bench measures when all of them are.
 */
import { job, t } from "streamjob";
import { discardSink, generatorSource } from "streamjob/connectors/basic";
import { keyOf, Row, updatedKey } from "./keyed-rows.ts";
import { stallProbe } from "./stall-probe.ts";

export default job((env) => {
  const [keyCount, updatesPerSecond, folder] = env.args as [string, string, string];
  const keys = Number(keyCount);
  env.configure({
    name: "bench-checkpoint",
    stateBackend: "fs",
    // Checkpoints come when the bench asks for one; a cancelled job leaves its last one to restore from.
    checkpoints: { interval: "1h", mode: "exactly-once", retention: "retain" },
    // A restarted job would measure something else.
    restart: { strategy: "none" },
  });
  const fill = env.fromSource(generatorSource({ generate: keyOf, count: keys, type: t.string }), { uid: "fill" });
  const updates = env.fromSource(
    generatorSource({
      generate: (index) => updatedKey(index, keys),
      ratePerSecond: Number(updatesPerSecond),
      type: t.string,
    }),
    { uid: "updates" },
  );
  fill
    .union(updates)
    .keyBy((key) => key)
    .transform(stallProbe(folder), { uid: "rows", type: Row })
    .sinkTo(discardSink(), { uid: "discard" });
});
