/**
 * The lookup as it is often taught: a timeout handler that only says so, and completes nothing. With Flink the job stands still from then
 * on, without an error. Here it fails, and says which record it was.
 *
 *   streamjob run examples/12-async-redis/course.ts
 */
import { job, t } from "streamjob";
import { collectionSource, printSink } from "streamjob/connectors/basic";
import { cities } from "./cities.ts";

const names = new Map(cities);
const unanswered = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** Stands for a server that does not answer for one id. */
const ask = (id: string): Promise<string> =>
  id === "7" ? unanswered<string>() : Promise.resolve(names.get(id) ?? "has no name");

export default job((env) => {
  env.configure({ name: "course" });
  env
    .fromSource(collectionSource([...names.keys()], { type: t.string }), { uid: "ids" })
    .mapAsync(async (id) => `${id} ${await ask(id)}`, {
      uid: "cities",
      type: t.string,
      timeout: "1s",
      onTimeout: (id) => {
        console.error(`timeout for ${id}`);
        return unanswered<string>();
      },
    })
    .sinkTo(printSink(), { uid: "print" });
});
