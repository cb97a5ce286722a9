/**
 * A job whose values are what people's are: names that were cut inside an emoji, in records without a declared type; or a record
 * that does not fit its declared type.
 *
 *   -- <output folder> names       counts each name, writes `<UTF-16 units of the name> <count>`
 *   -- <output folder> more|text   emits a field that is not declared, or text for an int64, at record 3
 */
import { job, t, value } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

export const NAMES = 20;
export const COUNT = 4000;

/** Cut after the first unit of the emoji: no UTF-8 can hold it. */
export function nameOf(n: number): string {
  return `${"x".repeat(n % NAMES)}Ann\u{1F600}`.slice(0, -1);
}

export function unitsOf(name: string): string {
  return Array.from(name, (unit) => unit.charCodeAt(0).toString(16)).join("");
}

type Named = { readonly name: string; readonly seen: { readonly by: string } };

export default job((env) => {
  const [output, mode] = env.args as [string, "names" | "more" | "text"];
  env.configure({ name: "odd-values", checkpoints: { interval: "200 ms" }, restart: { strategy: "none" } });
  const numbers = env.fromSource(
    generatorSource({
      generate: (n) => n,
      count: COUNT,
      ratePerSecond: mode === "names" ? 1500 : 100_000,
      type: t.int64,
    }),
    { uid: "numbers" },
  );
  if (mode === "names") {
    numbers
      .map((n): Named => ({ name: nameOf(n), seen: { by: nameOf(n) } }), { uid: "named" })
      .keyBy((each) => each.name)
      .process(
        {
          state: { count: value(t.anyOf<{ n: number; name: string }>()) },
          process(each, { state, out }) {
            const current = state.count.value() ?? { n: 0, name: each.seen.by };
            current.n += 1;
            state.count.update(current);
            out.collect(`${unitsOf(current.name)} ${current.n}`);
          },
        },
        { uid: "counted", type: t.string },
      )
      .sinkTo(filesSink({ directory: output }), { uid: "written" });
    return;
  }
  const odd = mode === "more" ? { n: 3, more: true } : { n: "3" };
  numbers
    .map((n) => (n === 3 ? (odd as never) : { n }), { uid: "odd", type: t.record({ n: t.int64 }) })
    .keyBy((value) => String(value.n))
    .process<string>(
      { process: (value, { out }) => out.collect(JSON.stringify(value)) },
      { uid: "shown", type: t.string },
    )
    .sinkTo(filesSink({ directory: output }), { uid: "written" });
});
