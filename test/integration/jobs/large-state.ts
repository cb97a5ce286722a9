/** One key with a state of several megabytes, which grows with each number and is emptied at the 40th. */
import { job, list, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

export default job((env) => {
  const [output = "output"] = env.args;
  env.configure({ name: "large-state", checkpoints: { interval: "200 ms" }, stateBackend: "memory" });
  env
    .fromSource(generatorSource({ generate: (n) => n, count: 80, ratePerSecond: 20, type: t.int64 }), {
      uid: "numbers",
    })
    .keyBy(() => "all")
    .process(
      {
        state: { ballast: list(t.string) },
        process(n, { state: { ballast }, out }) {
          if (n === 40) ballast.clear();
          else if (n < 40) ballast.add("x".repeat(1 << 19));
          out.collect(`${n}`);
        },
      },
      { uid: "ballast", type: t.string },
    )
    .sinkTo(filesSink({ directory: output }), { uid: "files" });
});
