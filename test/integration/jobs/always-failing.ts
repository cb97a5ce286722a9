/** A function that throws at the 50th number, each time it comes to it (`-- <folder of the output>`). */
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

export default job((env) => {
  const [output = "output"] = env.args;
  env.configure({
    name: "always-failing",
    checkpoints: { interval: "100 ms" },
    restart: { strategy: "fixed-delay", attempts: 2, delay: "1s" },
  });
  env
    .fromSource(generatorSource({ generate: (n) => n, count: 1000, ratePerSecond: 100, type: t.int64 }), {
      uid: "numbers",
    })
    .map(
      (n) => {
        if (n === 50) throw new Error("fifty is too much");
        return `${n}`;
      },
      { uid: "texts", type: t.string },
    )
    .sinkTo(filesSink({ directory: output }), { uid: "files" });
});
